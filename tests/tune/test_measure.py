"""A trial's value, out of records on disk."""

from pathlib import Path

import pytest

from ncabench import pipeline
from ncabench.errors import NoData, RunError
from ncabench.pipeline import Workspace
from ncabench.run import folder, outcome
from ncabench.run.device import Device
from ncabench.run.outcome import Record
from ncabench.suite import document
from ncabench.tune import measure

GROWN = Path(__file__).parent / "grown.toml"
CPU = Device(name="cpu", device_class="cpu")


@pytest.fixture
def suite(tmp_path):
    """Records evaluations of damage and mutation, and reads the value of an rng_seed."""
    space = Workspace(results=tmp_path)
    text = GROWN.read_text().replace('where = { perturbation = "damage" }\n', "")
    path = tmp_path / "grown.toml"
    path.write_text(text)
    planned = pipeline.plan(path, space, preset=None, sets=["grid.rng_seed=[0, 1]"])
    tune = document.load(path).tune

    def read(rng_seed=0, **outcomes):
        for perturbation, (how, values, reason) in outcomes.items():
            where = {"perturbation": perturbation, "rng_seed": rng_seed}
            (entry,) = planned.evaluations(where)
            record = Record(
                role="evaluation",
                id=entry.id,
                device_class="cpu",
                engine="eager",
                outcome=how,
                reason=reason,
                spec=entry.spec,
                labels=entry.labels,
                values=values,
            )
            place = pipeline.home(entry, space, device=CPU)
            outcome.write(record, folder=folder.make(place))
        return measure.read(planned, tune, space, device=CPU, rng_seed=rng_seed)

    read.planned, read.tune = planned, tune
    return read


def ok(value):
    return "ok", {"rgba_mse/before": value, "rgba_mse/final": 9.0}, ""


def test_the_value_of_an_rng_seed_is_the_median_over_the_grid_points(suite):
    assert suite(damage=ok(1.0), mutation=ok(4.0)) == measure.Reading(value=2.5)


def test_one_failed_run_leaves_no_value(suite):
    found = suite(damage=ok(1.0), mutation=("oom", {}, "out of memory\nmore"))
    assert found == measure.Reading(why="rng_seed 0: oom, out of memory")


def test_a_value_that_is_not_finite_is_none(suite):
    found = suite(damage=ok(1.0), mutation=("ok", {"rgba_mse/final": 9.0}, ""))
    why = "rng_seed 0: no finite value 'rgba_mse/before'; there is rgba_mse/final"
    assert found == measure.Reading(why=why)


def test_missing_data_is_no_property_of_a_trial(suite):
    with pytest.raises(NoData, match=r"no photographs\n  to mend it: fetch them$"):
        suite(damage=("no_data", {}, "no photographs\n  to mend it: fetch them"))


def test_what_was_not_run_is_no_value(suite):
    with pytest.raises(RunError, match=r"^evaluation \[\w+\] is pending; the same command"):
        suite(damage=ok(1.0))


def test_what_is_run_for_an_rng_seed_are_its_evaluations_and_their_training(suite):
    ids = measure.ids(suite.planned, suite.tune, rng_seeds=[1])
    (training,) = suite.planned.trainings({"rng_seed": 1})
    assert ids == {training.id} | {one.id for one in suite.planned.evaluations({"rng_seed": 1})}
    assert len(ids) == 3
