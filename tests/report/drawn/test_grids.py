import io

import numpy as np
import pytest
from PIL import Image

from ncabench.report.drawn import grids
from ncabench.report.grids import Colours, Grid, GridRow


def pixels(*rows, columns=("a", "b"), **given):
    words = {"name": "z", "what": "w", "title": "t", "device_class": "cpu"}
    words["columns"] = columns
    png = grids.draw(Grid(rows=rows, **words, **given), "png")
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def row(*colours, label="", mode="RGB"):
    made = [None if one is None else Image.new(mode, (4, 4), one) for one in colours]
    return GridRow(label=label, pictures=tuple(made))


def where(picture, colour):
    """The mean place of a colour, across and down, and how many pixels have it."""
    found = np.argwhere(np.abs(picture - colour).sum(axis=2) < 12)
    assert len(found), f"there is no {colour}"
    return found[:, 1].mean(), found[:, 0].mean(), len(found)


RED, BLUE, GREEN = (255, 0, 0), (0, 0, 255), (0, 128, 0)


def test_pictures_stand_in_their_rows_and_columns():
    shown = pixels(row("red", "blue"), row("green", None))
    red, blue, green = (where(shown, one) for one in (RED, BLUE, GREEN))
    assert red[0] == pytest.approx(green[0], abs=2)
    assert red[1] == pytest.approx(blue[1], abs=2)
    assert (blue[0] > red[0], green[1] > red[1]) == (True, True)
    assert red[2] == pytest.approx(blue[2], rel=0.05)


def test_a_bar_stands_before_the_column_that_was_perturbed():
    shown = pixels(row("red", "blue"), bars=(1,))
    bar = where(shown, (0xD5, 0x5E, 0x00))
    assert where(shown, RED)[0] < bar[0] < where(shown, BLUE)[0]


def test_a_map_has_the_colour_of_its_value():
    colours = Colours(label="attention", white=2.0, most=2.0, middle=1.0)
    shown = pixels(row(0, 255, mode="L"), colours=colours)
    low, high = where(shown, (45, 0, 75)), where(shown, (127, 59, 8))  # the ends of PuOr
    assert low[0] < high[0]
    assert low[2] == pytest.approx(high[2], rel=0.1)


def test_a_row_has_its_label_left_of_its_pictures():
    narrow, wide = pixels(row("red", "blue")), pixels(row("red", "blue", label="Sobel"))
    assert wide.shape[1] - narrow.shape[1] == pytest.approx(0.39 * 150, abs=2)
    assert where(wide, RED)[0] > where(narrow, RED)[0]


def test_many_columns_make_smaller_pictures():
    few = where(pixels(row(*["red"] * 2)), RED)[2] / 2
    columns = tuple("abcdefghijklmn")
    many = where(pixels(row(*["red"] * 14), columns=columns), RED)[2] / 14
    assert many == pytest.approx(few * (6.6 / 14 / 0.85) ** 2, rel=0.1)
