"""Tables in long form: one line for each cell, numbers in full precision."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from ncabench.report.view import Document, TableView

_PLACE = ("table", "row", "group", "column", "measured", "notes")


def render(document: Document) -> str:
    """Return every cell of the document's tables as a line of CSV.

    A quantity that is not known is empty; lists and mappings are JSON.
    """
    lines = [line for table in document.tables for line in _lines(table)]
    names = dict.fromkeys([*_PLACE, *(name for line in lines for name in line)])
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(names), lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows({name: _plain(value) for name, value in line.items()} for line in lines)
    return buffer.getvalue()


def _lines(table: TableView) -> list[dict[str, Any]]:
    return [
        {
            "table": table.id,
            "row": row.label,
            "group": head.group,
            "column": head.label,
            "measured": cell.measured,
            "notes": sorted({*table.marks, *row.marks, *head.marks, *cell.all_marks}),
            **cell.exact,
        }
        for row in table.rows
        for head, cell in zip(table.heads, row.cells, strict=True)
    ]


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str | int):
        return str(value)
    return json.dumps(value) if value else ""
