"""A comparison as a person reads it, and as a machine does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ncabench.report.comparison.captions import constants
from ncabench.report.comparison.compared import UNDECIDED, Compared, Comparison, Readings
from ncabench.report.comparison.pairing import Side
from ncabench.report.rendered import DASH
from ncabench.suite.suite import AXES


def table(rows: Sequence[Compared]) -> tuple[list[str], list[list[str]]]:
    """Return the heads and the cells; axes on which all rows agree have no column."""
    same = constants(rows)
    axes = [
        axis for axis in AXES if any(axis in row.where for row in rows) and axis not in same
    ]
    levels = sorted({row.interval.level for row in rows})
    interval = f"{100 * levels[0]:g} % interval" if levels else "interval"
    heads = [*axes, "value", "n", "A", "B", "B - A", interval, "B / A", "verdict", "needs"]
    return heads, [
        [*(str(row.where.get(axis, "")) for axis in axes), *_cells(row)] for row in rows
    ]


def _cells(row: Compared) -> list[str]:
    means = [DASH, DASH] if row.means is None else [number(mean) for mean in row.means]
    return [
        row.value,
        str(row.n),
        *means,
        _or_dash(row.difference),
        _interval(row),
        _or_dash(row.ratio),
        f"{row.verdict} ({row.reason})" if row.reason else row.verdict,
        _needed(row),
    ]


def number(value: float) -> str:
    """Return a number with four digits, or all of a large one's before the point.

    >>> number(0.0123456), number(22976.0), number(-1234.56)
    ('0.01235', '22,976', '-1,235')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _or_dash(value: float | None) -> str:
    return DASH if value is None else number(value)


def _interval(row: Compared) -> str:
    low, high = row.interval.low, row.interval.high
    return f"[{number(low)}, {number(high)}]" if math.isfinite(low) else DASH


def _needed(row: Compared) -> str:
    """How many rng_seeds would decide, for a row that they would."""
    if row.verdict != UNDECIDED or row.first.failed or row.second.failed:
        return ""
    if row.rng_seeds_needed is not None:
        return str(row.rng_seeds_needed)
    if row.n < 2:
        return "2 or more"
    return "> 1,000" if row.difference else DASH


def document(found: Comparison) -> dict[str, Any]:
    """Return all of a comparison, JSON-able; what is not known is None."""
    return {
        "suite": found.suite.name,
        "preset": found.suite.preset,
        "set": list(found.suite.sets),
        "level": found.level,
        "rows_tested": found.tested,
        "a": _side(found.first),
        "b": _side(found.second),
        "captions": list(found.captions),
        "rows": [_row(row) for row in found.rows],
    }


def _side(side: Side) -> dict[str, Any]:
    runs = list(side.chosen.runs.values())
    return {
        "name": side.name,
        "where": dict(side.where),
        "device_classes": sorted({run.device_class for run in runs}),
        "devices": sorted({run.device for run in runs}),
        "engines": list(side.chosen.engines),
    }


def _row(row: Compared) -> dict[str, Any]:
    means = row.means or (None, None)
    return {
        "where": dict(row.where),
        "value": row.value,
        "better": row.better,
        "n": row.n,
        "rng_seeds": list(row.rng_seeds),
        "mean_a": means[0],
        "mean_b": means[1],
        "difference": row.difference,
        "sd": row.sd,
        "interval_low": _finite(row.interval.low),
        "interval_high": _finite(row.interval.high),
        "p_value": row.p_value,
        "ratio": row.ratio,
        "verdict": row.verdict,
        "reason": row.reason,
        "rng_seeds_needed": row.rng_seeds_needed,
        "a": _readings(row.first),
        "b": _readings(row.second),
    }


def _readings(one: Readings) -> dict[str, Any]:
    """Values and failures by rng_seed; JSON's names are texts."""
    return {
        "values": {str(seed): value for seed, value in one.values.items()},
        "failed": {str(seed): word for seed, word in one.failed.items()},
        "not_run": list(one.missing),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
