"""A small whole suite, and a way to write variations of it."""

from pathlib import Path

import pytest

SMALL = """\
title = "Small"
paper = "ncatorch"

[grid]
model = ["nca"]
perception = ["sobel", "conv3x3"]
perturbation = ["damage"]
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
def write(tmp_path, monkeypatch):
    """Writes ``small.toml`` with some text replaced or added; returns its path."""
    monkeypatch.chdir(tmp_path)

    def write(*changes, added=""):
        text = SMALL
        for old, new in changes:
            assert text.count(old) == 1, f"{old!r} must stand once in the small suite"
            text = text.replace(old, new)
        path = Path("small.toml")
        path.write_text(text + added)
        return path

    return write
