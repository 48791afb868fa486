"""What a suite leaves undecided, and how many rng_seeds would decide it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ncabench.plan.entry import Entry
from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report import claims, contexts, judged
from ncabench.report.cells import matching

FIRST = 2  # rng_seeds without which no spread is known


@dataclass(frozen=True, kw_only=True)
class Undecided:
    """A claim or a printed cell that the runs there are leave open.

    Attributes:
        what: ``"claim ID"``, or ``"TABLE: row, column"``.
        entries: what it is read from.
        rng_seeds: how many would decide, or would tell the spread; None where no number is
            known to.
        note: the same in words.
        reason: why it is open.
    """

    what: str
    entries: tuple[Entry, ...]
    rng_seeds: int | None
    note: str
    reason: str


def undecided(plan: Plan, runs: Sequence[StoredRun]) -> tuple[Undecided, ...]:
    """Return what is open: claims first, then cells, in the order of the suite.

    Where fewer than two rng_seeds have run, two are asked for. What lies outside the grid,
    and what no number of rng_seeds could decide, is not among it.
    """
    return (*_claims(plan, runs), *_cells(plan, runs))


def _claims(plan: Plan, runs: Sequence[StoredRun]) -> Iterator[Undecided]:
    for claim, found in zip(plan.suite.claims, claims.judged(plan, runs), strict=True):
        if found.word != "undecided" or not found.rng_seeds_note:
            continue
        behind = {
            entry.id: entry
            for one in contexts.expand(plan, claim).instances
            for each in one.behind.values()
            for entry in each.entries
        }
        few = any(one.n < FIRST for one in found.comparisons)
        yield Undecided(
            what=f"claim {claim.id}",
            entries=tuple(behind.values()),
            rng_seeds=FIRST if few else found.rng_seeds_needed,
            note=found.rng_seeds_note,
            reason=found.reason,
        )


def _cells(plan: Plan, runs: Sequence[StoredRun]) -> Iterator[Undecided]:
    for one in judged.judged(plan, runs):
        places = itertools.product(enumerate(one.table.rows), enumerate(one.table.columns))
        for (line, row), (place, column) in places:
            verdict = one.verdicts[line][place]
            if verdict is None or verdict.word != "undecided":
                continue
            label = f"{column.group} {column.label}".strip()
            yield Undecided(
                what=f"{one.table.id}: {row.label}, {label}",
                entries=tuple(matching(plan.entries, row=row, column=column)),
                rng_seeds=FIRST if verdict.n < FIRST else verdict.rng_seeds_needed,
                note=str(verdict.rng_seeds_needed or "cannot be told"),
                reason=verdict.reason,
            )
