"""Photographs cut into tiles, shrunk; and which pairs of tiles are redundant."""

import numpy as np
import pytest
from PIL import Image

from ncabench.nca.data._patchwork import Kept, Options, tiles

BY_SIDE = Options(tile_px=128)


@pytest.fixture
def saved(tmp_path):
    """Saves two arrays as a clean and a damaged photograph; returns how to cut them."""

    def saved(clean, damaged=None, *, options=BY_SIDE, ending="png"):
        damaged = clean if damaged is None else damaged
        paths = {name: tmp_path / f"{name}.{ending}" for name in ("clean", "damaged")}
        for name, pixels in (("clean", clean), ("damaged", damaged)):
            Image.fromarray(pixels).save(paths[name])
        return list(tiles(**paths, options=options))

    return saved


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def blocks(colours, *, side=(128, 128)):
    """A photograph of one colour in each block."""
    return np.asarray(colours, dtype=np.uint8).repeat(side[0], axis=0).repeat(side[1], axis=1)


def message(call, *args, **keys):
    with pytest.raises(ValueError) as caught:
        call(*args, **keys)
    return str(caught.value)


def test_tiles_come_row_by_row_and_see_nothing_of_their_neighbours(saved):
    colours = noise(2, 3, 3)
    found = saved(blocks(colours))
    assert [(one.row, one.column) for one in found] == [
        (r, c) for r in (0, 1) for c in range(3)
    ]
    for one in found:
        wanted = np.broadcast_to(colours[one.row, one.column], (2, 32, 32, 3))
        assert np.array_equal(one.pair, wanted)


def test_a_pair_is_the_damaged_tile_and_then_the_clean_one(saved):
    white, black = np.full((128, 128, 3), 255, np.uint8), np.zeros((128, 128, 3), np.uint8)
    (found,) = saved(white, black)
    assert [one.mean() for one in found.pair] == [0.0, 255.0]


def test_what_is_over_is_shared_out_among_the_tiles(saved):
    found = saved(blocks([[[9, 0, 0], [0, 9, 0]]], side=(150, 191)))  # 382 x 150 px
    assert [one.pair[1, 0, 0].tolist() for one in found] == [[9, 0, 0], [0, 9, 0]]
    assert [len(np.unique(one.pair)) for one in found] == [2, 2]


def test_rows_and_columns_may_be_set_instead(saved):
    options = Options(rows=3, columns=2)
    found = saved(noise(96, 64, 3), options=options)
    assert len(found) == 6
    assert np.array_equal(
        found[3].pair[0], noise(96, 64, 3)[32:64, 32:]
    )  # 32 px stay as they are


def test_tiles_are_shrunk_by_lanczos(saved):
    """Against the definition: sinc(x) sinc(x / 3), as wide as the scale, cut at the border."""
    photograph = noise(128, 128, 3)
    centres, pixels = (np.arange(32) + 0.5) * 4, np.arange(128) + 0.5
    x = (pixels - centres[:, None]) / 4
    weights = np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)
    weights /= weights.sum(axis=1, keepdims=True)
    wanted = np.einsum("ih,jw,hwc->ijc", weights, weights, photograph.astype(float))
    (found,) = saved(photograph)
    assert np.abs(found.pair[1] - wanted.clip(0, 255)).max() <= 1.5  # rounded for each axis


@pytest.mark.parametrize("ending", ["bmp", "png", "tiff"])
def test_photographs_may_be_of_any_lossless_format_and_grey(saved, ending):
    grey = noise(128, 128)
    found, wanted = saved(grey, ending=ending), saved(grey[:, :, None].repeat(3, axis=2))
    assert np.array_equal(found[0].pair, wanted[0].pair)


