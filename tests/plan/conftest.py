"""A small whole suite, and a way to plan variations of it."""

from pathlib import Path

import pytest

from ncabench.plan import planner
from ncabench.suite import document

SMALL = """\
title = "Small"
paper = "ncatorch"

[grid]
model = ["nca"]
perception = ["sobel", "conv3x3"]
perturbation = ["damage", "mutation"]
rng_seed = [0, 1]

[model.nca]
kind = "nca"

[perception.sobel]
kind = "sobel"

[perception.conv3x3]
kind = "conv"
kernel_size = 3

[update.mlp]
kind = "mlp"

[task.emoji]
kind = "emoji"

[perturbation.damage]
kind = "disc"

[perturbation.mutation]
kind = "mutation"

[metric.rgba_mse]
kind = "mse"

[protocol.recovery]
kind = "recovery"

[train]
iterations = 10
optimiser = { kind = "adam", learning_rate = 1e-3 }
schedule = { kind = "cosine" }
"""


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """Plans ``small.toml`` with some text replaced or added."""
    monkeypatch.chdir(tmp_path)

    def plan(*changes, added="", text=SMALL, sets=()):
        for old, new in changes:
            assert text.count(old) == 1, f"{old!r} must stand once in the small suite"
            text = text.replace(old, new)
        Path("small.toml").write_text(text + added)
        return planner.make(document.load(Path("small.toml"), sets=sets))

    return plan
