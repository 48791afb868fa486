"""The suites of Cells to Pixels: which trainings they share, what is asked of them."""

from pathlib import Path

import pytest

from ncabench.plan import planner
from ncabench.suite import document

SUITES = Path(__file__).parents[2] / "suites"
ASKED = {  # protocol: perturbations
    "regeneration": {"centre", "off_centre"},
    "resolutions": {"none"},
    "stability": {"none"},
}


def planned(preset, suite="cells_protocols"):
    return planner.make(document.load(SUITES / f"{suite}.toml", preset=preset))


@pytest.mark.parametrize("preset", ["paper", "short", "smoke"])
def test_protocols_ask_of_the_trainings_of_cells_grow(preset):
    ours, theirs = (
        {one.id for one in planned(preset, suite).trainings()}
        for suite in ("cells_protocols", "cells_grow")
    )
    assert ours <= theirs
    assert len(ours) == (6 if preset == "paper" else 2)


def test_each_protocol_meets_its_perturbations():
    found = {}
    for one in planned("paper").evaluations():
        labels = one.labels[0]
        found.setdefault(labels["protocol"], set()).add(labels["perturbation"])
    assert found == ASKED


def test_the_last_looks_are_at_the_steps_that_the_paper_shows():
    specs = {
        one.labels[0]["protocol"]: one.spec["protocol"]
        for one in planned("paper").evaluations()
    }
    assert specs["stability"]["perturb_at"] + specs["stability"]["horizon"] == 1024
    assert specs["regeneration"]["looks"] == [8, 16, 32, 64, 512]
    assert specs["resolutions"]["scales"] == [1, 2, 4, 8, 16, 64]
