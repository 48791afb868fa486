from dataclasses import replace

import pytest

from ncabench.report import grids
from ncabench.report.maps import maps


@pytest.fixture
def source(plan, store):
    """Return what makes a source of pictures, of a model by its label and a protocol."""

    def make(label, kind, strips):
        (entry, *_) = plan.evaluations({"model": "nca", "perturbation": "damage"})
        files = {f"filmstrip-{name}.png": png for name, png in strips.items()}
        (found,) = grids.sources(plan, [store(entry, files=files)])
        spec = {**entry.spec, "protocol": {"kind": kind}}
        return replace(found, label=label, place=("d", "", ""), entry=replace(entry, spec=spec))

    return make


@pytest.fixture
def growing(source, strip):
    def make(label, *variances):
        steps = {"digits": [0, 62, 449], "variance": [62, 449]}
        digits = strip(0, 0, 10, 20, 30, 40, steps=steps["digits"], rows=2)
        varied = strip(*variances, steps=steps["variance"], rows=2)
        return source(label, "generation", {"digits": digits, "variance": varied})

    return make


def greys(row):
    """The grey of each picture, of RGB or of a map."""
    return [one.convert("L").getpixel((0, 0)) for one in row.pictures]


def test_every_class_of_every_model_has_its_variance_below(plan, growing):
    found = [growing("MSE", 0, 1, 2, 3), growing("critic", 100, 51, 60, 204)]
    grown, later = maps(plan.suite, found)
    assert [row.label for row in grown.rows] == ["MSE", "variance", "critic", "variance"]
    assert list(map(greys, grown.rows)) == [[10, 20], [0, 1], [10, 20], [100, 51]]
    assert list(map(greys, later.rows)) == [[30, 40], [2, 3], [30, 40], [60, 204]]
    assert (grown.title[-6:], later.title[-7:]) == ("t = 62", "t = 449")


def test_variances_share_a_scale_that_ends_at_the_greatest(plan, growing):
    grown, later = maps(
        plan.suite, [growing("MSE", 0, 1, 2, 3), growing("c", 100, 51, 60, 204)]
    )
    assert grown.colours.white == 0.25  # a quarter is written as white
    assert grown.colours.most == pytest.approx(100 / 255 / 4)
    assert later.colours.most == pytest.approx(0.2)


def test_pictures_are_of_one_kind_and_maps_of_another(plan, growing):
    (grown, _) = maps(plan.suite, [growing("MSE", 0, 1, 2, 3)])
    assert [{one.mode for one in row.pictures} for row in grown.rows] == [{"RGB"}, {"L"}]


def test_a_run_whose_strips_stayed_behind_has_no_map(plan, growing):
    made = growing("MSE", 0, 1, 2, 3)
    made.run.artifact("filmstrip-variance.png").unlink()
    assert maps(plan.suite, [made]) == ()


def test_attention_has_a_map_for_each_head(plan, source, strip):
    png = strip(10, 200, 0, 128, 255, steps=[0, 64, 64, 64, 64])
    made = source("ViTCA", "attention_maps", {"attention_0": png, "attention_1": png})
    (grid,) = maps(plan.suite, [made])
    assert grid.columns == ("input", "answer", "head 0", "head 1", "head 2")
    assert [greys(row) for row in grid.rows] == [[10, 200, 0, 128, 255]] * 2
    assert (grid.colours.white, grid.colours.middle) == (2.0, 1.0)


def test_other_protocols_have_no_maps(plan, source, strip):
    assert maps(plan.suite, [source("A", "recovery", {"x": strip(1, 2, steps=[0, 1])})]) == ()
