"""The suite of ViTCA's figure 4: what it asks of which trainings, and how large they are."""

from pathlib import Path

import pytest

from ncabench.plan import assemble, planner
from ncabench.suite import document

SUITES = Path(__file__).parents[2] / "suites"
ASKED = {  # protocol: perturbations, models
    "resilience": ({"noise", "input"}, {"vitca", "unetca"}),
    "stability": ({"none"}, {"vitca", "unetca"}),
    "update_rates": ({"none"}, {"vitca", "unetca"}),
    "larger_grid": (
        {"none"},
        {"vitca", "vitca_xy", "vitca_none", "vitca_sincos5", "vitca_sincos5xy"},
    ),
}


def planned(preset, *sets, suite="vitca_resilience"):
    return planner.make(document.load(SUITES / f"{suite}.toml", preset=preset, sets=sets))


@pytest.mark.parametrize("preset", ["paper", "short", "smoke"])
def test_trainings_are_those_of_table_1_wherever_it_has_them(preset):
    ours, theirs = (
        {one.id for one in planned(preset, suite=suite).trainings()}
        for suite in ("vitca_resilience", "vitca_denoising")
    )
    encodings = {"paper": 4 * 3, "short": 4, "smoke": 0}
    assert len(ours - theirs) == encodings[preset]
    assert len(ours & theirs) == (9 if preset == "paper" else 2)


@pytest.mark.parametrize(("preset", "kept"), [("paper", 4 * 3), ("short", 2)])
def test_encodings_are_those_of_table_2_on_the_same_images(preset, kept):
    ablation = planned(preset, suite="vitca_ablation").trainings()
    shared = {one.id for one in planned(preset).trainings()} & {one.id for one in ablation}
    assert len(shared) == kept + (3 if preset == "paper" else 1)  # and the base


@pytest.mark.parametrize("protocol", ASKED)
def test_each_question_is_asked_of_whom_the_paper_shows(protocol):
    labels = [
        label
        for one in planned("short").evaluations({})
        for label in one.labels
        if label["protocol"] == protocol
    ]
    perturbations, models = ASKED[protocol]
    assert {label["perturbation"] for label in labels} == perturbations
    assert {label["model"] for label in labels} == models


def test_encodings_have_the_weights_of_their_channels():
    found = list(assemble.check(planned("short")).values())
    more = [128 * planes for planes in (2, 0, 20, 22)]  # embedded, each by d = 128 weights
    assert found == [91_745, 51_969, *(91_745 + one for one in more)]


def test_damage_is_a_quarter_of_the_cells_twice_and_looks_end_where_the_paper_does():
    specs = {one.labels[0]["protocol"]: one.spec for one in planned("paper").evaluations({})}
    assert specs["resilience"]["protocol"]["times"] == 2
    assert specs["stability"]["protocol"]["looks"][-1] == 2784
    assert specs["update_rates"]["protocol"]["rates"] == [0.25, 0.5, 1.0]
    assert specs["larger_grid"]["protocol"]["factor"] * 32 == 128
