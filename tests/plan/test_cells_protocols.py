"""The suites of Cells to Pixels' protocols and costs: shared trainings, and what is asked."""

from pathlib import Path

import pytest

from ncabench.plan import counts, planner
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
    assert len(ours) == {"paper": 9, "short": 3, "smoke": 2}[preset]


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


def test_frames_are_full_hd_whatever_the_scale():
    profiles = [one.spec for one in planned("paper", "cells_costs").entries]
    frames = [
        [side * one["model"].get("scale", 1) for side in one["profile"]["frame_cells"]]
        for one in profiles
        if "frame_cells" in one["profile"]
    ]
    assert frames == [[1080, 1920]] * 12  # six models, two processes each


def test_outputs_of_all_sizes_are_made_by_as_many_cells():
    made = [one.spec for one in planned("paper", "cells_costs").entries]
    trained = [one for one in made if one["profile"]["train_batch"]]
    assert {one["profile"]["train_steps"] for one in trained} == {95}
    sizes = {
        kind: {
            (one["task"]["size_px"], one["task"]["size_px"] // one["model"].get("scale", 1))
            for one in trained
            if one["model"]["kind"] == kind
        }
        for kind in ("cells_to_pixels", "nca")
    }
    outputs = (128, 256, 512, 1024, 2048)
    assert sizes["cells_to_pixels"] == {(side, 64) for side in outputs}
    assert sizes["nca"] == {(side, side) for side in outputs}


def test_the_weights_are_those_of_table_1():
    made = planned("paper", "cells_costs")
    found = counts.count(made, root=None)
    weights = {one.labels[0]["model"]: found[one.id] for one in made.entries}
    assert (weights["grow_direct"], weights["texture_direct"]) == (41_216, 10_368)
    assert (weights["grow_8"], weights["texture_8"]) == (41_216 + 10_948, 10_368 + 3_017)
