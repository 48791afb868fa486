"""Table 1 of Cells to Pixels beside stored runs: sizes of automaton and decoder, one by one."""

from pathlib import Path

import pytest

from ncabench.plan import planner
from ncabench.report import claims, heads, judged
from ncabench.suite import document
from ncabench.suite.suite import Column

SUITES = Path(__file__).parents[2] / "suites"
SIZES = {"mesh": (12_416, 2_851), "volume": (12_416, 2_884)}


@pytest.fixture
def stored(store):
    """Makes a suite's plan, and a stored training of each model with rng_seed 0."""

    def stored(kind, automaton, decoder, sets=()):
        plan = planner.make(document.load(SUITES / f"cells_{kind}.toml", sets=sets))
        values = {
            "automaton_parameters": float(automaton),
            "decoder_parameters": float(decoder),
        }
        return plan, [store(one, values) for one in plan.trainings({"rng_seed": 0})]

    return stored


def words(plan, runs):
    return {name: one.word for name, one in judged.verdicts_of(plan, runs).items()}


@pytest.mark.parametrize("kind", SIZES)
def test_the_models_sizes_reproduce_table_1(stored, kind):
    found = words(*stored(kind, *SIZES[kind]))
    head = f"{kind.capitalize()} texture"
    assert found == {
        f"table_1_nca/NCA parameters/{head}": "reproduced",
        f"table_1_lppn/LPPN parameters/{head}": "reproduced",
    }


@pytest.mark.parametrize("kind", SIZES)
def test_other_sizes_differ_from_table_1(stored, kind):
    assert {*words(*stored(kind, 12_501, 2_499)).values()} == {"differs"}


@pytest.mark.parametrize(
    ("automaton", "decoder", "word"),
    [(12_416, 2_851, "supported"), (12_416, 2_483, "refuted"), (12_416, 3_725, "refuted")],
)
def test_one_rng_seed_decides_how_large_a_decoder_is(stored, automaton, decoder, word):
    found = claims.judged(*stored("mesh", automaton, decoder, ["grid.rng_seed=[0]"]))
    assert {one.id: one.word for one in found}["decoder-is-small"] == word


def test_what_stands_in_for_the_exemplar_changes_no_count():
    suite = document.load(SUITES / "cells_mesh.toml", preset="short")
    column = Column(label="NCA", value="training/automaton_parameters")
    assert heads.head(suite, column) == "NCA"
    assert "ihc" in heads.head(suite, Column(label="rate", value="training/iterations"))
