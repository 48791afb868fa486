"""Tables as JSON, numbers in full precision."""

from __future__ import annotations

import json
from typing import Any

from ncabench.report.view import ClaimView, Document, Picture, TableView


def render(document: Document) -> str:
    """Return the document as JSON; what is not known is null."""
    content = {
        "title": document.title,
        "summary": list(document.summary),
        "verdicts": dict(document.counts),
        "unreproduced": [dict(one) for one in document.unreproduced],
        "tables": [_table(table) for table in document.tables],
        "claims": [_claim(one) for one in document.claims],
        "findings": [dict(one.exact) for one in document.findings],
        "figures": [_picture(one) for one in document.figures],
        "filmstrips": [_picture(one) for one in document.filmstrips],
    }
    return json.dumps(content, allow_nan=False, ensure_ascii=False, indent=1) + "\n"


def _table(table: TableView) -> dict[str, Any]:
    return {
        "id": table.id,
        "title": table.title,
        "captions": list(table.captions),
        "ranked": table.ranked,
        "columns": [
            {"group": head.group, "label": head.label, "notes": list(head.marks)}
            for head in table.heads
        ],
        "rows": [
            {
                "label": row.label,
                "notes": list(row.marks),
                "cells": [
                    {"measured": cell.measured, "notes": list(cell.all_marks), **cell.exact}
                    for cell in row.cells
                ],
            }
            for row in table.rows
        ],
        "notes": list(table.notes),
        "title_notes": list(table.marks),
    }


def _claim(claim: ClaimView) -> dict[str, Any]:
    return {
        "id": claim.id,
        "word": claim.word,
        "reason": claim.reason,
        "label": claim.label,
        "statement": claim.statement,
        "source": claim.source,
        **claim.exact,
    }


def _picture(picture: Picture) -> dict[str, str]:
    return {"caption": picture.caption, "path": picture.path.as_posix()}
