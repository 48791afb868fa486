"""What a paper's printed numbers say of each other, before anything is measured.

A printed number stands for all values that round to it, and every result is an interval over
them: scores that recoveries imply, rows that no score fits, one measurement printed as two
numbers, and prose that its own table contradicts.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import combinations

from ncabench.papers import ledger, prose, recoveries
from ncabench.papers.finding import Finding
from ncabench.papers.ledger import Ledger
from ncabench.papers.printed import called
from ncabench.papers.said import Same


def findings(paper: str, tables: Collection[str] | None = None) -> tuple[Finding, ...]:
    """Return what a paper's numbers say of each other: recoveries, repetitions, statements.

    Args:
        paper: its short name.
        tables: only what touches these tables; all where None.

    Raises:
        SuiteError: there is no such paper or table.

    >>> [one.verdict for one in findings("ncatorch", ["5"]) if one.kind == "same"]
    ['agrees', 'agrees']
    """
    return of_ledger(ledger.load(paper), tables)


def of_ledger(book: Ledger, tables: Collection[str] | None = None) -> tuple[Finding, ...]:
    """Return what a ledger's numbers say of each other; as `findings`.

    Raises:
        SuiteError: there is no such table.
    """
    wanted = {book.one(number).number for number in (book.tables if tables is None else tables)}
    found = [
        *(one for table in book.tables.values() for one in recoveries.of_table(table)),
        *(_same(one, book) for one in book.same),
        *(prose.judge(one, book.one(one.table)) for one in book.statements),
    ]
    return tuple(one for one in found if wanted & set(one.tables))


def _same(one: Same, book: Ledger) -> Finding:
    told: dict[str, list[str]] = {}
    intervals = []
    for number, row, column in one.cells:
        table = book.tables[number]
        place = f"{called(number)} ({table.row_head(row)}, {table.column_head(column)})"
        told.setdefault(table.cells[row][column].text, []).append(place)
        intervals.append(table.interval(row, column))
    pairs = combinations([each for each in intervals if each], 2)
    agrees = all(first.overlaps(second) for first, second in pairs)
    numbers = "; ".join(f"{text} in {', '.join(places)}" for text, places in told.items())
    return Finding(
        kind="same",
        verdict="agrees" if agrees else "differs",
        text=f"{one.what}: {numbers}",
        tables=tuple(dict.fromkeys(number for number, _, _ in one.cells)),
        rows=tuple(dict.fromkeys(row for _, row, _ in one.cells)),
        columns=tuple(dict.fromkeys(column for _, _, column in one.cells)),
        source=one.source,
    )
