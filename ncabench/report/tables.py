"""A suite's tables of measured quality, in the paper's own order, the printed beside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ncabench.plan.planner import Plan
from ncabench.report import captions, footnotes, heads, ranking
from ncabench.report.cells import COUNTS, Cell
from ncabench.report.judged import JudgedTable
from ncabench.report.rendered import measured
from ncabench.report.verdicts import Verdict
from ncabench.report.view import (
    CellView,
    Head,
    Notes,
    RowView,
    TableView,
    VerdictView,
)
from ncabench.suite.suite import Column, Suite, Table

TOLD_FROM = 3  # cells from which a verdict that most share is told once
_VERDICT = (
    *("verdict", "verdict_reason", "margin", "printed_low", "printed_high"),
    *("within_spread", "rng_seeds_needed"),
)


def views(plan: Plan, judged: Sequence[JudgedTable]) -> tuple[TableView, ...]:
    """Return the judged tables of the plan's suite.

    Nothing in them depends on when, how fast or on which host the runs ran: the same
    numbers give the same tables, byte for byte.
    """
    return tuple(_view(plan, judged=one) for one in judged)


def _view(plan: Plan, *, judged: JudgedTable) -> TableView:
    suite, table, notes, told = plan.suite, judged.table, Notes(), _common(judged)
    deviations = footnotes.Deviations(suite, table=table, entries=plan.entries)
    marks = notes.marks(deviations.on_title())
    columns = tuple(
        _head(suite, judged, place=place, deviations=deviations.on_column(place), notes=notes)
        for place in range(len(table.columns))
    )
    ranks, rows = ranking.ranked(table, judged.cells), []
    for place, row in enumerate(table.rows):
        row_marks = notes.marks(deviations.on_row(place))
        cells = []
        for beside, column in enumerate(table.columns):
            cell, verdict = judged.cells[place][beside], judged.verdicts[place][beside]
            texts = [*deviations.on_cell(place, beside), *footnotes.of_cell(cell)]
            shown = _cell_view(suite, column, cell=cell, marks=notes.marks(texts))
            shown = _with_verdict(shown, verdict, told=told, notes=notes)
            cells.append(_with_rank(shown, ranks[place][beside]))
        rows.append(RowView(label=row.label, cells=tuple(cells), marks=row_marks))
    return TableView(
        id=table.id,
        title=table.title,
        captions=(
            *captions.quality(suite, table=table, chosen=judged.chosen),
            *captions.verdicts(judged, told=told),
        ),
        row_head=_row_head(table),
        heads=columns,
        rows=tuple(rows),
        notes=notes.texts,
        marks=marks,
        ranked=ranking.meaning(table, ranks),
    )


def _common(judged: JudgedTable) -> Verdict | None:
    """Return the verdict that most cells share, to be told once; None where none does."""
    found = [one for line in judged.verdicts for one in line if one is not None]
    counts = Counter((one.word, one.reason) for one in found if not _aside(one))
    if not counts:
        return None
    (word, reason), count = counts.most_common(1)[0]
    enough = count >= TOLD_FROM and 2 * count > len(found)
    return Verdict(word=word, reason=reason) if enough else None


def _aside(verdict: Verdict) -> bool:
    """Tell whether a verdict has more to say than its word and reason."""
    more = verdict.rng_seeds_needed or _ratio(verdict)
    return bool(more) or len(footnotes.of_verdict(verdict)) > 1


def _ratio(verdict: Verdict) -> str:
    if not verdict.ratio_to or verdict.mean is None or verdict.printed is None:
        return ""
    return f"{verdict.mean:.3g} for {verdict.printed:.3g}"


def _head(
    suite: Suite,
    judged: JudgedTable,
    *,
    place: int,
    deviations: Sequence[str],
    notes: Notes,
) -> Head:
    column = judged.table.columns[place]
    printed = [line[place].printed for line in judged.cells]
    cells = [cell for cell in printed if cell is not None]
    texts = [*deviations, *footnotes.of_margin(column, cells)]
    return Head(
        label=heads.head(suite, column, printed_metric=cells[0].metric if cells else ""),
        group=column.group,
        paired=bool(cells),
        judged=any(line[place] for line in judged.verdicts),
        marks=notes.marks(texts),
    )


def _cell_view(suite: Suite, column: Column, *, cell: Cell, marks: tuple[int, ...]) -> CellView:
    exact = column.value in COUNTS
    text = measured(cell, decimals=0 if exact else column.decimals, exact=exact)
    text = text.replace("OOM", captions.oom_word(suite))
    printed = cell.printed.text if cell.printed else ""
    return CellView(measured=text, printed=printed, marks=marks, exact=_exact(column, cell))


def _with_verdict(
    cell: CellView, verdict: Verdict | None, *, told: Verdict | None, notes: Notes
) -> CellView:
    exact = {**cell.exact, **_judged(verdict)}
    if verdict is None:
        return replace(cell, exact=exact)
    same = told is not None and (told.word, told.reason) == (verdict.word, verdict.reason)
    same = same and not _aside(verdict)
    shown = VerdictView(
        word=verdict.word,
        reason=verdict.reason,
        needs=str(verdict.rng_seeds_needed or ""),
        ratio=_ratio(verdict),
        told=same,
        marks=() if same else notes.marks(footnotes.of_verdict(verdict)),
    )
    return replace(cell, verdict=shown, exact=exact)


def _with_rank(cell: CellView, rank: bool | None) -> CellView:
    return replace(cell, best=bool(rank), exact={**cell.exact, "best": rank})


def _exact(column: Column, cell: Cell) -> dict[str, Any]:
    printed, interval = cell.printed, cell.interval
    return {
        "value": column.value,
        "n": cell.n,
        "planned": cell.planned,
        "mean": cell.mean,
        "sd": cell.sd,
        "interval_low": interval.low if interval else None,
        "interval_high": interval.high if interval else None,
        "values": list(cell.values),
        "rng_seeds": list(cell.rng_seeds),
        "failed": dict(sorted(cell.outcomes.items())),
        "not_run": cell.missing,
        "printed": printed.text if printed else None,
        "printed_value": printed.value if printed else None,
        "printed_half_unit": printed.half_unit if printed else None,
    }


def _judged(verdict: Verdict | None) -> dict[str, Any]:
    """Return a verdict's fields; bands of costs are of the ratio to another row."""
    if verdict is None:
        return dict.fromkeys(_VERDICT)
    exact = {
        "verdict": verdict.word,
        "verdict_reason": verdict.reason,
        "margin": verdict.margin,
        "printed_low": verdict.low,
        "printed_high": verdict.high,
        "within_spread": verdict.within_spread,
        "rng_seeds_needed": verdict.rng_seeds_needed,
    }
    if verdict.ratio_to:
        interval = verdict.interval
        exact |= {
            "ratio_to": verdict.ratio_to,
            "ratio": verdict.mean,
            "printed_ratio": verdict.printed,
            "ratio_low": interval.low if interval else None,
            "ratio_high": interval.high if interval else None,
        }
    return exact


def _row_head(table: Table) -> str:
    axes = [axis for row in table.rows for axis in row.where]
    for axis, name in (("perception", "Perception"), ("recipe", "Training setup")):
        if axis in axes:
            return name
    return axes[0].capitalize() if axes else "Row"
