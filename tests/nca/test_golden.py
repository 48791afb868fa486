"""A component's numbers change only together with its version."""

import json
import runpy
from pathlib import Path

import pytest

HERE = Path(__file__).parent
GOLDEN = runpy.run_path(str(HERE / "golden.py"))
STORED = json.loads((HERE / "golden.json").read_text())
TABLE_1 = (
    *(f"perception/{kind}" for kind in ("sobel", "conv", "deformable", "residual")),
    *(f"perception/{kind}" for kind in ("attention", "transformer", "combined")),
    "model/unet",
    "model/gan",
)


@pytest.mark.parametrize("name", STORED)
def test_numbers_change_only_with_the_version(name):
    found, stored = GOLDEN["compute"](name), STORED[name]
    assert found["version"] == stored["version"], (
        f"{name} has a new version: run `python tests/nca/golden.py` and commit golden.json"
    )
    assert GOLDEN["same"](found["found"], stored["found"]), (
        f"{name} gives other numbers than at version {stored['version']}: "
        f"{found['found']}, not {stored['found']}. If that is meant, raise `version` in its "
        "class, run `python tests/nca/golden.py` and commit golden.json"
    )


def test_the_components_of_table_1_are_watched():
    assert set(TABLE_1) <= set(STORED)


def test_numbers_that_differ_are_noticed():
    same = GOLDEN["same"]
    assert same([1.0, 0.0], [1.00005, 0.0])
    assert not same([1.0], [1.001])
    assert not same("ab", "ac")
