"""Draws what is measured and printed over a number; what ran out of memory stands on top."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ncabench.report.drawn.canvas import (
    COLOURS,
    DASHES,
    GREY,
    MARKERS,
    SMALL,
    Form,
    figure,
    plain,
    saved,
    tick_by_ratio,
)
from ncabench.report.trends import Point, Trend, TrendLine, TrendPanel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ACROSS = 3  # panels
_PANEL_IN = (2.6, 2.6)
_LEGEND_IN = 1.7
_FLOOR = 0.86  # share of the height at which the strip begins that running out stands in


def draw(trend: Trend, form: Form) -> bytes:
    """Return the figure of a trend."""
    across = min(len(trend.panels), _ACROSS)
    down = -(-len(trend.panels) // across)
    width = max(across * _PANEL_IN[0] + _LEGEND_IN, 6.0)
    with figure(width, down * _PANEL_IN[1] + 0.4) as made:
        fill(made, trend, across=across, down=down)
        return saved(made, form)


def fill(figure: Figure, trend: Trend, *, across: int, down: int) -> None:
    """Draw every panel, and one legend for all."""
    shared = bool(trend.value)
    grid = figure.subplots(down, across, squeeze=False, sharey=shared, sharex=True)
    every = list(grid.flat)
    last = len(trend.panels) - 1
    lost = shared and any(map(_exhausted, trend.panels))
    for place, (axes, panel) in enumerate(zip(every, trend.panels, strict=False)):
        _panel(axes, trend, panel=panel)
        if not shared:
            _make_room(axes, trend, lost=_exhausted(panel))
        if place + across > last:
            axes.set_xlabel(trend.along)
            axes.tick_params(labelbottom=True)
        if shared and place % across == 0:
            axes.set_ylabel(trend.value)
    if shared:
        _make_room(every[0], trend, lost=lost)
        for axes in every[1 : last + 1]:
            _band(axes, trend, lost=lost)
    for axes in every[last + 1 :]:
        axes.remove()
    figure.suptitle(textwrap.fill(trend.title, 80), fontsize=9.0)
    _legend(figure, trend)


def _panel(axes: Axes, trend: Trend, *, panel: TrendPanel) -> None:
    axes.set(xscale=trend.scale, yscale=trend.scale)
    for place, line in enumerate(panel.lines):
        _line(axes, line, place=place, count=len(panel.lines))
    _ticks(axes, trend)
    plain(axes)
    if trend.value:
        axes.set_title(panel.label)
    else:
        axes.set_ylabel(textwrap.fill(panel.label, 34))


def _line(axes: Axes, line: TrendLine, *, place: int, count: int) -> None:
    """Draw a line as printed and as measured; its height on top is its own."""
    height = _FLOOR + (1 - _FLOOR) * (1 - (place + 0.5) / count)
    for points, look in (
        (line.printed, _printed(_colour(place), marker=_marker(place))),
        (line.measured, _measured(place)),
    ):
        axes.plot(*_known(points), **look)
        at = [one.at for one in points if one.value is None]
        on_top = {**look, "linestyle": "none", "transform": axes.get_xaxis_transform()}
        axes.plot(at, [height] * len(at), **on_top)
    known = [(one.at, one.value, one.spread) for one in line.measured if one.spread > 0]
    for at_one, value, spread in known:
        axes.errorbar(
            at_one, value or 0.0, yerr=spread, fmt="none", ecolor=_colour(place), capsize=2.0
        )


def _measured(place: int) -> dict[str, Any]:
    dash = DASHES[place % len(DASHES)]
    filled = {"color": _colour(place), "marker": _marker(place), "markersize": 3.8}
    return {**filled, "linestyle": dash, "linewidth": 1.3}


def _printed(colour: str, *, marker: str) -> dict[str, Any]:
    hollow = {"markerfacecolor": "none", "markersize": 7.5, "markeredgewidth": 0.9}
    return {"color": colour, "marker": marker, "linestyle": (0, (2, 2)), "lw": 0.8, **hollow}


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def _marker(place: int) -> str:
    return MARKERS[place % len(MARKERS)]


def _known(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    pairs = [(one.at, one.value) for one in points if one.value is not None]
    return [at for at, _ in pairs], [value for _, value in pairs]


def _exhausted(panel: TrendPanel) -> bool:
    every = [one for line in panel.lines for one in (*line.measured, *line.printed)]
    return any(one.value is None for one in every)


def _make_room(axes: Axes, trend: Trend, *, lost: bool) -> None:
    """Leave the top of the axes to what ran out of memory."""
    if lost:
        low, high = axes.get_ylim()
        axes.set_yticks([one for one in axes.get_yticks() if low <= one <= high])
        if trend.scale == "log":
            axes.set_ylim(low, low * (high / low) ** (1 / _FLOOR))
        else:
            axes.set_ylim(low, low + (high - low) / _FLOOR)
    _band(axes, trend, lost=lost)


def _band(axes: Axes, trend: Trend, *, lost: bool) -> None:
    from matplotlib.patches import Rectangle

    if lost:
        strip = Rectangle((0.0, _FLOOR), 1.0, 1 - _FLOOR, color="0.92", linewidth=0.0)
        strip.set(transform=axes.transAxes, zorder=0.5)
        axes.add_patch(strip)
        axes.text(
            0.02,
            0.99,
            trend.exhausted,
            transform=axes.transAxes,
            verticalalignment="top",
            color=GREY,
            fontsize=6.5,
        )


def _ticks(axes: Axes, trend: Trend) -> None:
    """Put a tick at each place."""
    axes.set_xticks(trend.at, labels=[f"{one:g}" for one in trend.at])
    axes.set_xticks([], minor=True)
    axes.margins(x=0.12)
    if trend.scale == "log":
        tick_by_ratio(axes)


def _legend(figure: Figure, trend: Trend) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], label=textwrap.fill(line.label, 26), **_measured(place))
        for place, line in enumerate(trend.panels[0].lines)
    ]
    if any(line.printed for panel in trend.panels for line in panel.lines):
        grey: dict[str, Any] = {**_measured(0), "color": GREY}
        handles.append(Line2D([], [], label="measured", **grey))
        grey = _printed(GREY, marker=_marker(0))
        handles.append(Line2D([], [], label="as printed", **grey))
    figure.legend(handles=handles, loc="outside right upper", fontsize=SMALL)
