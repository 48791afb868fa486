"""Draws pictures in rows and columns, maps in colour, and bars where a state was perturbed."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from ncabench.report.drawn.canvas import COLOURS, GREY, SMALL, Form, figure, saved
from ncabench.report.grids import Colours, Grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

_WIDTH_IN = 6.6  # of all pictures together, at most
_CELL_IN = 0.85  # side of a picture, at most
_GAP = 0.05  # between pictures, in sides
_LETTER_IN, _LINE_IN = 0.062, 0.14
_WRAP = 18  # letters of a row's label
_BAR_IN = 1.0  # the scale of colours with its label
_PERTURBED = COLOURS[1]


def draw(grid: Grid, form: Form) -> bytes:
    """Return the figure of a grid."""
    cell = min(_CELL_IN, _WIDTH_IN / len(grid.columns))
    heads = [_wrapped(head, cell) for head in grid.columns]
    labels = [textwrap.fill(row.label, _WRAP) for row in grid.rows]
    letters = [len(line) for label in labels for line in label.splitlines()]
    left = 0.05 + _LETTER_IN * max(letters, default=0) + (0.08 if letters else 0.0)
    above = _LINE_IN * max(len(head.splitlines()) for head in heads) + 0.08
    width, height = cell * len(grid.columns), cell * len(grid.rows)
    title = textwrap.fill(grid.title, max(int((left + width) / 0.075), 30))
    top = above + _LINE_IN * 1.25 * len(title.splitlines()) + 0.05
    below = 0.2 if grid.bars else 0.05
    whole = (left + width + (_BAR_IN if grid.colours else 0.05), top + height + below)
    with figure(*whole) as made:
        made.set_layout_engine("none")
        box = (left / whole[0], below / whole[1], width / whole[0], height / whole[1])
        axes = made.add_axes(box)
        _fill(axes, grid, heads=heads, labels=labels, cell=cell)
        made.text(0.05 / whole[0], 1 - 0.05 / whole[1], title, va="top", fontsize=9.0)
        if grid.colours:
            at = (left + width + 0.12) / whole[0]
            tall = min(height, 1.6) / whole[1]
            place = (at, box[1] + box[3] - tall, 0.1 / whole[0], tall)
            _scale(made, grid.colours, place)
        return saved(made, form)


def _fill(axes: Axes, grid: Grid, *, heads: list[str], labels: list[str], cell: float) -> None:
    axes.set(xlim=(0, len(grid.columns)), ylim=(len(grid.rows), 0))
    for y, (row, label) in enumerate(zip(grid.rows, labels, strict=True)):
        for x, picture in enumerate(row.pictures):
            if picture is not None:
                box = (x + _GAP / 2, x + 1 - _GAP / 2, y + 1 - _GAP / 2, y + _GAP / 2)
                axes.imshow(
                    _values(picture, grid.colours),
                    extent=box,
                    aspect="auto",
                    **_look(picture, grid.colours),
                )
        axes.text(-0.08, y + 0.5, label, ha="right", va="center", fontsize=SMALL)
    for x, head in enumerate(heads):
        size = _size(head, cell)
        axes.text(x + 0.5, -0.06, head, ha="center", va="bottom", fontsize=size)
    axes.set(xlim=(0, len(grid.columns)), ylim=(len(grid.rows), 0))
    axes.set_axis_off()
    for bar in grid.bars:
        axes.axvline(bar, color=_PERTURBED, linewidth=1.6, clip_on=False)
        axes.text(
            bar,
            len(grid.rows) + 0.03,
            "perturbed",
            ha="center",
            va="top",
            color=_PERTURBED,
            fontsize=SMALL,
        )


def _values(picture: Image, colours: Colours | None) -> Any:
    from numpy import asarray

    values = asarray(picture)
    if picture.mode == "L" and colours is not None:
        return values / 255 * colours.white
    return values


def _look(picture: Image, colours: Colours | None) -> dict[str, Any]:
    if picture.mode == "L" and colours is not None:
        return {"cmap": _map(colours), "vmin": 0.0, "vmax": colours.most}
    return {}


def _map(colours: Colours) -> str:
    """Two colours that differ for everyone around a middle, or one that brightens."""
    return "inferno" if colours.middle is None else "PuOr_r"


def _scale(figure: Figure, colours: Colours, place: tuple[float, float, float, float]) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    shown = ScalarMappable(norm=Normalize(0.0, colours.most), cmap=_map(colours))
    bar = figure.colorbar(shown, cax=figure.add_axes(place))
    bar.set_label(textwrap.fill(colours.label, 22), fontsize=SMALL, color=GREY)
    bar.ax.tick_params(labelsize=SMALL)
    bar.outline.set_visible(False)


def _wrapped(head: str, cell_in: float) -> str:
    """Return a column's head in lines that are about as wide as a picture."""
    letters = max(int(cell_in / _LETTER_IN), 7)
    return "\n".join(textwrap.fill(line, letters) for line in head.splitlines())


def _size(head: str, cell_in: float) -> float:
    """Return the points of a column's head: fewer where a word is wider than a picture."""
    wide = 1.1 * _LETTER_IN * max(map(len, head.splitlines()), default=1)
    return max(min(SMALL, SMALL * cell_in / wide), 5.0)
