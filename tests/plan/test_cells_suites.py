"""The suites of Cells to Pixels: how large their models are, what differs, what stands in."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ncabench.errors import SuiteError
from ncabench.nca.data.pbr_material import COLOURED, GREY
from ncabench.plan import assemble, planner
from ncabench.report import judged as report
from ncabench.suite import document

SUITES = Path(__file__).parents[2] / "suites"
DECODERS = {"rgb": {"lppn": 2819, "linear": 51}, "pbr": {"lppn": 3017, "linear": 153}}
AUTOMATON = 10_368  # weights of the automaton of textures


def planned(suite, preset, *sets, root=None):
    loaded = document.load(SUITES / f"{suite}.toml", preset=preset, sets=sets)
    return planner.make(loaded, root=root)


def trainers(made):
    """The trainer of each training, by the recipe that the suite names."""
    return {str(one.labels[0]["recipe"]): one.spec["trainer"] for one in made.trainings()}


def test_textures_have_the_papers_sizes(tmp_path):
    made = planned("cells_texture", "paper", root=tmp_path)
    counts = assemble.check(made, root=tmp_path)
    for one in made.trainings():
        model, task = (str(one.labels[0][axis]) for axis in ("model", "task"))
        assert counts[one.id] == AUTOMATON + DECODERS[task][model]


def test_decoders_add_what_the_paper_says():
    assert [round(100 * DECODERS[task]["lppn"] / AUTOMATON, 1) for task in DECODERS] == [
        27.2,
        29.1,
    ]


@pytest.mark.parametrize("suite", ["cells_texture", "cells_grow"])
def test_counts_of_table_1_stand_beside_the_models_own(suite):
    made = planned(suite, "short")
    found = {}
    for place in report.printed_places(made.suite):
        (entry,) = (one for one in made.trainings() if one.serves(place.row.where))
        part = place.column.value.removeprefix("training/").removesuffix("_parameters")
        counted = assemble.assemble(entry.spec, root=None, meta=True).model.counted_apart()
        found[place.printed.text] = counted[part]
        assert counted[part] in place.printed.interval
    assert found in ({"10k": 10_368, "3k": 3_017}, {"41k": 41_216, "11k": 10_948})


def test_without_data_there_is_none_and_it_is_planned(tmp_path):
    made = planned("cells_texture", "paper", root=tmp_path)
    assert {one.missing.partition(":")[0] for one in made.entries} == {"dtd", "pbr_material"}


def test_a_material_that_is_there_is_trained_on_nine_channels(tmp_path):
    folder = tmp_path / "pbr_material" / "bark"
    folder.mkdir(parents=True)
    for name in (*COLOURED, *GREY):
        Image.fromarray(np.zeros((8, 8, 3), dtype=np.uint8)).save(folder / f"{name}.png")
    sets = ("task.pbr.exemplar=bark", 'grid.task=["pbr"]', "grid.rng_seed=[0]", "include=[]")
    made = planned("cells_texture", "paper", *sets, root=tmp_path)
    assert [one.missing for one in made.entries if one.missing] == []
    assert sorted(assemble.check(made, root=tmp_path).values()) == [10_521, 13_385]


def test_recipes_differ_in_one_thing_each():
    found = trainers(planned("cells_texture", "paper", "grid.rng_seed=[0]"))
    base = found.pop("multi_scale")
    assert base["loss"]["scales"] == 3
    changed = {
        name: {key: value for key, value in one["loss"].items() if value != base["loss"][key]}
        for name, one in found.items()
    }
    assert changed == {
        "one_scale": {"scales": 1},
        "regular": {"regularity": 10.0},
        "no_mixes": {"mixes": 0},
    }
    assert all({**one, "loss": base["loss"]} == base for one in found.values())


def test_an_exemplar_smaller_than_a_patch_is_refused_at_plan_time():
    with pytest.raises(SuiteError) as caught:
        assemble.check(planned("cells_texture", "smoke", "task.rgb.size_px=28"))
    assert (
        "an exemplar of 28 x 28 px is smaller than a patch of 32 x 32 px: make the exemplar "
        "larger, or patch_px smaller"
    ) in str(caught.value)


@pytest.mark.parametrize("preset", ["short", "smoke"])
def test_what_stands_in_is_named(preset):
    suite = planned("cells_texture", preset).suite
    named = {one.substitute.partition(" (")[0] for one in suite.deviations if one.substitute}
    assert named == {"ST-LPIPS's VGG-16", "ihc", "made bricks"}


def test_growing_is_trained_with_lpips_and_once_without():
    found = trainers(planned("cells_grow", "paper"))
    assert found["lpips"]["perceptual"]["net"] == "lpips"
    assert found["no_lpips"]["perceptual"] is None
    assert {**found["lpips"], "perceptual": None} == found["no_lpips"]
    short = trainers(planned("cells_grow", "short"))["lpips"]["perceptual"]
    assert (short["net"], short["margin_px"]) == ("st_lpips", 64)


def test_the_pool_of_growing_begins_anew_with_the_schedule():
    for preset in ("paper", "short"):
        (trainer, *_) = trainers(planned("cells_grow", preset)).values()
        pool = trainer["pool"]
        assert (pool["kind"], pool["every"], pool["restart"]) == ("returning", 32, 4000)
        assert trainer["schedule"]["period"] == 4000
