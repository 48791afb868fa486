import numpy as np
import pytest

from ncabench.nca.data.made_material import MadeMaterial


@pytest.fixture(scope="module")
def maps():
    """Albedo, normals, and height with roughness and occlusion, as floats."""
    return MadeMaterial().load("bricks").images.astype(np.float64)


def test_mortar_is_low_rough_and_dark_and_bricks_are_not(maps):
    height, roughness, occlusion = np.moveaxis(maps[2], -1, 0)
    mortar, top = height == 0, height == 255
    assert (set(roughness[mortar]), set(occlusion[mortar])) == ({230.0}, {102.0})
    assert (set(roughness[top]), set(occlusion[top])) == ({128.0}, {255.0})
    assert mortar.mean() == 1 - 120 * 56 / (128 * 64)
    assert top.mean() == 94 * 30 / (128 * 64)


def test_rows_are_shifted_by_half_a_brick(maps):
    first, second, third = (maps[2, 64 * row + 32, :, 0] for row in range(3))
    assert np.array_equal(first, np.roll(second, 64))
    assert np.array_equal(first, third)


def test_normals_are_of_length_one_and_lean_down_the_slopes(maps):
    normals = maps[1] / 127.5 - 1
    assert np.abs((normals**2).sum(axis=-1) - 1).max() < 0.02
    left_edge, right_edge = normals[32, 10], normals[32, 117]  # of the first brick
    assert left_edge[0] < -0.3 < 0.3 < right_edge[0]
    upper, lower = normals[10, 64], normals[53, 64]
    assert lower[1] < -0.3 < 0.3 < upper[1]


def test_bricks_have_five_colours(maps):
    tops = maps[0][maps[2, ..., 0] == 255]
    assert len(np.unique(tops, axis=0)) == 5


def test_another_material_is_refused():
    said = r"^no made material is called 'wood'\n  accepted: bricks$"
    with pytest.raises(ValueError, match=said):
        MadeMaterial().load("wood")
