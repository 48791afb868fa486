"""Tables for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from tabulate import tabulate

from ncabench.report.view import (
    CLAIMS,
    FINDINGS,
    CellView,
    ClaimView,
    Document,
    Head,
    TableView,
)

_HEAD_CHARS = 18  # columns of numbers are about as wide


def render(document: Document) -> str:
    """Return the document as plain text, columns aligned."""
    parts = ["\n".join(document.summary)] if document.summary else []
    parts += [_table(table) for table in document.tables]
    if document.claims:
        parts.append("\n".join([CLAIMS, *(_claim(one) for one in document.claims)]))
    if document.findings:
        lines = [f"  {line}" for line in document.finding_lines]
        parts.append("\n".join([FINDINGS, *lines]))
    return "\n\n".join(parts) + "\n"


def marked(text: str, marks: tuple[int, ...]) -> str:
    """Return a text with its footnote marks.

    >>> marked("OOM", (1, 3))
    'OOM [1,3]'
    """
    return f"{text} [{','.join(map(str, marks))}]" if marks else text


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a format writes the cells of a grid.

    Attributes:
        escape: makes a text show as it is.
        best: where the measured value stands in a cell that is the best of its column.
        head_chars: where heads are wrapped; 0 for nowhere.
    """

    escape: Callable[[str], str] = str
    best: str = "{} *"
    head_chars: int = 0


def grid(
    table: TableView, columns: range, *, style: Style
) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows of some of a table's columns, printed value and verdict beside."""
    heads = [table.row_head]
    for index in columns:
        head = table.heads[index]
        label = marked(head.label, head.marks)
        heads.append(textwrap.fill(label, style.head_chars) if style.head_chars else label)
        heads += ["paper"] if head.paired else []
        heads += ["verdict"] if head.judged else []
    rows = []
    for row in table.rows:
        line = [style.escape(marked(row.label, row.marks))]
        for index in columns:
            line += _beside(row.cells[index], table.heads[index], style=style)
        rows.append(line)
    return [style.escape(head) for head in heads], rows


def _beside(cell: CellView, head: Head, *, style: Style) -> list[str]:
    """Return the measured value, and what the head says stands beside it."""
    measured = style.escape(cell.measured)
    measured = style.best.format(measured) if cell.best else measured
    parts = [f"{measured}{style.escape(marked('', cell.marks))}"]
    parts += [style.escape(cell.printed)] if head.paired else []
    if head.judged:
        told = marked(cell.verdict.text, cell.verdict.marks) if cell.verdict else ""
        parts.append(style.escape(told))
    return parts


def _claim(claim: ClaimView) -> str:
    return "\n".join([f"  {claim.head}", *(f"    {line}" for line in claim.lines)])


def _table(table: TableView) -> str:
    title = marked(table.title, table.marks)
    said = filter(None, [*table.captions, table.ranking("*")])
    blocks = ["\n".join([title, "=" * len(title), *said])]
    for group, columns in table.sections():
        heads, rows = grid(table, columns, style=Style(head_chars=_HEAD_CHARS))
        body = tabulate(rows, headers=heads, tablefmt="simple", disable_numparse=True)
        blocks.append(f"{group}\n{body}" if group else body)
    notes = [f"[{number}] {note}" for number, note in enumerate(table.notes, start=1)]
    return "\n\n".join([*blocks, *(["\n".join(notes)] if notes else [])])
