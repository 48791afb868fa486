"""What `[profile]` says of frames: defaults change no id, odd combinations are refused."""

import pytest

from ncabench.errors import SuiteError
from ncabench.plan import planner
from ncabench.suite import document

SUITE = """\
title = "Frames"

[model.cells]
kind = "cells_to_pixels"
decoder = { kind = "lppn" }

[perception.stencil]
kind = "stencil"

[update.relu]
kind = "relu_mlp"

[task.clover]
kind = "grow_image"

[grid]
model = ["cells"]

[profile]
"""


def plan(tmp_path, profile):
    path = tmp_path / "frames.toml"
    path.write_text(f"{SUITE}{profile}\n")
    return planner.make(document.load(path))


def test_keys_that_ask_for_nothing_change_no_id(tmp_path):
    before = plan(tmp_path, "blocks = 4").entries
    empty = "blocks = 4\nframes = []\nframe_cells = []"
    assert [one.id for one in plan(tmp_path, empty).entries] == [one.id for one in before]


@pytest.mark.parametrize("key", ["frame_cells = [135, 240]", 'engines = ["plain"]'])
def test_keys_that_ask_for_something_change_the_id(tmp_path, key):
    before = plan(tmp_path, "frames = [1]").entries[0]
    assert plan(tmp_path, f"frames = [1]\n{key}").entries[0].id != before.id


@pytest.mark.parametrize(
    ("profile", "message"),
    {
        "fewer than no steps": (
            "frames = [1, -1]",
            "profile.frames[1]: expected 0 or more, found -1",
        ),
        "one side": (
            "frames = [1]\nframe_cells = [135]",
            "profile.frame_cells: expected cells down and across, found 1 numbers",
        ),
        "no cells": (
            "frames = [1]\nframe_cells = [135, 0]",
            "profile.frame_cells[1]: expected 1 or more, found 0",
        ),
        "cells of nothing": (
            "frame_cells = [135, 240]",
            "profile.frame_cells: says how frames are measured, and nothing asks for them",
        ),
        "frames and answers": (
            "frames = [1]\nanswers = [1]",
            "profile.frames: names what is measured, and answers does too",
        ),
        "another library": (
            'frames = [1]\nengines = ["plain", "cax"]',
            "profile.engines: frames are not measured of 'cax'\n"
            "  accepted: compiled, eager, plain",
        ),
        "the harness": (
            'frames = [1]\nengines = ["compiled"]\nharness = true\ntrain_batch = 1',
            "profile.harness: is measured beside engines, and frames are measured",
        ),
        "half precision of engines alone": (
            'engines = ["eager"]\nprecisions = ["fp16"]',
            "profile.precisions: 'fp16' is measured of frames alone\n"
            "  accepted: bf16, float32, tf32",
        ),
    }.values(),
)
def test_what_does_not_go_together_is_refused(tmp_path, profile, message):
    with pytest.raises(SuiteError) as caught:
        plan(tmp_path, profile)
    assert str(caught.value).partition("\n")[2] == message
