import io
from dataclasses import replace

import pytest
from PIL import Image

from ncabench.report import figures, writer
from ncabench.report.figures import DRAWERS
from ncabench.report.grids import Colours, Grid, GridRow
from ncabench.report.lines import Drawing, Line
from ncabench.report.trends import Point, Trend, TrendLine, TrendPanel


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


@pytest.fixture
def trend():
    points = (Point(at=32, value=1.0, spread=0.1), Point(at=64, value=None))
    line = TrendLine(label="NAFNet", measured=points, printed=points)
    panel = TrendPanel(label="Batch 8", lines=(line,))
    words = {"name": "y", "title": "Memory", "along": "side (px)", "value": "GB"}
    return Trend(
        at=(32, 64), scale="log", device_class="cpu", exhausted="OOM", panels=(panel,), **words
    )


@pytest.fixture
def grid():
    shown = (Image.new("RGB", (4, 4), "red"), Image.new("L", (4, 4), 128))
    row = GridRow(label="ViTCA", pictures=shown)
    colours = Colours(label="attention", white=2.0, most=2.0, middle=1.0)
    words = {"name": "z", "what": "Maps", "title": "attention", "device_class": "cpu"}
    return Grid(columns=("input", "head 0"), rows=(row,), bars=(1,), colours=colours, **words)


@pytest.mark.parametrize("one", ["drawing", "trend", "grid"])
def test_the_same_figure_gives_the_same_bytes(one, request):
    drawn = request.getfixturevalue(one)
    assert type(drawn) in DRAWERS
    for form, start in (("png", b"\x89PNG"), ("pdf", b"%PDF")):
        made = figures.draw(drawn, form=form)
        assert made == figures.draw(drawn, form=form)
        assert made.startswith(start)


@pytest.mark.parametrize("one", ["drawing", "trend", "grid"])
def test_a_figure_says_neither_when_nor_by_what_it_was_made(one, request):
    drawn = request.getfixturevalue(one)
    pdf = figures.draw(drawn, form="pdf")
    assert b"CreationDate" not in pdf
    assert b"atplotlib" not in pdf + figures.draw(drawn, form="png")


def test_a_picture_says_what_it_shows_and_where_it_was_measured(drawing):
    picture = figures.picture(drawing, folder="figures")
    assert picture.caption == "MSE over steps: emoji (cpu)"
    assert picture.path.as_posix() == "figures/x.png"


def test_a_picture_of_a_grid_says_what_its_pictures_are(grid):
    picture = figures.picture(grid, folder="figures")
    assert picture.caption == "Maps, of one rng_seed: attention (cpu)"


def test_a_curve_over_iterations_says_so(drawing):
    probed = replace(drawing, over="iterations")
    picture = figures.picture(probed, folder="figures")
    assert picture.caption == "MSE over iterations: emoji (cpu)"


def test_a_png_has_at_most_256_colours(drawing):
    png = Image.open(io.BytesIO(figures.draw(drawing, form="png")))
    assert png.mode == "P"
    assert png.size == (960, 510)


@pytest.mark.parametrize(("format", "forms"), [("text", ["png"]), ("latex", ["png", "pdf"])])
def test_a_report_has_every_figure_and_for_latex_as_pdf_too(
    plan, store, strip, tmp_path, format, forms
):
    films = {"filmstrip-class_0.png": strip(0, 90, 180, steps=[0, 1, 2])}
    entries = plan.evaluations({"model": "nca", "perturbation": "damage", "rng_seed": 0})
    runs = [store(entry, files=films) for entry in entries]
    files = writer.write(plan, runs, format=format, out=tmp_path / "out").files
    drawn = [one.name for one in files if one.parent.name == "figures"]
    assert drawn == [f"emoji-damage-film-class_0.{form}" for form in forms]
