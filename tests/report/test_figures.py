import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ncabench.report import figures
from ncabench.report.lines import Drawing, Line


@pytest.fixture
def drawing():
    steps = (0, 4, 8, 8, 12)
    line = Line(
        label="Sobel",
        steps=steps,
        means=(0.5, 0.3, 0.1, 0.4, 0.2),
        spreads=(0.05,) * 5,
        seeds=3,
    )
    return Drawing(name="x", title="emoji", metric="MSE", device_class="cpu", lines=(line,))


def test_a_png_shows_the_line_in_its_colour_and_the_marked_step(drawing):
    png = figures.draw(drawing, form="png")
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).reshape(-1, 3).astype(int)
    blue = np.abs(pixels - (0x00, 0x72, 0xB2)).sum(axis=1) < 12
    grey = np.abs(pixels - (102, 102, 102)).sum(axis=1) < 12
    assert blue.sum() > 500
    assert grey.sum() > 100


def test_the_same_curves_give_the_same_bytes(drawing):
    assert figures.draw(drawing, form="png") == figures.draw(drawing, form="png")
    assert figures.draw(drawing, form="pdf") == figures.draw(drawing, form="pdf")


def test_a_pdf_says_neither_when_nor_by_what_it_was_made(drawing):
    pdf = figures.draw(drawing, form="pdf")
    assert pdf.startswith(b"%PDF")
    assert b"CreationDate" not in pdf
    assert b"Matplotlib" not in pdf


def test_a_picture_says_what_it_shows_and_where_it_was_measured(drawing):
    picture = figures.picture(drawing, folder="figures")
    assert picture.caption == "MSE over steps: emoji (cpu)"
    assert picture.path.as_posix() == "figures/x.png"


def test_a_curve_over_iterations_says_so(drawing):
    probed = replace(drawing, over="iterations")
    picture = figures.picture(probed, folder="figures")
    assert picture.caption == "MSE over iterations: emoji (cpu)"
    assert figures.draw(probed, form="png") != figures.draw(drawing, form="png")  # the axis
