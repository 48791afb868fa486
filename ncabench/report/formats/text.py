"""Tables for a terminal."""

from __future__ import annotations

import textwrap

from tabulate import tabulate

from ncabench.report.view import CellView, Document, TableView

_HEAD_CHARS = 18  # columns of numbers are about as wide


def render(document: Document) -> str:
    """Return the document as plain text, columns aligned."""
    parts = [_table(table) for table in document.tables]
    if document.claims:
        lines = "\n".join(f"  {claim}" for claim in document.claims)
        parts.append(f"{CLAIMS}\n{lines}")
    return "\n\n".join(parts) + "\n"


CLAIMS = "Claims of the paper (not judged by this version)"


def marked(text: str, marks: tuple[int, ...]) -> str:
    """Return a text with its footnote marks.

    >>> marked("OOM", (1, 3))
    'OOM [1,3]'
    """
    return f"{text} [{','.join(map(str, marks))}]" if marks else text


def grid(
    table: TableView, columns: range, *, wrap: bool = False
) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows of some of a table's columns, the printed beside the measured."""
    heads = [table.row_head]
    for index in columns:
        head = table.heads[index]
        label = marked(head.label, head.marks)
        heads.append(textwrap.fill(label, _HEAD_CHARS) if wrap else label)
        heads += ["paper"] if head.paired else []
    rows = []
    for row in table.rows:
        line = [marked(row.label, row.marks)]
        for index in columns:
            line += _pair(row.cells[index], paired=table.heads[index].paired)
        rows.append(line)
    return heads, rows


def _pair(cell: CellView, *, paired: bool) -> list[str]:
    measured = marked(cell.measured, cell.marks)
    return [measured, cell.printed] if paired else [measured]


def _table(table: TableView) -> str:
    title = marked(table.title, table.marks)
    blocks = ["\n".join([title, "=" * len(title), *table.captions])]
    for group, columns in table.sections():
        heads, rows = grid(table, columns, wrap=True)
        body = tabulate(rows, headers=heads, tablefmt="simple", disable_numparse=True)
        blocks.append(f"{group}\n{body}" if group else body)
    notes = [f"[{number}] {note}" for number, note in enumerate(table.notes, start=1)]
    return "\n\n".join([*blocks, *(["\n".join(notes)] if notes else [])])
