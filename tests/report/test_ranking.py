import pytest

from ncabench.report.cells import Cell
from ncabench.report.ranking import RANKED, UNRANKED, meaning, ranked
from ncabench.suite.suite import Column, Row, Table


def table(rows, *, better="higher", value="psnr/answer", where=None):
    wheres = where or [{"model": f"m{at}"} for at in range(rows)]
    return Table(
        id="t",
        title="T",
        rows=tuple(Row(label=str(at), where=one) for at, one in enumerate(wheres)),
        columns=(Column(label="c", value=value, better=better),),
    )


def cell(*values, planned=None):
    seeds = tuple(range(len(values)))
    return Cell(values=values, rng_seeds=seeds, planned=planned or len(values))


def ranks(cells, **given):
    found = ranked(table(len(cells), **given), [[one] for one in cells])
    return [line[0] for line in found]


def test_rows_that_differ_from_the_best_by_more_than_chance_are_not_the_best():
    best, near, far = cell(10.0, 11.0, 12.0), cell(9.0, 11.2, 12.4), cell(8.0, 9.01, 10.02)
    assert ranks([far, near, best]) == [False, True, True]


@pytest.mark.parametrize(
    ("better", "best"), [("higher", [False, True]), ("lower", [True, False])]
)
def test_the_best_is_the_greatest_or_the_least_as_the_column_says(better, best):
    assert ranks([cell(1.0, 2.0, 3.0), cell(5.0, 6.01, 7.02)], better=better) == best


def test_rows_are_told_apart_in_pairs_of_one_rng_seed_not_as_groups():
    spread = cell(1.0, 20.0, 39.0)  # 0.1 is far below the spread, and steady in each pair
    assert ranks([spread, cell(1.1, 20.1001, 39.1)]) == [False, True]


def test_a_row_of_which_little_is_known_is_not_the_best_below_one_that_is_told_from_it():
    wide = cell(-50.0, 60.0, -90.0)
    assert ranks([cell(10.0, 11.0, 12.0), wide]) == [None, None]
    assert ranks([cell(10.0, 11.0, 12.0), cell(8.0, 9.01, 10.02), wide]) == [True, False, False]


def test_holms_correction_counts_the_rows_of_the_column():
    best, second = cell(0.0, 0.0, 0.0), cell(-0.8, -1.0, -1.2)  # p = 0.013, t = 8.66
    others = [cell(-1.0, 1.0, -0.3) for _ in range(4)]  # not told from the best
    assert ranks([best, second]) == [True, False]
    assert ranks([best, second, *others[:1], *others])[1] is None  # 0.013 > 0.05 / 6: all tie


def test_a_column_in_which_all_tie_ranks_nothing():
    assert ranks([cell(1.0, 2.0), cell(1.1, 1.9), cell(0.9, 2.2)]) == [None, None, None]


def test_one_rng_seed_ranks_nothing():
    assert ranks([cell(1.0), cell(9.0)]) == [None, None]


def test_a_count_needs_no_second_rng_seed():
    found = ranks([cell(8096.0), cell(8096.0), cell(90.0)], value="parameters", better="lower")
    assert found == [False, False, True]


def test_a_row_that_lost_a_rng_seed_does_not_compete():
    lost = cell(99.0, 99.5, planned=3)
    assert ranks([lost, cell(1.0, 2.0), cell(5.0, 6.01)]) == [None, False, True]


def test_only_rows_of_one_task_compete():
    where = [{"task": "small"}, {"task": "small"}, {"task": "large"}, {"task": "large"}]
    cells = [cell(9.0, 9.1), cell(8.0, 8.1), cell(1.0, 1.1), cell(2.0, 2.1)]
    assert ranks(cells, where=where) == [True, False, False, True]


def test_a_column_without_a_better_way_is_not_ranked():
    assert ranks([cell(1.0, 2.0), cell(5.0, 6.01)], better="none") == [None, None]


def test_what_best_means_is_said_where_something_is_and_why_nothing_is_where_not():
    assert meaning(table(2), ((True,), (False,))) == RANKED
    assert meaning(table(2), ((None,), (None,))) == UNRANKED
    assert meaning(table(2, better="none"), ((None,), (None,))) == ""
    assert meaning(table(1), ((None,),)) == ""
