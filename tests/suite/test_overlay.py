"""Overlays as texts, there and back."""

import tomllib

import pytest

from ncabench.suite.overlay import as_key, as_sets, as_toml, parse_sets

VALUES = {
    "a whole number": 3,
    "a small one": 1e-07,
    "a large one": 1e16,
    "a word of TOML": "true",
    "a truth": True,
    "an umlaut, and a quote": 'Zürich "x"',
    "a list of lists": [[1, 2], [0.5]],
    "a table in a list": [{"kind": "cosine", "warm_up": 2}],
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_a_value_comes_back_as_it_was(value):
    back = tomllib.loads(f"value = {as_toml(value)}")["value"]
    assert (back, type(back)) == (value, type(value))


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_an_overlay_comes_back_from_its_texts(value):
    table = {"train": {"deep": {"key": value}, "batch": 2}}
    assert parse_sets(as_sets(table)) == (table, [])


def test_keys_are_quoted_where_toml_needs_it():
    assert (as_key("conv3x3"), as_key("a b")) == ("conv3x3", '"a b"')
