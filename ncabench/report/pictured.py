"""Which evaluations curves and filmstrips are drawn of."""

from __future__ import annotations

from ncabench.plan.entry import Entry
from ncabench.plan.planner import Plan


def evaluations(plan: Plan) -> list[Entry]:
    """Return the evaluations that some row of a table shows, in the order of the plan.

    Of a suite without tables, all of them. Entries that only a check compares, such as
    short probes, would be lines and pictures without a row to explain them.
    """
    wheres = [row.where for table in plan.suite.tables for row in table.rows]
    every = list(plan.of("evaluation"))
    return [one for one in every if any(map(one.serves, wheres))] if wheres else every
