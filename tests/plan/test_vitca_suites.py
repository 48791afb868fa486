"""ViTCA's suites together: what is trained once for many cells, and every printed count."""

from pathlib import Path

import pytest

from ncabench.plan import counts, planner
from ncabench.suite import document

SUITES = Path(__file__).parents[2] / "suites"
TRAINED = ("vitca_denoising", "vitca_ablation", "vitca_training")
COLOUR = {  # table 1 on colour images; MLPs of 128 would give ViTCA 108,963
    "unet": 106_635,
    "vit": 83_907,
    "unetca": 54_019,
    "vitca": 92_515,
    "vitca_32": 92_515,
    "vitca_32xy": 92_771,
    "vitca_i": 54_691,
    "vitca_i16": 54_691,
    "vitca_ixy": 54_819,
    "vitca_i16xy": 54_819,
}
GREY = {
    "unet": 104_473,
    "vit": 83_393,
    "unetca": 51_969,
    "vitca": 91_745,
    "vitca_32": 91_745,
    "vitca_32xy": 92_001,
    "vitca_i": 54_305,
    "vitca_i16": 54_305,
    "vitca_ixy": 54_433,
    "vitca_i16xy": 54_433,
}
TABLE_2 = {
    "hidden/8": 86_347,
    "hidden/16": 88_403,
    "hidden/32": 92_515,
    "hidden/64": 100_739,
    "hidden/128": 117_187,
    "hidden/256": 150_083,
    "hidden/512": 215_875,
    "embed/8": 2_035,
    "embed/16": 4_483,
    "embed/32": 10_915,
    "embed/64": 29_923,
    "embed/128": 92_515,
    "embed/256": 316_003,
    "embed/512": 1_156_195,
    "heads/1": 76_003,
    **{f"heads/{heads}": 92_515 for heads in (4, 8, 16, 32, 64)},
    "depth/vitca-1": 92_515,
    "depth/vitca-2": 175_267,
    "depth/vitca-3": 258_019,
    "depth/vit-1": 83_907,
    "depth/vit-2": 166_659,
    "depth/vit-3": 249_411,
    "pe/sincos5": 95_075,
    "pe/sincos5xy": 95_331,
    "pe/xy": 92_771,
    "pe/handcrafted": 92_515,
    "pe/learned": 223_587,
    "pe/none": 92_515,
}
TABLE_4 = {
    **{f"pool/{2**power}": 92_515 for power in range(7, 14)},
    "init/constant": 92_515,
    "init/random": 92_515,
    "patch/1x1": 92_515,
    "patch/2x2": 95_980,
    "patch/4x4": 109_840,
    "patch/8x8": 165_280,
    "patch/16x16": 387_040,
}
GREY_SETS = ("mnist", "fashion_mnist")


def planned(name, preset="paper", sets=()):
    return planner.make(document.load(SUITES / f"{name}.toml", preset=preset, sets=sets))


@pytest.fixture(scope="module")
def made():
    """Each suite's plan, one rng_seed."""
    return {name: planned(name, sets=("grid.rng_seed=[0]",)) for name in TRAINED}


def ids(plan, where=None):
    return {one.id for one in plan.trainings(where)}


def of_rows(plan, table):
    """The trainings of each row of a table, by what the paper calls it."""
    [found] = [one for one in plan.suite.tables if one.id == table]
    return {row.printed: ids(plan, row.where) for row in found.rows}


def test_all_tables_need_106_trainings(made):
    assert [len(ids(plan)) for plan in made.values()] == [60, 40, 14]
    assert len(set().union(*map(ids, made.values()))) == 106


def test_table_3_needs_39_probes_and_no_training_of_its_own(made):
    probes = planned("vitca_probes", sets=("grid.rng_seed=[0]",))
    assert len(probes.of("evaluation")) == 39
    assert ids(probes) < ids(made["vitca_denoising"])


@pytest.mark.parametrize("name", ["vitca_resilience", "vitca_biases"])
def test_figures_need_no_training_of_their_own(made, name):
    every = set().union(*map(ids, made.values()))
    assert ids(planned(name, sets=("grid.rng_seed=[0]",))) < every


def test_table_8_needs_two_profiles():
    plan = planned("vitca_profile", sets=("profile.repeats=1",))
    assert [one.role for one in plan.entries] == ["profile", "profile"]


def test_the_base_on_celeba_is_one_training_in_all_tables(made):
    base = ids(made["vitca_denoising"], {"model": "vitca", "task": "celeba"})
    second, fourth = (of_rows(made["vitca_ablation"], one) for one in ("table_2", "table_4"))
    same = ("hidden/32", "heads/4", "depth/vitca-1", "pe/handcrafted")
    assert [second[one] for one in same] == [base] * 4
    assert [fourth[one] for one in ("pool/1024", "init/constant", "patch/1x1")] == [base] * 3
    where = {"model": "vitca", "task": "celeba", "recipe": "kept"}
    assert ids(made["vitca_training"], where) == base
    assert len(base) == 1


def test_the_base_on_fashion_mnist_is_table_5s_too(made):
    base = ids(made["vitca_denoising"], {"model": "vitca", "task": "fashion_mnist"})
    assert of_rows(made["vitca_training"], "table_5")["3x3"] == base


def test_checkpointing_makes_another_training_which_tables_2_and_7_share(made):
    there = of_rows(made["vitca_ablation"], "table_2")["embed/128"]
    where = {"model": "vitca", "task": "celeba", "recipe": "checkpointed"}
    assert ids(made["vitca_training"], where) == there
    assert there.isdisjoint(ids(made["vitca_denoising"]))


def test_presets_short_share_their_trainings():
    short = {name: ids(planned(name, preset="short")) for name in TRAINED}
    assert [len(one) for one in short.values()] == [8, 12, 5]  # two rng_seeds of table 1's
    assert len(set().union(*short.values())) == 21


def test_table_1_has_the_papers_counts(made):
    plan = made["vitca_denoising"]
    found = counts.count(plan, root=None)
    for one in plan.of("training"):
        where = one.labels[0]
        right = GREY if where["task"] in GREY_SETS else COLOUR
        assert found[one.id] == right[where["model"]], where


@pytest.mark.parametrize(("table", "right"), [("table_2", TABLE_2), ("table_4", TABLE_4)])
def test_ablations_have_the_papers_counts(made, table, right):
    plan = made["vitca_ablation"]
    found = counts.count(plan, root=None)
    rows = of_rows(plan, table)
    assert {name: {found[one] for one in here} for name, here in rows.items()} == {
        name: {count} for name, count in right.items()
    }
