"""The suite of ViTCA's table 3: which probes it plans, and of which trainings."""

from pathlib import Path

import pytest

from ncabench import pipeline
from ncabench.errors import SuiteError
from ncabench.pipeline import Workspace
from ncabench.plan import assemble, planner
from ncabench.suite import document

SUITES = Path(__file__).parents[2] / "suites"
PROBED = ("mnist", "fashion_mnist", "cifar10")
RAW = ("linear", "mlp_100", "mlp_1000")


def planned(preset, *sets, suite="vitca_probes", root=None):
    return planner.make(
        document.load(SUITES / f"{suite}.toml", preset=preset, sets=sets), root=root
    )


def by_point(trainings):
    return {(one.labels[0]["model"], one.labels[0]["task"]): one.id for one in trainings}


def test_table_3_is_39_probes_of_30_trainings():
    made = planned("paper", "grid.rng_seed=0")
    assert len(made.evaluations()) == 39
    assert [len(made.evaluations({"task": task})) for task in PROBED] == [13, 13, 13]
    assert len(made.trainings()) == 30
    assert {one.needs for one in made.evaluations()} == {
        None,
        *(one.id for one in made.trainings()),
    }


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("preset", ["paper", "short", "smoke"])
def test_the_trainings_are_those_of_table_1(preset, missing, tmp_path, monkeypatch):
    monkeypatch.setattr("ncabench.nca.data.fashion_mnist.FashionMnist.elsewhere", ())
    root = tmp_path if missing else None
    probed = by_point(planned(preset, root=root).trainings())
    sets = () if preset == "paper" else ("grid.rng_seed=[0]",)  # of table 1 there may be more
    denoised = by_point(planned(preset, *sets, suite="vitca_denoising", root=root).trainings())
    assert probed
    assert probed.items() <= denoised.items()


def test_of_pixels_there_is_nothing_to_train():
    made = planned("paper", "grid.rng_seed=0")
    raw = [one for name in RAW for one in made.evaluations({"model": name})]
    assert len(raw) == 9
    assert {(one.needs, one.spec["rng_seed"]) for one in raw} == {(None, 0)}
    assert not [one for name in RAW for one in made.trainings({"model": name})]
    assert len({one.id for one in raw}) == 9


def test_every_rng_seed_of_pixels_is_another_probe():
    made = planned("paper")
    raw = made.evaluations({"model": "linear", "task": "fashion_mnist"})
    assert [one.spec["rng_seed"] for one in raw] == [0, 1, 2]
    trained = made.evaluations({"model": "vitca", "task": "fashion_mnist"})
    assert [one.spec["rng_seed"] for one in trained] == [0, 0, 0]


def test_pixels_are_built_and_counted_without_a_training():
    made = planned("smoke")
    found = assemble.check(made)
    assert [found[one.id] for one in made.evaluations({"model": "linear"})] == [0]
    with pytest.raises(SuiteError) as caught:
        assemble.check(planned("smoke", "model.linear.hidden=-1"))
    assert str(caught.value).endswith("model.linear: hidden must be 0 or more, not -1")


def test_a_metric_beside_a_probe_is_refused():
    with pytest.raises(SuiteError) as caught:
        planned("smoke", "metric.psnr.kind=psnr")
    assert str(caught.value).endswith(
        "metric.psnr: a linear_probe protocol scores no images, so it takes no metric"
    )


def test_a_probe_of_pixels_runs_without_any_training(tmp_path):
    space = Workspace(results=tmp_path)
    done = pipeline.run(
        SUITES / "vitca_probes.toml", space, preset="smoke", expression="linear", device="cpu"
    )
    [entry] = done.plan.evaluations({"model": "linear"})
    assert [*done.executed] == [entry.id]
    values = done.executed[entry.id].values
    assert values["probe/parameters"] == 10_250
    assert 0 < values["probe/accuracy"] < 100
