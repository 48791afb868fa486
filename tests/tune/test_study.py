"""The study itself: what it asks, what it keeps, and what it refuses."""

import statistics

import pytest

from ncabench.errors import RecordError, SuiteError
from ncabench.suite.suite import Dimension, Tune
from ncabench.tune.study import Study

GRID = Tune(
    metric="mse/final",
    better="lower",
    rng_seeds=(0, 1, 2),
    sampler="grid",
    prune=True,
    start=2,
    space={"a": Dimension(choices=(1, 1.5)), "b": Dimension(choices=("x", [1, 2]))},
)
TPE = Tune(
    metric="mse/final",
    better="higher",
    rng_seeds=(0,),
    trials=20,
    start=4,
    space={
        "rate": Dimension(low=1e-4, high=1.0, log=True),
        "width": Dimension(low=1, high=64),
        "loss": Dimension(choices=("l1", "l2")),
    },
)


@pytest.fixture
def study(tmp_path):
    """Opens a study of one file; again, as a new process would."""

    def study(tune=GRID, *, name="s", **asked):
        asked = {"space": {path: one.choices for path, one in tune.space.items()}, **asked}
        return Study(tmp_path / "s.db", name=name, tune=tune, asked=asked)

    return study


def test_a_grid_asks_for_each_point_once_in_order(study):
    one = study()
    asked = [one.ask() for _ in range(5)]
    assert [dict(trial.parameters) for trial in asked[:4]] == [
        {"a": 1, "b": "x"},
        {"a": 1, "b": [1, 2]},
        {"a": 1.5, "b": "x"},
        {"a": 1.5, "b": [1, 2]},
    ]
    assert asked[4] is None


def test_a_grid_goes_on_where_it_was_left(study):
    first = study().ask()
    study().finish(first.number, 0.25)
    again = study()
    assert again.ask().parameters == {"a": 1, "b": [1, 2]}
    assert [one.value for one in again.trials()] == [0.25, None]


def test_a_point_that_was_queued_and_not_asked_is_asked_once(study):
    one = study()
    one._study.enqueue_trial({"a": "1", "b": '"x"'})  # where a kill would leave it
    asked = [one.ask() for _ in range(5)]
    assert [trial and trial.number for trial in asked] == [0, 1, 2, 3, None]


def test_a_trial_that_was_asked_and_not_told_is_taken_up(study):
    first = study(TPE).ask()
    taken = study(TPE).take_up()
    assert taken == [first]


def test_a_trial_that_was_cut_off_while_asked_is_completed(study):
    one = study()
    one._study.enqueue_trial({"a": "1.5", "b": '"x"'})
    one._study.ask()  # and nothing suggested yet
    assert study().take_up()[0].parameters == {"a": 1.5, "b": "x"}


def test_what_tpe_asks_does_not_depend_on_restarts(study):
    def search(name, opened):
        one = study(TPE, name=name)
        for _ in range(8):
            one = study(TPE, name=name) if opened else one
            trial = one.ask()
            one.finish(trial.number, -abs(trial.parameters["width"] - 20))
        return [trial.parameters for trial in one.trials()]

    found = search("whole", opened=False)
    assert search("killed", opened=True) == found
    assert len({trial["rate"] for trial in found}) == 8


def test_tpe_learns_to_ask_near_the_best(study):
    one = study(TPE)
    for _ in range(40):
        trial = one.ask()
        one.finish(trial.number, -abs(trial.parameters["width"] - 20.0))
    late = [abs(trial.parameters["width"] - 20) for trial in one.trials()[20:]]
    chance = [abs(width - 20) for width in range(1, 65)]
    error = statistics.pstdev(chance) / len(late) ** 0.5
    assert statistics.fmean(late) < statistics.fmean(chance) - 2 * error


def test_tpe_keeps_away_from_what_failed(study):
    one = study(TPE)
    for _ in range(40):
        trial = one.ask()
        if trial.parameters["loss"] == "l2":
            one.fail(trial.number, "diverged")
        else:
            one.finish(trial.number, 1.0)
    late = [trial.parameters["loss"] for trial in one.trials()[20:]]
    assert late.count("l2") <= 6


def test_the_best_is_the_first_of_equals(study):
    one = study()
    for value in (0.5, 0.25, 0.25):
        one.finish(one.ask().number, value)
    one.fail(one.ask().number, "rng_seed 0: diverged")
    assert (one.best.number, one.best.value) == (1, 0.25)
    assert (one.trials()[3].state, one.trials()[3].why) == ("failed", "rng_seed 0: diverged")


def test_a_trial_is_hopeless_if_worse_than_the_median_at_as_many_rng_seeds(study):
    one = study()
    for medians in ({1: 0.1, 2: 0.5}, {1: 0.3, 2: 0.7}):
        number = one.ask().number
        for seeds, median in medians.items():
            one.report(number, seeds=seeds, median=median)
        one.finish(number, 0.9)
    found = [one.is_hopeless(seeds=1, median=median) for median in (0.19, 0.2, 0.21)]
    assert found == [False, False, True]
    assert not one.is_hopeless(seeds=2, median=0.59)


def test_nothing_is_hopeless_before_enough_have_finished(study):
    one = study()
    number = one.ask().number
    one.report(number, seeds=1, median=0.1)
    one.finish(number, 0.1)
    assert not one.is_hopeless(seeds=1, median=9.0)


def test_a_median_told_twice_is_kept_once(study):
    number = study().ask().number
    for median in (0.1, 0.2):
        study().report(number, seeds=1, median=median)
    assert study().trials()[0].medians == {1: 0.1}


def test_another_search_under_the_same_name_is_refused_and_loses_nothing(study, tmp_path):
    one = study(rng_seeds=(0, 1))
    one.finish(one.ask().number, 0.5)
    before = (tmp_path / "s.db").read_bytes()
    with pytest.raises(SuiteError) as caught:
        study(rng_seeds=(0, 2), metric="x")
    assert str(caught.value) == (
        f"--study: the study 's' in {tmp_path / 's.db'} holds another search, and keeps it\n"
        '  metric: null there, "x" here\n'
        "  rng_seeds: [0, 1] there, [0, 2] here\n"
        "  name another with --study"
    )
    assert (tmp_path / "s.db").read_bytes() == before


def test_a_file_that_is_no_study_is_left_alone(study, tmp_path):
    (tmp_path / "s.db").write_text("hello, this is no database at all")
    with pytest.raises(RecordError) as caught:
        study()
    assert str(caught.value).startswith(f"{tmp_path / 's.db'}: is no study that can be read (")
    assert (tmp_path / "s.db").read_text() == "hello, this is no database at all"
