"""Verdicts of costs: ratios to one row of the table, since no two machines are as fast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ncabench.papers.ledger import Printed
from ncabench.report.cells import Cell
from ncabench.report.margins import Margin
from ncabench.report.verdicts import (
    ONE,
    Band,
    Verdict,
    failure,
    no_memory,
    ran_out,
    together,
    within,
)

DIVIDED_BY = "the row that others are divided by"
NO_ROW = "there is no row to divide by"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """The row that costs are divided by: its label, and its cell in the same column."""

    label: str
    cell: Cell


def reference_row(cells: Sequence[Cell], names: Sequence[str], *, wanted: str) -> int | None:
    """Return the index of the row that a column's costs are divided by, or None.

    Args:
        cells: of the column, from the top.
        names: of the rows, as the printed values have them.
        wanted: one of the names, or ``""`` for the first row with a printed value and a
            measured one (of rows that were not run, the first with a printed one).
    """
    printed = [i for i, cell in enumerate(cells) if cell.printed and cell.printed.value]
    if wanted:
        return next((i for i in printed if names[i] == wanted), None)
    return next((i for i in printed if cells[i].n), printed[0] if printed else None)


def judge(
    cell: Cell,
    *,
    reference: Reference | None,
    margin: Margin,
    obstacles: Sequence[str] = (),
    memory: Sequence[str] = (),
    one: str = ONE,
) -> Verdict | None:
    """Return the verdict of a printed cost, by its ratio to the reference row.

    The measured ratio is taken run by run, over the rng_seeds that both rows have. The
    printed one may be anything that the roundings of both strings allow, and the margin more.

    Args:
        cell: of the row.
        reference: the row that it is divided by; None where there is none.
        margin: of a ratio.
        obstacles: reasons why not even a ratio can be compared.
        memory: reasons why running out of memory cannot be compared.
        one: the reason of a verdict on a single ratio.

    Returns:
        None where the paper prints no number.
    """
    printed = cell.printed
    if printed is None or printed.value is None:
        return None
    if no_memory(cell):
        return ran_out([*obstacles, *memory])
    divisor = reference.cell.printed if reference else None
    band = _band(printed, divisor, margin) if divisor else None
    if reference is None or band is None:
        return _undivided(cell, reasons=[*obstacles, NO_ROW])
    if reference.cell is cell:
        return _undivided(cell, reasons=[*obstacles, DIVIDED_BY])
    ratios = _ratios(cell, reference.cell)
    failed = _failure(cell, reference)
    if not ratios and not failed:
        failed = Verdict(
            word="undecided", reason=f"no rng_seed in common with {reference.label}"
        )
    found = within(ratios, band=band, obstacles=obstacles, failure=failed, one=one)
    return replace(found, ratio_to=reference.label)


def _undivided(cell: Cell, *, reasons: Sequence[str]) -> Verdict:
    why = together(reasons)
    return Verdict(
        word="not comparable", reason=why, n=cell.n, mean=cell.mean, interval=cell.interval
    )


def _ratios(cell: Cell, divisor: Cell) -> list[float]:
    below = divisor.by_rng_seed
    return [
        value / below[rng_seed]
        for rng_seed, value in cell.by_rng_seed.items()
        if below.get(rng_seed)
    ]


def _band(printed: Printed, divisor: Printed, margin: Margin) -> Band | None:
    above, below = printed.interval, divisor.interval
    if above is None or below is None or below.low <= 0 or above.low < 0:
        return None
    exact = above / below
    ratio = (printed.value or 0.0) / (divisor.value or 1.0)
    low, high = float(exact.low), float(exact.high)
    return Band(
        printed=ratio,
        margin=margin.of(ratio),
        low=low - margin.of(low),
        high=high + margin.of(high),
    )


def _failure(cell: Cell, reference: Reference) -> Verdict | None:
    mine = failure(cell)
    if mine or not (theirs := failure(reference.cell)):
        return mine
    return Verdict(word="undecided", reason=f"{reference.label}: {theirs.reason}")
