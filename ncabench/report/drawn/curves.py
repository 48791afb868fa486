"""Draws a metric over steps, with bands, and marks where something was done to the state."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from ncabench.report.drawn.canvas import (
    COLOURS,
    DASHES,
    GREY,
    SMALL,
    Form,
    figure,
    plain,
    saved,
    tick_by_ratio,
)
from ncabench.report.lines import Drawing, Line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE_IN = (6.4, 3.4)
_TITLE = 72  # letters of a line
_LEGEND, _LABEL = 30, 36  # of the legend, and of the vertical axis
_ROOM = 0.05  # share of the steps between two texts on top


def draw(drawing: Drawing, form: Form) -> bytes:
    """Return the figure of a drawing.

    A line is the mean over rng_seeds; its band is what the legend says, the standard
    deviation over seeds, or over the samples of a single seed.
    """
    with figure(*_SIZE_IN) as made:
        fill(made.add_subplot(), drawing)
        return saved(made, form)


def fill(axes: Axes, drawing: Drawing) -> None:
    """Draw lines, bands, stages and moments into axes."""
    bands = {line.band for line in drawing.lines if drawing.banded(line)}
    told = f"band: {bands.pop()}" if len(bands) == 1 else ""
    for place, line in enumerate(drawing.lines):
        _curve(axes, drawing, line=line, place=place, told=bool(told))
    _limit(axes, drawing)
    _mark(axes, drawing)
    along = "step t" if drawing.over == "steps" else drawing.over
    axes.set(xlabel=along, ylabel=textwrap.fill(drawing.metric, _LABEL))
    axes.set_title(textwrap.fill(drawing.title, _TITLE), loc="left")
    axes.margins(x=0.01)
    plain(axes)
    axes.legend(
        title=told or None,
        title_fontsize=SMALL,
        alignment="left",
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
    )


def _curve(axes: Axes, drawing: Drawing, *, line: Line, place: int, told: bool) -> None:
    colour, dash = COLOURS[place % len(COLOURS)], DASHES[place % len(DASHES)]
    label, banded = textwrap.fill(line.label, _LEGEND), drawing.banded(line)
    if not banded:
        label += "\n(1 seed, no band)"
    elif not told:
        label += f"\n(band: {line.band})"
    axes.plot(line.steps, line.means, color=colour, linestyle=dash, linewidth=1.4, label=label)
    if banded:
        pairs = list(zip(line.means, line.spreads, strict=True))
        least = _bottom(drawing) if drawing.wide else -math.inf
        low, high = [max(mean - sd, least) for mean, sd in pairs], [sum(one) for one in pairs]
        axes.fill_between(line.steps, low, high, color=colour, alpha=0.13, linewidth=0.0)


def _bottom(drawing: Drawing) -> float:
    """Return where a logarithmic axis begins, somewhat below every mean."""
    return min(mean for line in drawing.lines for mean in line.means) / 1.5


def _limit(axes: Axes, drawing: Drawing) -> None:
    """Show no value that there cannot be, and a line that does not change as one."""
    means = [mean for line in drawing.lines for mean in line.means]
    if drawing.wide:
        axes.set_yscale("log")
        axes.set_ylim(_bottom(drawing), None)
        tick_by_ratio(axes)
        return
    low, high = axes.get_ylim()
    if drawing.low is not None:
        low = max(low, drawing.low)
    if drawing.high is not None:
        high = min(high, drawing.high)
    if min(means) == max(means) and drawing.high is not None:
        high = drawing.high
    room = 0.02 * (high - low)
    axes.set_ylim(low - room, high + room)


def _mark(axes: Axes, drawing: Drawing) -> None:
    """Mark stages and perturbations, and write what they are above the lines."""
    steps = [step for line in drawing.lines for step in line.steps]
    if drawing.window and drawing.window[1] <= max(steps):
        first, last = drawing.window
        axes.axvspan(first, last, color="0.93", linewidth=0.0, zorder=0)
        room = _ROOM * (max(steps) - min(steps))
        top = all(abs(moment - last) > room for moment in drawing.moments)
        _write(axes, (first + last) / 2, f"{first}-{last}", aligned="center", top=top)
    for number, moment in enumerate(drawing.moments):
        axes.axvline(moment, color=GREY, linewidth=1.0, linestyle=(0, (4, 3)))
        word = "perturbed, " if number == 0 else ""
        late = moment > (min(steps) + max(steps)) * 0.7
        text = f" {word}t = {moment} "
        _write(axes, moment, text, aligned="right" if late else "left")


def _write(axes: Axes, at: float, text: str, *, aligned: str, top: bool = True) -> None:
    axes.text(
        at,
        0.985 if top else 0.015,
        text,
        transform=axes.get_xaxis_transform(),
        horizontalalignment=aligned,
        verticalalignment="top" if top else "bottom",
        color=GREY,
        fontsize=SMALL,
    )
