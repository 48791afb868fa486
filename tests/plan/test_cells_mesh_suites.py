"""The suites of Cells to Pixels' meshes and volumes: table 1's settings, and what stands in."""

from pathlib import Path

import pytest

from ncabench.papers import ledger
from ncabench.plan import counts, planner
from ncabench.report import judged
from ncabench.report.cells import matching
from ncabench.suite import document

SUITES = Path(__file__).parents[2] / "suites"
KINDS = ("mesh", "volume")
BOOK = ledger.load("cells2pixels")


def planned(kind, preset="paper", *sets, root=None):
    path = SUITES / f"cells_{kind}.toml"
    return planner.make(document.load(path, preset=preset, sets=sets), root=root)


def printed(row, kind):
    cell = BOOK.printed("1", row, kind)
    assert cell is not None
    return cell


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [
        ("mesh", {"lppn": 15_267, "no_remap": 15_267, "linear": 12_467}),
        ("volume", {"lppn": 15_300, "linear": 12_484}),
    ],
)
def test_the_models_have_the_papers_sizes(kind, sizes):
    made = planned(kind, "paper", "grid.rng_seed=[0]")
    found = counts.count(made, root=None)
    assert {one.labels[0]["model"]: found[one.id] for one in made.trainings()} == sizes


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_is_table_1s(kind):
    [spec] = {repr(one.spec["trainer"]): one.spec for one in planned(kind).trainings()}.values()
    recipe = spec["trainer"]
    assert printed("iterations", kind).value == recipe["iterations"]
    assert printed("batch", kind).text == str(recipe["batch"])
    assert printed("rollout", kind).text == "{}-{}".format(*recipe["steps"])
    assert printed("output", kind).text == f"{spec['task']['size_px']}^2"
    assert recipe["accumulation"] == {"mesh": 1, "volume": 4}[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_the_models_are_table_1s(kind):
    where = {"model": "lppn", "rng_seed": 0}
    [spec] = [one.spec for one in planned(kind).trainings(where)]
    assert printed("state_channels", kind).text == str(spec["task"]["channels"])
    assert printed("mlp_width", kind).text == str(spec["model"]["hidden"])
    assert printed("lppn_width", kind).text == str(spec["model"]["decoder"]["width"])
    cells = {"mesh": ("subdivision", 64), "volume": ("cells_per_axis", 64)}
    name, count = cells[kind]
    assert spec["model"][name] == count


@pytest.mark.parametrize("kind", KINDS)
def test_printed_counts_stand_beside_measured_ones(kind):
    made = planned(kind)
    joined = {}
    for table in made.suite.tables:
        for row in table.rows:
            for column in table.columns:
                cell = judged.printed_cell(made.suite, table, row=row, column=column)
                if cell is not None:
                    assert matching(made.entries, row=row, column=column)
                    joined[row.printed, column.printed] = column.value
    assert joined == {
        ("nca_parameters", kind): "training/automaton_parameters",
        ("lppn_parameters", kind): "training/decoder_parameters",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_all_models_meet_the_same_recipe_and_views(kind):
    for preset in ("paper", "short", "smoke"):
        specs = [one.spec for one in planned(kind, preset).trainings()]
        assert len({repr(one["trainer"]) for one in specs}) == 1
        own = ("decoder", "remap")
        models = [{k: v for k, v in one["model"].items() if k not in own} for one in specs]
        assert all(one == models[0] for one in models)


@pytest.mark.parametrize("kind", KINDS)
def test_without_dtd_there_is_no_data_and_it_is_planned(kind, tmp_path):
    made = planned(kind, root=tmp_path)
    assert {one.missing.partition(":")[0] for one in made.entries} == {"dtd"}


@pytest.mark.parametrize("preset", ["short", "smoke"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_in_is_named(kind, preset):
    suite = planned(kind, preset).suite
    named = {one.substitute.partition(" (")[0] for one in suite.deviations if one.substitute}
    assert named == {"ST-LPIPS's VGG-16", "ihc"}
