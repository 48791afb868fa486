"""Figures of metrics over steps, the perturbation marked; the same bytes every time."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ncabench.report.lines import Drawing, Line
from ncabench.report.view import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_DASHES = ("-", "--", ":", "-.")
_SIZE_IN = (6.4, 3.8)
_DPI = 150


def draw(drawing: Drawing, *, form: Literal["png", "pdf"]) -> bytes:
    """Return a figure as a PNG or a PDF, without dates or versions in it.

    A line is the mean over rng_seeds; its band is what the legend says, the standard
    deviation over seeds, or over the samples of a single seed.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context({"pdf.fonttype": 42, "font.size": 9.0}):
        figure = Figure(figsize=_SIZE_IN, dpi=_DPI, layout="constrained")
        FigureCanvasAgg(figure)
        _fill(figure.add_subplot(), drawing)
        return _saved(figure, form)


def picture(drawing: Drawing, *, folder: str) -> Picture:
    """Return a figure as the report shows it."""
    path = Path(folder) / f"{drawing.name}.png"
    caption = f"{drawing.metric} over {drawing.over}: {drawing.title} ({drawing.device_class})"
    return Picture(caption=caption, path=path, data=draw(drawing, form="png"))


def _fill(axes: Axes, drawing: Drawing) -> None:
    for place, line in enumerate(drawing.lines):
        _curve(axes, line, place=place)
    moments = {line.perturbed_at for line in drawing.lines} - {None}
    for moment in sorted(moment for moment in moments if moment is not None):
        axes.axvline(moment, color="0.4", linewidth=1.0, linestyle=(0, (4, 3)))
        axes.annotate(
            f"perturbed, t = {moment}",
            (moment, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(4, -4),
            textcoords="offset points",
            verticalalignment="top",
            color="0.3",
            fontsize=7.5,
        )
    along = "step t" if drawing.over == "steps" else drawing.over
    axes.set(xlabel=along, ylabel=drawing.metric, title=drawing.title)
    axes.margins(x=0.01)
    axes.grid(visible=True, color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=7.5, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _curve(axes: Axes, line: Line, *, place: int) -> None:
    colour = _COLOURS[place % len(_COLOURS)]
    dash = _DASHES[place // len(_COLOURS) % len(_DASHES)]
    label = f"{line.label}\n(band: {line.band})"
    axes.plot(line.steps, line.means, color=colour, linestyle=dash, linewidth=1.3, label=label)
    low = [mean - spread for mean, spread in zip(line.means, line.spreads, strict=True)]
    high = [mean + spread for mean, spread in zip(line.means, line.spreads, strict=True)]
    axes.fill_between(line.steps, low, high, color=colour, alpha=0.15, linewidth=0.0)


def _saved(figure: Figure, form: Literal["png", "pdf"]) -> bytes:
    without = {"png": {"Software": None}, "pdf": dict.fromkeys(("Creator", "Producer"))}
    metadata = {**without[form], **({"CreationDate": None} if form == "pdf" else {})}
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, metadata=metadata)
    return buffer.getvalue()
