"""A suite's tables and claims, judged and ready for the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report import claims, statements, tables
from ncabench.report.judged import JudgedTable
from ncabench.report.judged import judged as judge
from ncabench.report.view import ClaimView, TableView


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What the page shows of one suite.

    Attributes:
        plan: of the suite.
        runs: those stored of its entries.
        judged: its tables, every cell with its runs and its verdict.
        views: the same tables as every format writes them, in the same order.
        claims: of the paper, in the order of the suite.
        summary: how many printed cells and claims hold, a line each, as in its report.
    """

    plan: Plan
    runs: tuple[StoredRun, ...]
    judged: tuple[JudgedTable, ...]
    views: tuple[TableView, ...]
    claims: tuple[ClaimView, ...]
    summary: tuple[str, ...]


def gather(plan: Plan, runs: Sequence[StoredRun]) -> Gathered:
    """Return a suite's tables and claims from what is stored, of this suite and of others."""
    wanted = {(entry.role, entry.id) for entry in plan.entries}
    mine = tuple(run for run in runs if (run.role, run.id) in wanted)
    judged, weighed = judge(plan, mine), claims.judged(plan, mine)
    return Gathered(
        plan=plan,
        runs=mine,
        judged=judged,
        views=tables.views(plan, judged),
        claims=statements.claim_views(weighed),
        summary=statements.summary(statements.counts(judged), weighed),
    )
