"""What `ncabench papers` shows: papers, their tables as printed, every cell, the findings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ncabench.errors import Problem, SuiteError
from ncabench.papers import arithmetic, ledger
from ncabench.papers.ledger import Ledger
from ncabench.papers.printed import SECTION, Table, called

Rows = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A table as text.

    Attributes:
        title: its number, what it shows, and where it stands.
        heads: of its columns, the row's head first.
        rows: its cells as printed, the row's head first.
        notes: what a reader must know of rows and columns.
    """

    title: str
    heads: list[str]
    rows: list[list[str]]
    notes: tuple[str, ...]


def papers() -> Rows:
    """Return a row for each paper: name, version, title, how many tables and cells.

    Cells are those of tables, and numbers of the text outside of them.

    >>> [row["tables"] for row in papers() if row["paper"] == "ncatorch"]
    [6]
    """
    return [_paper(ledger.load(name)) for name in ledger.papers()]


def _paper(book: Ledger) -> dict[str, Any]:
    cells = [cell for table in book.cells.values() for row in table.values() for cell in row]
    return {
        "paper": book.paper,
        "version": book.version,
        "title": book.title,
        "tables": sum(not one.startswith(SECTION) for one in book.tables),
        "cells": len(cells),
    }


def tables(paper: str, numbers: Sequence[str] = ()) -> list[Shown]:
    """Return tables of a paper as it prints them, all where no number is given.

    Raises:
        SuiteError: there is no such paper or table.

    >>> [table] = tables("ncatorch", ["5"])
    >>> table.rows[0]
    ['Without SP', '-196.18', '-125.05']
    """
    book = ledger.load(paper)
    return [_shown(book.one(number)) for number in (numbers or book.tables)]


def _shown(table: Table) -> Shown:
    return Shown(
        title=f"{_called(table)}. {table.title} ({table.source})",
        heads=["", *(_head(table, column) for column in table.columns)],
        rows=[
            [table.row_head(row), *(_text(table, row, column) for column in table.columns)]
            for row in table.rows
        ],
        notes=table.notes,
    )


def _called(table: Table) -> str:
    told = called(table.number)
    return told[0].upper() + told[1:]


def _head(table: Table, column: str) -> str:
    """The column's head, with the unit where it does not say it itself."""
    head = table.column_head(column)
    units = {row[column].unit for row in table.cells.values() if column in row}
    [unit] = units if len(units) == 1 else [""]
    return head if unit in ("", *re.split(r"[\s()]+", head)) else f"{head} ({unit})"


def _text(table: Table, row: str, column: str) -> str:
    cell = table.cells[row].get(column)
    return cell.text if cell else ""


def cells(paper: str, numbers: Sequence[str] = ()) -> Rows:
    """Return every printed cell of a paper, or of some of its tables.

    Raises:
        SuiteError: there is no such paper or table.

    >>> cells("ncatorch", ["5"])[2]["value"]
    58.74
    """
    book = ledger.load(paper)
    return [
        one
        for number in (numbers or book.tables)
        for one in _cells(book.one(number), paper=book.paper, version=book.version)
    ]


def _cells(table: Table, *, paper: str, version: str) -> Rows:
    return [
        {
            "paper": paper,
            "version": version,
            "table": table.number,
            "row": row,
            "row_label": cell.row_label,
            "column": column,
            "column_label": cell.column_label,
            "metric": cell.metric,
            "unit": cell.unit,
            "printed": cell.text,
            "value": cell.value,
            "half_unit": cell.half_unit,
            "out_of_memory": cell.out_of_memory,
            "seeds": cell.seeds,
            "hardware": cell.hardware,
            "source": cell.source,
            "note": cell.note,
        }
        for row, found in table.cells.items()
        for column, cell in found.items()
    ]


def findings(paper: str | None, numbers: Sequence[str] = ()) -> Rows:
    """Return what the printed numbers say of each other, of one paper or of all.

    Raises:
        SuiteError: there is no such paper or table.

    >>> sorted({row["verdict"] for row in findings("ncatorch", ["5"])})
    ['agrees', 'holds']
    """
    return [
        {"paper": name, **one.as_json()}
        for name in ([paper] if paper else ledger.papers())
        for one in arithmetic.findings(name, numbers or None)
    ]


def check_named(paper: str | None, numbers: Sequence[str]) -> None:
    """Refuse tables that are asked for without their paper.

    Raises:
        SuiteError: no paper is named.
    """
    if paper is None and numbers:
        what = "a table is one of a paper's, and no paper is named"
        raise SuiteError("", [Problem(where="--table", what=what, accepted=ledger.papers())])
