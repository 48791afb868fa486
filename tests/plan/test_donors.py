"""What takes part of another training: an evaluation its decoder, a training its weights."""

from pathlib import Path

import pytest

from ncabench.errors import SuiteError
from ncabench.plan import assemble, planner, sources
from ncabench.plan.entry import with_behind
from ncabench.plan.selection import select
from ncabench.suite import document

DONATED = Path(__file__).parents[1] / "donated.toml"
SUITES = Path(__file__).parents[2] / "suites"
ANEW = (
    'where = { recipe = "grafted" }',
    'where = { recipe = "anew" }',
)  # of none that is asked
ITSELF = (
    "protocol.swap.donor: selects the training itself, of model lppn, perception stencil, "
    "update relu, task clover, perturbation none, protocol swap, recipe grafted, rng_seed 0"
)


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """Plans the suite with some text replaced."""
    monkeypatch.chdir(tmp_path)

    def plan(*changes, sets=()):
        text = DONATED.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        Path("donated.toml").write_text(text)
        return planner.make(document.load(Path("donated.toml"), sets=sets))

    return plan


def refused(plan, *changes, **keywords):
    with pytest.raises(SuiteError) as caught:
        assemble.check(plan(*changes, **keywords))
    return str(caught.value)


def test_an_evaluation_needs_its_training_and_its_donor_and_both_the_stock(plan):
    stock, clover, fire, swap = plan().entries
    assert [one.role for one in plan().entries] == ["training"] * 3 + ["evaluation"]
    assert (swap.needs, swap.donor) == (clover.id, fire.id)
    assert [one.donor for one in (stock, clover, fire)] == [None, stock.id, stock.id]
    assert [one.labels[0]["task"] for one in (stock, clover, fire)] == [
        "apple",
        "clover",
        "fire",
    ]


def test_specs_hold_all_that_is_behind_them(plan):
    stock, clover, fire, swap = (one.spec for one in plan().entries)
    assert (swap["training"], swap["donor"]) == (clover, fire)
    assert clover["donor"] == fire["donor"] == stock
    assert "donor" not in stock


def test_names_change_no_id_whoever_is_selected_by_them(plan):
    before = [one.id for one in plan().entries]
    assert [
        one.id
        for one in plan(
            ("fire]", "f]"),
            ('"fire" }', '"f" }'),
            ('"fire"]', '"f"]'),
            ('task = "fire"', 'task = "f"'),
        ).entries
    ] == before


def test_another_donor_is_another_evaluation_and_another_stock_another_training(plan):
    before = [one.id for one in plan().entries]
    other = [
        one.id for one in plan(sets=["task.fire.size_px=16", "task.fire.padding_px=0"]).entries
    ]
    assert [one == two for one, two in zip(before, other, strict=True)] == [
        True,
        True,
        False,
        False,
    ]
    stock = [one.id for one in plan(sets=["task.apple.channels=7"]).entries]
    assert not set(stock) & set(before)


def test_a_training_that_begins_anew_is_not_the_grafted_one(plan):
    grafted = {one.id for one in plan().trainings()}
    anew = {
        one.id
        for one in plan(
            ('where = { recipe = "grafted" }', 'where = { recipe = "anew" }')
        ).trainings()
    }
    assert len(grafted) == 3
    assert len(anew) == 2
    assert not grafted & anew


def test_a_selection_takes_along_all_that_is_behind(plan):
    entries = plan().entries
    assert select(entries, "evaluation") == list(entries)
    assert with_behind(entries[1:2], entries) == {entries[0].id, entries[1].id}


def test_the_sources_of_a_donor_count(plan):
    *_, swap = plan().entries
    paths = sources.digests(swap.spec)
    assert {"nca/trainer/pixel_rollout.py", "nca/protocol/swap.py"} <= paths.keys()
    alone = {**swap.spec, "training": {"versions": {}}}
    assert "nca/trainer/pixel_rollout.py" in sources.digests(alone)


WRONG = {
    "itself": (
        [('donor = { task = "fire" }', 'donor = { task = "clover" }')],
        ITSELF,
    ),
    "an unknown task": (
        [('donor = { task = "fire" }', 'donor = { task = "fir" }')],
        "protocol.swap.donor.task: there is no [task.fir] in this suite\n"
        "  accepted: apple, clover, fire\n"
        "  did you mean 'fire'?",
    ),
    "an unknown axis": (
        [('donor = { task = "apple", recipe', 'donor = { tsk = "apple", recipe')],
        "graft[0].donor.tsk: there is no such key\n"
        "  accepted: model, perception, perturbation, protocol, recipe, rng_seed, task, "
        "update\n  did you mean 'task'?",
    ),
    "a grafted stock": (
        [('recipe = "anew" }', 'recipe = "grafted" }')],
        "graft[0].donor: selects a training that is grafted itself",
    ),
    "no axis": (
        [('donor = { task = "fire" }', "donor = {}")],
        ITSELF,
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_donor_that_cannot_be_is_refused(plan, wrong):
    changes, said = WRONG[wrong]
    assert said in refused(plan, *changes)


def test_a_donor_of_other_sizes_is_refused(plan):
    said = "swap needs two models of one grid and as many pixels a cell, not 8 x 8 cells of 6 "
    assert said in refused(plan, ANEW, sets=["task.fire.channels=7"])


def test_a_stock_of_other_weights_is_refused(plan):
    said = "graft: the weights of its donor do not fit: they differ in readout.layers.0.weight"
    assert said in refused(plan, sets=["task.apple.channels=7"])


def test_the_stock_of_the_swapped_textures_is_trained_for_textures_as_well(tmp_path):
    made = {
        suite: planner.make(
            document.load(SUITES / f"{suite}.toml", preset="paper"), root=tmp_path
        )
        for suite in ("cells_swap", "cells_texture")
    }
    shared = [{one.id for one in each.trainings()} for each in made.values()]
    assert len(shared[0] & shared[1]) == 3  # rng_seeds
    assert len(shared[0]) == 15
    counts = assemble.check(made["cells_swap"], root=tmp_path)
    assert set(counts.values()) == {10_368 + 2_819}
