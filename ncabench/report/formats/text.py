"""Tables for a terminal."""

from __future__ import annotations

import textwrap

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


def grid(
    table: TableView, columns: range, *, wrap: bool = False
) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows of some of a table's columns, printed value and verdict beside."""
    heads = [table.row_head]
    for index in columns:
        head = table.heads[index]
        label = marked(head.label, head.marks)
        heads.append(textwrap.fill(label, _HEAD_CHARS) if wrap else label)
        heads += ["paper"] if head.paired else []
        heads += ["verdict"] if head.judged else []
    rows = []
    for row in table.rows:
        line = [marked(row.label, row.marks)]
        for index in columns:
            line += _beside(row.cells[index], table.heads[index])
        rows.append(line)
    return heads, rows


def _beside(cell: CellView, head: Head) -> list[str]:
    """Return the measured value, and what the head says stands beside it."""
    parts = [marked(cell.measured, cell.marks)]
    parts += [cell.printed] if head.paired else []
    if head.judged:
        parts.append(marked(cell.verdict.text, cell.verdict.marks) if cell.verdict else "")
    return parts


def _claim(claim: ClaimView) -> str:
    return "\n".join([f"  {claim.head}", *(f"    {line}" for line in claim.lines)])


def _table(table: TableView) -> str:
    title = marked(table.title, table.marks)
    blocks = ["\n".join([title, "=" * len(title), *table.captions])]
    for group, columns in table.sections():
        heads, rows = grid(table, columns, wrap=True)
        body = tabulate(rows, headers=heads, tablefmt="simple", disable_numparse=True)
        blocks.append(f"{group}\n{body}" if group else body)
    notes = [f"[{number}] {note}" for number, note in enumerate(table.notes, start=1)]
    return "\n\n".join([*blocks, *(["\n".join(notes)] if notes else [])])
