"""Reads the runs behind a comparison: margins for each rng_seed, or shares that failed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ncabench.relation import Comparison, Place
from ncabench.report import outcomes
from ncabench.report.cells import COUNTS, UNFINISHED, Cell, gather
from ncabench.report.chosen import Chosen
from ncabench.report.contexts import Behind, Instance
from ncabench.report.evidence import Evidence
from ncabench.suite.claims import FAILED, OUT_OF_MEMORY
from ncabench.suite.suite import Column, Row, Suite

_EXACT = (*COUNTS, OUT_OF_MEMORY)  # one rng_seed decides


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """The evidence for a comparison, and the rng_seeds that it is from."""

    evidence: Evidence
    rng_seeds: tuple[int, ...] = ()


def weigh(instance: Instance, chosen: Chosen, *, suite: Suite) -> Weighed:
    """Return what the runs of one device say of a comparison."""
    comparison, behind = instance.comparison, instance.behind
    for place, one in behind.items():
        if one.open:
            several = f"{place} stands for several grid points; say which {one.open[0]}"
            return Weighed(evidence=Evidence(obstacle=f"ambiguous: {several}"))
    cells = {place: _cell(one, chosen) for place, one in behind.items()}
    obstacle = "; ".join(text for one in cells.items() if (text := _lost(*one)))
    if any(one.value == FAILED for one in behind.values()):
        return _shares(instance, cells, obstacle=obstacle)
    if any(one.value == OUT_OF_MEMORY for one in behind.values()):
        reasons = [obstacle, *outcomes.of_card(suite, chosen)] if chosen.runs else [obstacle]
        obstacle = "; ".join(filter(None, reasons))
    values = {place: cell.by_rng_seed for place, cell in cells.items()}
    seeds = tuple(sorted(set.intersection(*(set(one) for one in values.values()))))
    margins = [
        _margin(comparison, {place: one[seed] for place, one in values.items()})
        for seed in seeds
    ]
    if not all(map(math.isfinite, margins)):
        return Weighed(evidence=Evidence(obstacle=f"{comparison} divides by zero"))
    found = Evidence(
        margins=tuple(margins),
        equal=comparison.sign in ("<=", ">="),
        exact=all(one.value in _EXACT for one in behind.values()),
        obstacle=obstacle,
    )
    return Weighed(evidence=found, rng_seeds=seeds)


def _margin(comparison: Comparison, values: Mapping[Place, float]) -> float:
    try:
        return float(comparison.margin(values.__getitem__))
    except ZeroDivisionError:
        return math.inf


def _shares(instance: Instance, cells: Mapping[Place, Cell], *, obstacle: str) -> Weighed:
    """Return the evidence for a comparison of how many trainings failed."""
    one = instance.comparison
    sides = [cells[side] for side in (one.left, one.right) if isinstance(side, Place)]
    less, more = sides if one.sign in ("<", "<=") else reversed(sides)
    seeds = tuple(sorted({*less.rng_seeds, *more.rng_seeds}))
    if not (less.n and more.n):
        return Weighed(evidence=Evidence(obstacle=obstacle), rng_seeds=seeds)
    shares = ((int(sum(less.values)), less.n), (int(sum(more.values)), more.n))
    equal = one.sign in ("<=", ">=")
    return Weighed(
        evidence=Evidence(shares=shares, equal=equal, obstacle=obstacle), rng_seeds=seeds
    )


def _cell(behind: Behind, chosen: Chosen) -> Cell:
    if outcomes.is_outcome(behind.value):
        return outcomes.gather(behind, chosen)
    row, column = Row(label="", where=dict(behind.point)), Column(label="", value=behind.value)
    return gather(behind.entries, chosen, row=row, column=column)


def _lost(place: Place, cell: Cell) -> str:
    """Return which rng_seeds of a place failed, in words; those not run are none of them."""
    words = {word: count for word, count in cell.outcomes.items() if word != UNFINISHED}
    return "; ".join(
        f"{place}: {count} of {cell.planned} rng_seeds {word}"
        for word, count in sorted(words.items())
    )
