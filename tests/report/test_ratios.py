import pytest

from ncabench.papers.ledger import Printed
from ncabench.report.cells import Cell
from ncabench.report.margins import COST
from ncabench.report.ratios import Reference, judge, reference_row


def cost(text, *values, seeds=None, **given):
    seeds = tuple(range(len(values))) if seeds is None else seeds
    printed = Printed(text=text, metric="time", unit="ms") if text else None
    return Cell(values=values, rng_seeds=seeds, printed=printed, planned=3, **given)


def verdict(cell, below, **given):
    reference = Reference(label="Base", cell=below) if below else None
    return judge(cell, reference=reference, margin=COST, **given)


def test_the_band_holds_every_rounding_of_both_strings_and_20_percent():
    found = verdict(cost("3", 6.0, 6.0), cost("2", 4.0, 4.0))
    assert (found.low, found.high) == pytest.approx((2.5 / 2.5 * 0.8, 3.5 / 1.5 * 1.2))
    assert (found.word, found.mean, found.printed) == ("reproduced", 1.5, 1.5)


def test_runs_pair_by_rng_seed():
    below = cost("2", 1.0, 10.0, 100.0)
    cell = cost("4.0", 200.0, 2.0, 20.0, seeds=(2, 0, 1))
    found = verdict(cell, below)
    assert (found.word, found.n, found.interval.half_width) == ("reproduced", 3, 0.0)


def test_a_ratio_beyond_the_margin_differs():
    found = verdict(cost("4.0", 6.0, 6.1, 6.2), cost("2.0", 2.0, 2.0, 2.0))
    assert (found.word, found.ratio_to) == ("differs", "Base")


def test_one_ratio_is_undecided():
    found = verdict(cost("4.0", 6.0), cost("2.0", 2.0), one="one profile")
    assert (found.word, found.reason) == ("undecided", "one profile")


@pytest.mark.parametrize(
    ("below", "reason"),
    [
        (cost("2.0", 2.0, 2.0, outcomes={"crashed": 1}), "Base: 1 of 3 rng_seeds crashed"),
        (cost("2.0"), "Base: not run"),
        (cost("2.0", 1.0, seeds=(7,)), "no rng_seed in common with Base"),
    ],
)
def test_a_reference_row_that_lacks_runs_leaves_the_others_undecided(below, reason):
    found = verdict(cost("4.0", 4.0, 4.0), below)
    assert (found.word, found.reason) == ("undecided", reason)


@pytest.mark.parametrize("below", [None, cost("-", 2.0), cost("0.0", 2.0)])
def test_without_a_printed_number_to_divide_by_nothing_compares(below):
    found = verdict(cost("4.0", 4.0, 4.0), below)
    assert (found.word, found.reason) == ("not comparable", "there is no row to divide by")


def test_the_reference_row_itself_is_not_comparable():
    cell = cost("4.0", 4.0, 4.0)
    found = verdict(cell, cell, obstacles=("measured on a CPU",))
    assert found.reason == "measured on a CPU; the row that others are divided by"


def test_a_row_that_ran_out_of_memory_differs_from_a_printed_cost():
    cell = cost("4.0", outcomes={"OOM": 3})
    below = cost("2.0", 2.0)
    assert verdict(cell, below).word == "differs"
    assert verdict(cell, below, memory=("another card's memory",)).word == "not comparable"


def test_a_dash_has_no_verdict():
    assert verdict(cost("-", 4.0), cost("2.0", 2.0)) is None


def test_the_reference_is_the_named_row_or_the_first_that_has_both_values():
    cells = [cost("", 1.0), cost("2.0"), cost("3.0", 3.0), cost("4.0", 4.0)]
    names = ["a", "b", "c", "d"]
    assert reference_row(cells, names, wanted="") == 2
    assert reference_row(cells, names, wanted="d") == 3
    assert reference_row(cells, names, wanted="x") is None
    assert reference_row(cells[:2], names[:2], wanted="") == 1
