import json
from pathlib import Path

import pytest

from ncabench.errors import SuiteError
from ncabench.suite.document import load

SUITES = sorted((Path(__file__).parents[2] / "suites").glob("*.toml"))


def refused(path, **keywords):
    with pytest.raises(SuiteError) as caught:
        load(path, **keywords)
    return str(caught.value)


def test_a_suite_has_the_grid_of_its_file_in_its_order(write):
    suite = load(write())
    assert (suite.name, suite.title, suite.paper, suite.preset) == (
        "small",
        "Small",
        "ncatorch",
        "paper",
    )
    assert list(suite.grid.items())[:2] == [
        ("model", ("nca",)),
        ("perception", ("sobel", "conv3x3")),
    ]
    assert suite.grid["rng_seed"] == (0, 1)


def test_what_a_suite_does_not_set_has_its_default(write):
    suite = load(write())
    assert (suite.execution.engine, suite.execution.threads) == ("auto", 1)
    assert suite.profile is None
    assert load(write(added="[profile]\n")).profile.blocks == 15


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.name)
@pytest.mark.parametrize("preset", ["paper", "short", "smoke"])
def test_every_shipped_suite_loads_under_every_preset(path, preset):
    suite = load(path, preset=preset)
    assert suite.preset == preset
    assert json.loads(json.dumps(suite.document)) == suite.document


def test_a_preset_overlays_tables_and_replaces_other_values(write):
    added = "[preset.smoke]\ntrain.iterations = 2\ngrid.rng_seed = [5]\n"
    added += 'train.schedule = { kind = "constant" }\n'
    suite = load(write(added=added), preset="smoke")
    assert (suite.train["iterations"], suite.grid["rng_seed"]) == (2, (5,))
    assert suite.train["schedule"] == {"kind": "constant"}
    assert suite.train["optimiser"] == {"kind": "adam", "learning_rate": 1e-3}


def test_another_kind_in_an_overlay_drops_the_old_kinds_parameters(write):
    suite = load(write(), sets=["perception.conv3x3.kind=sobel"])
    assert suite.components["perception"]["conv3x3"] == {"kind": "sobel"}


def test_a_presets_deviations_are_added_to_the_files(write):
    text = '[[deviation]]\npaper = "a"\nhere = "b"\nwhy = "c"\n'
    added = text + text.replace("[deviation]", "[preset.smoke.deviation]").replace('"a"', '"x"')
    assert [one.paper for one in load(write(added=added)).deviations] == ["a"]
    assert [one.paper for one in load(write(added=added), preset="smoke").deviations] == [
        "a",
        "x",
    ]


def test_the_default_preset_is_the_files(write):
    added = "[preset.smoke]\ntrain.iterations = 2\n"
    path = write(('paper = "ncatorch"', 'default_preset = "smoke"'), added=added)
    assert (load(path).preset, load(path, preset="paper").preset) == ("smoke", "paper")


def test_a_set_value_is_toml_or_else_a_word(write):
    sets = ["train.iterations=200", "train.steps=[8, 12]", "perception.sobel.padding=zeros"]
    suite = load(write(), sets=sets)
    assert (suite.train["iterations"], suite.train["steps"]) == (200, [8, 12])
    assert suite.components["perception"]["sobel"]["padding"] == "zeros"
    assert suite.sets == tuple(sets)


def test_an_include_may_name_single_values(write):
    suite = load(write(added='[[include]]\nperception = "sobel"\nrng_seed = 7\n'))
    assert suite.include == ({"perception": ("sobel",), "rng_seed": (7,)},)


def test_tables_claims_and_expectations_are_typed(write):
    added = """
[[table]]
id = "t"
title = "T"
paper_table = "1"
row = [{ label = "Sobel", where = { perception = "sobel", rng_seed = 0 }, printed = "sobel" }]
column = [{ label = "MSE", value = "rgba_mse/before", decimals = 4, group = "Damage" }]
[[claim]]
id = "c"
statement = "s"
source = "section 1"
value = "rgba_mse/before"
relation = "conv3x3 < sobel"
[[expect]]
outcome = "oom"
where = { perception = "conv3x3" }
"""
    suite = load(write(added=added))
    table, column = suite.tables[0], suite.tables[0].columns[0]
    assert (table.paper_table, table.rows[0].where) == (
        "1",
        {"perception": "sobel", "rng_seed": 0},
    )
    assert (column.value, column.decimals, column.better) == ("rgba_mse/before", 4, "none")
    assert (suite.claims[0].id, suite.expects[0].outcome) == ("c", "oom")


def test_none_takes_a_parameter_away(write):
    pool = '[train.pool]\nkind = "fifo"\n[recipe.bare]\npool = "none"\nclip_norm = "none"\n'
    suite = load(write(added=pool))
    assert suite.recipes["bare"] == {"pool": "none", "clip_norm": "none"}


def test_all_problems_are_listed_at_once_in_the_order_of_the_file(write):
    path = write(
        ('kind = "sobel"', 'kind = "sobbel"'),
        ("kernel_size", "kernel_sise"),
        ("iterations = 10", 'iterations = "ten"'),
        ('perturbation = ["damage"]', 'perturbation = ["damag"]'),
    )
    assert refused(path) == (
        "small.toml:\n"
        "grid.perturbation: there is no [perturbation.damag] in this suite\n"
        "  accepted: damage\n"
        "  did you mean 'damage'?\n"
        "perception.sobel.kind: no perception is called 'sobbel'\n"
        "  accepted: attention, combined, conv, deformable, residual, sobel, stencil, "
        "transformer, unfolded_attention\n"
        "  did you mean 'sobel'?\n"
        "perception.conv3x3.kernel_sise: conv has no parameter 'kernel_sise'\n"
        "  accepted: dilation, kernel_size, out_channels, padding, slope\n"
        "  did you mean 'kernel_size'?\n"
        "train.iterations: expected int, found 'ten'"
    )


def test_a_table_may_show_what_a_protocol_measures_by_itself(write):
    column = '[[table]]\nid = "t"\ntitle = "T"\nrow = [{ label = "all" }]\n'
    column += 'column = [{ label = "grown", value = "accuracy/grown" }]\n'
    judged = ('kind = "recovery"', 'kind = "generation"')
    assert load(write(judged, added=column)).tables[0].columns[0].value == "accuracy/grown"
    assert refused(write(added=column)) == (
        "small.toml:\n"
        "table[0].column[0].value: no such value is measured: 'accuracy/grown'\n"
        "  accepted: parameters, profile/..., protocol/..., rgba_mse/..., training/..."
    )
