"""The suite of NCAtorch's section A.5: four objectives, on what, and how large."""

from pathlib import Path

import pytest

from ncabench.errors import SuiteError
from ncabench.plan import assemble, planner
from ncabench.suite import document

SUITE = Path(__file__).parents[2] / "suites" / "grow_mnist.toml"


def planned(preset, *sets, root=None):
    return planner.make(document.load(SUITE, preset=preset, sets=sets), root=root)


def test_four_objectives_are_trained_and_guidance_perceives_two_channels_more():
    made = planned("short")
    found = assemble.check(made)
    sizes = {entry.id: found[entry.id] for entry in made.trainings()}
    assert list(sizes.values()) == [19_376, 19_376, 19_376, 20_816]
    trainers = [one.spec["trainer"] for one in made.trainings()]
    told = [(one["kind"], one["loss"]) for one in trainers]
    assert told == [("rollout", "mse"), ("rollout", "l1"), ("wgan_gp", "l1"), ("wgan_gp", "l1")]
    tasks = [one.spec["task"] for one in made.trainings()]
    assert [one["condition_dropout"] for one in tasks] == [0, 0, 0, 0.1]


def test_all_four_meet_the_same_batches_and_lengths():
    trainers = [one.spec["trainer"] for one in planned("paper").trainings()]
    for name in ("iterations", "batch", "steps", "optimiser", "schedule", "pool", "clip_norm"):
        assert len({repr(one[name]) for one in trainers}) == 1


@pytest.mark.parametrize("preset", ["short", "smoke"])
def test_the_critics_recipe_follows_the_other_presets(preset):
    trainers = [one.spec["trainer"] for one in planned(preset).trainings()]
    for name in ("iterations", "batch", "steps", "optimiser", "schedule", "pool"):
        assert len({repr(one[name]) for one in trainers}) == 1


def test_digits_are_judged_at_the_longest_rollout_that_is_trained():
    for preset in ("paper", "short", "smoke"):
        made = planned(preset)
        (looked,) = {one.spec["protocol"]["grown_at"] for one in made.evaluations()}
        (end,) = {one.spec["trainer"]["steps"][1] for one in made.trainings()}
        assert looked == end - 1


def test_without_mnist_there_is_no_data_and_it_is_planned(tmp_path):
    made = planned("paper", root=tmp_path)
    assert {one.missing.partition(":")[0] for one in made.entries} == {"mnist"}


@pytest.mark.parametrize("preset", ["short", "smoke"])
def test_what_stands_in_is_named(preset):
    suite = planned(preset).suite
    named = [one.substitute.partition(" (")[0] for one in suite.deviations if one.substitute]
    assert named == ["mnist_5k"]


def test_guidance_without_a_condition_is_refused():
    with pytest.raises(SuiteError) as caught:
        assemble.check(planned("smoke", 'grid.model=["guided"]'))
    assert str(caught.value).endswith(
        "model.guided: guidance needs a task with a condition, such as blurred = true"
    )
