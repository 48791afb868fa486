"""Which values of a column are the best, and which cannot be told from the best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ncabench.report.cells import COUNTS, Cell
from ncabench.report.comparison.judging import holm
from ncabench.stats.pairs import paired
from ncabench.suite.suite import Column, Row, Table

LEVEL = 0.95
PROBLEM = ("task", "perturbation", "protocol")  # rows compete where they agree on these
RANKED = (
    "the best mean of its column, and the next ones down to the first that can be told from it "
    f"(t tests paired by rng_seed, Holm's correction, {100 * LEVEL:g} %), among rows of the "
    "same task whose rng_seeds all have a value; nowhere with fewer than two rng_seeds, or if "
    "no row can be told from the best."
)
UNRANKED = (
    "No value is marked as the best: in no column are there two rows of the same task, each "
    "of two rng_seeds or more, that can be told apart."
)
Ranks = tuple[tuple[bool | None, ...], ...]


def ranked(table: Table, cells: Sequence[Sequence[Cell]]) -> Ranks:
    """Say of every cell of a table whether it is the best of its column, or ties with it.

    A single rng_seed ranks nothing, except in what is counted; nor does a row compete of
    which some rng_seeds failed, since those that survive are no fair sample.

    Args:
        table: whose columns say which way is good.
        cells: by row and column.

    Returns:
        By row and column. None where nothing is ranked: the column has no better way, the
        row does not compete, or no row that does can be told from the best.
    """
    columns = [
        _column(table.rows, [line[place] for line in cells], column=column)
        for place, column in enumerate(table.columns)
    ]
    return tuple(zip(*columns, strict=True))


def meaning(table: Table, ranks: Ranks) -> str:
    """Return what it says to be the best, or why nothing is; ``""`` with nothing to rank."""
    if any(map(any, ranks)):
        return RANKED
    wanted = len(table.rows) > 1 and any(column.better != "none" for column in table.columns)
    return UNRANKED if wanted else ""


def _column(
    rows: Sequence[Row], cells: Sequence[Cell], *, column: Column
) -> tuple[bool | None, ...]:
    found: list[bool | None] = [None] * len(cells)
    if column.better == "none":
        return tuple(found)
    sign = 1.0 if column.better == "higher" else -1.0
    least = 1 if column.value in COUNTS else 2
    for places in _contests(rows):
        rivals = [at for at in places if cells[at].planned == cells[at].n >= least]
        near = _nearest([cells[at] for at in rivals], sign=sign, counted=least == 1)
        if not all(near):
            for at, one in zip(rivals, near, strict=True):
                found[at] = one
    return tuple(found)


def _contests(rows: Sequence[Row]) -> Iterator[list[int]]:
    """Yield the places of the rows that are about the same problem."""
    problems = [tuple(row.where.get(axis) for axis in PROBLEM) for row in rows]
    for problem in dict.fromkeys(problems):
        yield [place for place, one in enumerate(problems) if one == problem]


def _nearest(cells: Sequence[Cell], *, sign: float, counted: bool) -> list[bool]:
    """Say of each cell whether it is the best, or comes before any that is told from it.

    A row that spreads so widely that nothing is known of it is not among the best where
    another with a better mean is not.
    """
    if len(cells) < 2:
        return []
    order = sorted(cells, key=lambda cell: -sign * _mean(cell))
    chances = [None if counted else _chance(order[0], cell) for cell in order]
    surely = iter(holm([one for one in chances if one is not None], level=LEVEL))
    told = [
        cell.mean != order[0].mean if counted else chance is not None and next(surely)
        for cell, chance in zip(order, chances, strict=True)
    ]
    kept = order[: told.index(True)] if True in told else order
    return [any(cell is one for one in kept) for cell in cells]


def _chance(best: Cell, cell: Cell) -> float | None:
    """Return the p value of no difference; None for the best itself, and without two pairs."""
    ours, theirs = best.by_rng_seed, cell.by_rng_seed
    shared = ours.keys() & theirs.keys()
    return paired(ours, theirs).p_value if cell is not best and len(shared) > 1 else None


def _mean(cell: Cell) -> float:
    assert cell.mean is not None
    return cell.mean
