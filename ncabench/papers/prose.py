"""What the prose says of a table, held against the table's own numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ncabench.interval import Interval, Word, combined, word
from ncabench.papers.finding import Finding, Verdict
from ncabench.papers.printed import Table
from ncabench.papers.said import Statement
from ncabench.relation import Comparison, Part, Place


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """One comparison in one column; ``word`` is None where a number of it is not printed."""

    comparison: Comparison
    column: str
    word: Word | None


class _NotPrinted(Exception):
    """A comparison reads a cell that holds no number."""


def judge(statement: Statement, table: Table) -> Finding:
    """Return whether a statement of the prose holds on the numbers as printed.

    It must hold in each of its columns. A comparison with a cell that holds no number is left
    out, and told.
    """
    judged: list[_Judged] = []
    words: list[Word] = []
    for column in statement.columns:
        for part in statement.relation.parts:
            found = list(_compared(part, column, statement, table))
            told = [one.word for one in found if one.word]
            judged += found
            words += [combined(told, part.quantifier)] if told else []
    verdict: Verdict = combined(words, "every") if words else "not printed"
    doubtful = [one for one in judged if one.word == verdict] if verdict != "holds" else judged
    places = [place for one in doubtful for place in one.comparison.places()]
    return Finding(
        kind="statement",
        verdict=verdict,
        text=_text(statement, table, verdict=verdict, judged=judged),
        tables=(statement.table,),
        rows=tuple(dict.fromkeys(place.names[0] for place in places)),
        columns=tuple(dict.fromkeys(one.column for one in doubtful)),
        source=statement.source,
        id=statement.id,
    )


def _compared(part: Part, column: str, statement: Statement, table: Table) -> Iterator[_Judged]:
    def read(place: Place) -> Interval:
        found = table.interval(place.names[0], place.value or column)
        if found is None:
            raise _NotPrinted
        return found

    for one in part.over(statement.rows or tuple(table.rows)):
        try:
            told: Word | None = word(one.margin(read), one.sign)
        except _NotPrinted:
            told = None
        yield _Judged(comparison=one, column=column, word=told)


def _text(
    statement: Statement, table: Table, *, verdict: Verdict, judged: list[_Judged]
) -> str:
    lines = [statement.says]
    if verdict in ("contradicted", "within rounding"):
        lines += [_numbers(one, table) for one in judged if one.word == verdict]
    absent = [f"{one.comparison} in {one.column}" for one in judged if one.word is None]
    if absent:
        lines.append(f"not printed: {', '.join(absent)}")
    return "; ".join(line.rstrip(".") for line in lines)


def _numbers(one: _Judged, table: Table) -> str:
    cells = [
        f"{table.row_head(place.names[0])} "
        f"{table.cells[place.names[0]][place.value or one.column].text}"
        for place in one.comparison.places()
    ]
    return f"{one.comparison} in {one.column}: {', '.join(cells)}"
