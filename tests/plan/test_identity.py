import copy
from pathlib import Path

import pytest

from ncabench import catalog
from ncabench.plan import specs
from ncabench.plan.identity import identity

FIRE = Path(catalog.__file__).parent / "nca" / "data" / "noto" / "fire.png"


def ids(made):
    return {entry.id for entry in made.entries}


def test_an_id_is_twelve_hex_digits(plan):
    assert all(len(id) == 12 and int(id, 16) >= 0 for id in ids(plan()))


def test_reordering_the_file_changes_no_id(plan):
    before = plan()
    text = Path("small.toml").read_text()
    blocks = text.split("\n\n")
    after = plan(text="\n\n".join([blocks[0], *blocks[:0:-1]]))
    assert ids(after) == ids(before)


def test_renaming_a_component_changes_no_id(plan):
    before = ids(plan())
    text = Path("small.toml").read_text().replace("conv3x3", "plain").replace("damage", "disc")
    assert ids(plan(text=text)) == before


def test_setting_a_default_explicitly_changes_no_id(plan):
    assert ids(plan(("kernel_size = 3", "dilation = 1"))) == ids(plan())


def test_title_tables_and_deviations_change_no_id(plan):
    added = '[[deviation]]\npaper = "a"\nhere = "b"\nwhy = "c"\n'
    assert ids(plan(('"Small"', '"Other"'), added=added)) == ids(plan())


def test_how_long_a_run_may_take_changes_no_id(plan):
    assert ids(plan(added="[execution]\ntimeout_s = 5\nlog_every = 1\ntogether = 4\n")) == ids(
        plan()
    )


TRAINING = {
    "model": "model.nca.fire_rate=0.25",
    "perception": "perception.sobel.padding=zeros",
    "update": "update.mlp.hidden=81",
    "task": "task.emoji.size_px=40",
    "classes": 'task.emoji.classes=["fire", "red_apple"]',
    "iterations": "train.iterations=11",
    "optimiser": "train.optimiser.learning_rate=2e-3",
    "schedule": "train.schedule.warm_up=1",
    "pool": "train.pool.kind=fifo",
    "rng_seed": "grid.rng_seed=3",
    "precision": "execution.precision=bf16",
    "engine": "execution.engine=eager",
    "threads": "execution.threads=2",
    "deterministic": "execution.deterministic=true",
    "memory_limit_gb": "execution.memory_limit_gb=24",
}


@pytest.mark.parametrize("text", TRAINING.values(), ids=TRAINING)
def test_what_decides_weights_changes_the_id_of_training_and_evaluation(plan, text):
    narrow = ["grid.perception=sobel", "grid.rng_seed=0"]
    assert ids(plan(sets=[*narrow, text])).isdisjoint(ids(plan(sets=narrow)))


EVALUATION = [
    "protocol.recovery.horizon=10",
    "metric.psnr.kind=psnr",
    "execution.evaluation_rng_seed=1",
]


@pytest.mark.parametrize("text", EVALUATION)
def test_what_only_measures_changes_evaluations_alone(plan, text):
    before, after = plan(), plan(sets=[text])
    assert after.trainings() == before.trainings()
    assert {one.id for one in after.evaluations()}.isdisjoint(
        one.id for one in before.evaluations()
    )


def test_a_profile_depends_on_neither_recipe_nor_rng_seed(plan):
    before, after = (
        plan(added="[profile]\n", sets=sets)
        for sets in ([], ["grid.rng_seed=8", "train.iterations=99"])
    )
    assert [one.id for one in after.profiles()] == [one.id for one in before.profiles()]


def test_a_components_version_enters(plan):
    spec = copy.deepcopy(plan().entries[0].spec)
    before = identity(spec)
    spec["versions"]["perception/sobel"] += 1
    assert identity(spec) != before


def test_versions_cover_nested_components():
    branch = {"family": "perception", "kind": "conv"}
    versions = specs.versions(
        {"parts": {"perception": {"kind": "combined", "branches": [branch]}}}
    )
    assert versions == {"perception/combined": 1, "perception/conv": 1}


def test_a_target_that_moves_keeps_its_id(plan):
    grow = ('kind = "emoji"', 'kind = "grow_image"\ntarget = "a.png"')
    alone = ('perturbation = ["damage", "mutation"]', 'perturbation = ["damage"]')
    for name in ("a.png", "b.png"):
        Path(name).write_bytes(FIRE.read_bytes())
    before = plan(grow, alone)
    after = plan(grow, alone, sets=["task.emoji.target=b.png"])
    shipped = plan(grow, alone, sets=["task.emoji.target=fire"])
    assert ids(before) == ids(after) == ids(shipped)


def test_a_digest_that_is_missing_leaves_the_selection_in_the_id():
    spec = {
        "task": {"kind": "grow_image", "target": "a"},
        "data": {"selection": "a", "digest": None},
    }
    other = {
        "task": {"kind": "grow_image", "target": "b"},
        "data": {"selection": "b", "digest": None},
    }
    assert identity(spec) != identity(other)


def test_the_id_of_a_known_spec_stays_what_it_was():
    assert identity({"role": "training", "rng_seed": 0, "rate": 0.5}) == "d66bd1575968"
