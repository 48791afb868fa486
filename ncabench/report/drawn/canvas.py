"""Empty figures, and figures as files without dates or versions in them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from PIL import Image

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Form = Literal["png", "pdf"]
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
DASHES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
SMALL = 7.5  # points of what is written beside the axes
GREY = "0.35"
_DPI = 150
_MANY = 1e4  # the greatest value of an axis by its least


@contextmanager
def figure(width_in: float, height_in: float) -> Iterator[Figure]:
    """Give an empty figure, in the project's style."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {"pdf.fonttype": 42, "font.size": 9.0, "axes.titlesize": 9.0}
    style |= {"legend.fontsize": SMALL, "legend.frameon": False}
    with rc_context(style):
        made = Figure(figsize=(width_in, height_in), dpi=_DPI, layout="constrained")
        FigureCanvasAgg(made)
        yield made


def plain(axes: Axes) -> None:
    """Give axes a light grid behind the lines, and no frame."""
    axes.grid(visible=True, color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def tick_by_ratio(axes: Axes) -> None:
    """Put the ticks of a logarithmic vertical axis at 1, 2, 5, 10, 20..., as plain numbers.

    Where the axis spans many powers of ten, they stand at powers of ten alone.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    low, high = axes.get_ylim()
    subs = (1.0, 2.0, 5.0) if high < _MANY * low else (1.0,)
    axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=12))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def saved(figure: Figure, form: Form) -> bytes:
    """Return a figure as a file, without when and by what it was made.

    A PNG has a palette of its own 256 colours, which is a third of the bytes.
    """
    buffer = io.BytesIO()
    if form == "pdf":
        unsaid = dict.fromkeys(("Creator", "Producer", "CreationDate"))
        figure.savefig(buffer, format="pdf", metadata=unsaid)
        return buffer.getvalue()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    written = io.BytesIO()
    with Image.open(buffer) as drawn:
        few_colours(drawn.convert("RGB")).save(written, "PNG", optimize=True)
    return written.getvalue()


def few_colours(picture: Image.Image) -> Image.Image:
    """Return a picture with a palette of its own 256 colours."""
    return picture.quantize(
        256, method=Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE
    )
