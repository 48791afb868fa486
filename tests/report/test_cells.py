from collections import Counter

import pytest

from ncabench.report.cells import gather, source
from ncabench.report.chosen import choose
from ncabench.suite.suite import Column, Row

SOBEL = Row(label="Sobel", where={"perception": "sobel"})
STAGE_1 = Column(label="x", value="perceptual/stage_1", where={"perturbation": "damage"})
COUNT = Column(label="Params.", value="parameters")


@pytest.fixture
def cell(plan):
    def gathered(runs, row=SOBEL, column=STAGE_1, entries=None):
        entries = plan.entries if entries is None else entries
        return gather(entries, choose(plan.entries, runs), row=row, column=column)

    return gathered


@pytest.fixture
def sobel(plan):
    return plan.evaluations({"perception": "sobel", "perturbation": "damage"})


def test_each_seed_gives_one_value(cell, sobel, store):
    runs = [store(entry, {"perceptual/stage_1": 0.1 * i}) for i, entry in enumerate(sobel, 1)]
    found = cell(runs)
    assert (found.values, found.planned, found.missing) == ((0.1, 0.2), 2, 0)
    assert found.run_ids == ("run000", "run001")
    assert found.by_rng_seed == {0: 0.1, 1: 0.2}


def test_an_entry_that_was_not_run_is_missing(cell, sobel, store):
    found = cell([store(sobel[0], {"perceptual/stage_1": 0.1})])
    assert (found.n, found.planned, found.missing, found.outcomes) == (1, 2, 1, Counter())
    assert (found.rng_seeds, found.interval) == ((0,), None)


def test_a_value_keeps_the_rng_seed_of_its_run_where_others_have_none(cell, sobel, store):
    found = cell([store(sobel[1], {"perceptual/stage_1": 0.3})])
    assert found.by_rng_seed == {1: 0.3}


def test_two_rng_seeds_give_the_mean_an_interval(cell, sobel, store):
    runs = [store(entry, {"perceptual/stage_1": 0.1 * i}) for i, entry in enumerate(sobel, 1)]
    half = cell(runs).interval.half_width
    assert half == pytest.approx(12.7062 * 0.05, rel=1e-5)  # t of one degree of freedom


def test_a_failed_entry_is_a_word_and_its_values_do_not_count(cell, sobel, store):
    given = {"outcome": "oom", "reason": "\nout of memory. Process 7 holds 3 GiB.\nat line 3"}
    found = cell([store(entry, {"perceptual/stage_1": 9.0}, **given) for entry in sobel])
    assert (found.n, found.outcomes) == (0, Counter({"OOM": 2}))
    assert found.reasons == (("OOM", "out of memory"),)


def test_an_evaluation_of_a_diverged_training_has_the_trainings_word(cell, sobel, plan, store):
    training = next(one for one in plan.of("training") if one.id == sobel[0].needs)
    failed = store(training, outcome="diverged", reason="loss is NaN at iteration 7")
    skipped = store(sobel[0], outcome="skipped", reason="its training failed")
    found = cell([failed, skipped])
    assert (found.outcomes, found.missing) == (Counter({"diverged": 1}), 1)
    assert found.reasons == (("diverged", "loss is NaN at iteration 7"),)


def test_missing_data_says_what_mends_it(cell, sobel, store):
    reason = "no weights\n  to mend it: get them"
    found = cell([store(entry, outcome="no_data", reason=reason) for entry in sobel])
    assert found.reasons == (("no data", "no weights; to mend it: get them"),)


def test_a_run_that_was_cut_off_is_unfinished(cell, sobel, store):
    given = {"outcome": "crashed", "unfinished": True}
    found = cell([store(entry, {"perceptual/stage_1": 1.0}, **given) for entry in sobel])
    assert found.outcomes == Counter({"unfinished": 2})


def test_a_value_that_the_protocol_does_not_give_is_undefined(cell, sobel, store):
    found = cell([store(entry, {"perceptual/recovery": 1.0}) for entry in sobel])
    assert found.outcomes == Counter({"undefined": 2})


def test_parameters_are_counted_even_if_the_training_failed(cell, plan, store):
    trainings = plan.trainings({"perception": "sobel"})
    found = cell(
        [store(t, {"parameters": 8096.0}, outcome="oom") for t in trainings], column=COUNT
    )
    assert (found.values, found.outcomes) == ((8096.0, 8096.0), Counter())


def test_a_profile_serves_every_seed_with_one_value(cell, plan, store):
    runs = [store(one, {"inference/ms_per_step": 1.5}) for one in plan.profiles(SOBEL.where)]
    found = cell(runs, column=Column(label="ms", value="profile/inference/ms_per_step"))
    assert (found.values, found.planned, found.rng_seeds) == ((1.5,), 1, (0,))


def test_a_row_and_a_column_that_contradict_each_other_plan_nothing(cell):
    column = Column(label="x", value="a/b", where={"perception": "conv3x3"})
    assert cell([], column=column).planned == 0


def test_a_cell_that_leaves_an_axis_open_is_ambiguous_not_averaged(cell):
    column = Column(label="x", value="perceptual/stage_1")
    found = cell([], column=column)
    assert found.outcomes == Counter({"ambiguous": 4})
    assert "must name more axes" in found.reasons[0][1]


def test_warnings_are_told_once_by_their_first_line(cell, sobel, store):
    runs = [
        store(entry, {"perceptual/stage_1": 0.1}, warnings=("slow\nvery",)) for entry in sobel
    ]
    assert cell(runs).warnings == ("slow",)


def test_a_value_of_a_training_is_read_without_its_prefix():
    assert source("training/loss") == ("training", "loss")