def test_a_photograph_that_is_smaller_than_a_tile_is_refused(saved, tmp_path):
    assert message(saved, noise(127, 300, 3)) == (
        f"{tmp_path}/damaged.png: 300 x 127 px, where the tiles need 128 x 128 or more; "
        "set fewer or smaller ones"
    )
    assert message(saved, noise(128, 63, 3), options=Options(rows=4, columns=2)) == (
        f"{tmp_path}/damaged.png: 63 x 128 px, where the tiles need 64 x 128 or more; "
        "set fewer or smaller ones"
    )


def test_a_pair_of_two_sizes_is_refused(saved, tmp_path):
    assert message(saved, noise(128, 130, 3), noise(128, 129, 3)) == (
        f"{tmp_path}/damaged.png: 129 x 128 px, where {tmp_path}/clean.png has 130 x 128"
    )


def test_what_is_no_photograph_is_refused(saved, tmp_path):
    assert message(saved, noise(128, 128).astype(np.uint16)) == (
        f"{tmp_path}/damaged.png: pixels of mode I;16, where RGB of 8 bits is expected"
    )
    text = tmp_path / "text.png"
    text.write_text("no image")
    assert message(list, tiles(clean=text, damaged=text, options=BY_SIDE)) == (
        f"{text}: not an image, or a broken one"
    )


WRONG = {
    "half": ({"rows": 2}, "rows and columns: set both of them, or neither"),
    "both": (
        {"tile_px": 64, "rows": 2, "columns": 2},
        "tile_px, or rows and columns: set one of the two, not both",
    ),
    "none": ({}, "tile_px, or rows and columns: set one of the two, not both"),
    "small": ({"tile_px": 31}, "tile_px: expected 32 or more, found 31"),
    "no rows": ({"rows": 0, "columns": 1}, "rows: expected 1 or more, found 0"),
    "near": (
        {"tile_px": 64, "near_levels": -1.0},
        "near_levels: expected 0 to 255, found -1.0",
    ),
    "nan": (
        {"tile_px": 64, "near_levels": float("nan")},
        "near_levels: expected 0 to 255, found nan",
    ),
}


@pytest.mark.parametrize(("options", "expected"), WRONG.values(), ids=WRONG)
def test_options_that_cannot_be_met_are_refused(options, expected):
    assert message(Options, **options) == expected


def taken_one_by_one(pairs, near_levels):
    """The criterion as it is stated, of every pair with every other that was kept."""
    kept, taken = [], []
    for pair in pairs.astype(float):
        apart = [np.abs(pair - other).mean(axis=(1, 2)).max() for other in kept]
        taken.append(all(one > near_levels for one in apart))
        if taken[-1]:
            kept.append(pair)
    return taken


@pytest.mark.parametrize("near_levels", [0.0, 2.5, 4.0, 30.0])
def test_pairs_are_looked_up_as_if_each_were_compared_with_all(near_levels):
    rng = np.random.default_rng(1)
    grounds = rng.integers(40, 200, (12, 2, 32, 32, 3))
    chosen = grounds[rng.integers(0, 12, 300)]
    shifts = rng.integers(-6, 7, (300, 2, 1, 1, 3)) * rng.integers(0, 2, (300, 1, 1, 1, 1))
    pairs = (chosen + shifts).astype(np.uint8)
    kept = Kept(near_levels=near_levels)
    found = [kept.take(pair) for pair in pairs]
    assert found == taken_one_by_one(pairs, near_levels)
    assert 12 <= sum(found) < 300


def test_a_scene_that_is_damaged_otherwise_is_not_redundant():
    kept, pair = Kept(near_levels=4.0), np.full((2, 32, 32, 3), 90, dtype=np.uint8)
    other = pair.copy()
    other[0] += 5
    assert [kept.take(one) for one in (pair, other, other, pair)] == [True, True, False, False]


def test_colours_are_compared_one_by_one():
    kept, pair = Kept(near_levels=4.0), np.full((2, 32, 32, 3), 90, dtype=np.uint8)
    redder = pair + np.array([5, 0, 0], dtype=np.uint8)  # by 1.7 levels on average
    assert [kept.take(one) for one in (pair, redder)] == [True, True]
