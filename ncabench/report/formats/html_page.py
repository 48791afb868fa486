"""One page that opens from a file: tables, footnotes, figures inside it."""

from __future__ import annotations

import base64
from html import escape

from ncabench.report.formats.text import CLAIMS
from ncabench.report.view import Document, Head, Picture, RowView, TableView

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 84rem;
  padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0; }
th, td { padding: .25rem .6rem; text-align: right; white-space: nowrap; }
th { font-weight: 600; white-space: normal; vertical-align: bottom; }
th:first-child { text-align: left; white-space: nowrap; }
thead tr:last-child th { border-bottom: 1px solid; }
tbody tr:hover { background: color-mix(in srgb, currentColor 8%, transparent); }
.group { text-align: center; border-bottom: 1px solid; }
.paper { opacity: .7; }
.loud { font-weight: 700; color: #b3261e; }
@media (prefers-color-scheme: dark) { .loud { color: #ff8a80; } }
.notes, .captions { font-size: .9em; }
figure { margin: 1.5rem 0; } img { max-width: 100%; height: auto; background: #fff; }
"""
_LOUD = ("PRESET", "SUBSTITUTE", "SET BY HAND", "EMULATED")


def render(document: Document) -> str:
    """Return the document as one HTML page; only filmstrips are files beside it."""
    title = escape(document.title)
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>",
        f"<h1>{title}</h1>",
        *(_table(table) for table in document.tables),
    ]
    if document.claims:
        items = "".join(f"<li>{escape(claim)}</li>\n" for claim in document.claims)
        parts.append(f"<section>\n<h2>{CLAIMS}</h2>\n<ul>\n{items}</ul>\n</section>")
    if document.figures:
        parts += ["<h2>Figures</h2>", *(_embedded(one) for one in document.figures)]
    if document.filmstrips:
        parts += ["<h2>Filmstrips</h2>", *(_linked(one) for one in document.filmstrips)]
    return "\n".join([*parts, "</main>\n</body>\n</html>\n"])


def _table(table: TableView) -> str:
    captions = "".join(f"<li{_loudness(line)}>{escape(line)}</li>\n" for line in table.captions)
    rows = "\n".join(_row(table, row) for row in table.rows)
    notes = "".join(
        f'<li id="{_anchor(table, number)}">{escape(note)}</li>\n'
        for number, note in enumerate(table.notes, start=1)
    )
    return "\n".join(
        [
            f"<section>\n<h2>{escape(table.title)}{_marks(table, table.marks)}</h2>",
            f'<ul class="captions">\n{captions}</ul>',
            f'<div class="wide" tabindex="0" role="region" aria-label="{escape(table.title)}">',
            f"<table>\n<thead>\n{_groups(table)}{_heads(table)}</thead>",
            f"<tbody>\n{rows}\n</tbody>\n</table>\n</div>",
            f'<ol class="notes">\n{notes}</ol>' if notes else "",
            "</section>",
        ]
    )


def _loudness(line: str) -> str:
    return ' class="loud"' if line.startswith(_LOUD) else ""


def _groups(table: TableView) -> str:
    if not any(head.group for head in table.heads):
        return ""
    cells = ["<td></td>"]
    for group, columns in table.sections():
        width = sum(1 + table.heads[index].paired for index in columns)
        cells.append(
            f'<th colspan="{width}" scope="colgroup" class="group">{escape(group)}</th>'
            if group
            else f'<td colspan="{width}"></td>'
        )
    return f"<tr>{''.join(cells)}</tr>\n"


def _heads(table: TableView) -> str:
    cells = [f'<th scope="col">{escape(table.row_head)}</th>']
    for head in table.heads:
        cells.append(f'<th scope="col">{escape(head.label)}{_marks(table, head.marks)}</th>')
        cells += [_paper_head(head)] if head.paired else []
    return f"<tr>{''.join(cells)}</tr>\n"


def _paper_head(head: Head) -> str:
    label = escape(f"{head.group} {head.label}".strip())
    return f'<th scope="col" class="paper" aria-label="paper: {label}">paper</th>'


def _row(table: TableView, row: RowView) -> str:
    cells = [f'<th scope="row">{escape(row.label)}{_marks(table, row.marks)}</th>']
    for head, cell in zip(table.heads, row.cells, strict=True):
        cells.append(f"<td>{escape(cell.measured)}{_marks(table, cell.marks)}</td>")
        cells += [f'<td class="paper">{escape(cell.printed)}</td>'] if head.paired else []
    return f"<tr>{''.join(cells)}</tr>"


def _marks(table: TableView, marks: tuple[int, ...]) -> str:
    links = ",".join(f'<a href="#{_anchor(table, mark)}">{mark}</a>' for mark in marks)
    return f"<sup>{links}</sup>" if links else ""


def _anchor(table: TableView, number: int) -> str:
    return escape(f"{table.id}-note-{number}".replace(" ", "-"))


def _embedded(picture: Picture) -> str:
    data = base64.b64encode(picture.data).decode()
    return _figure(f"data:image/png;base64,{data}", picture.caption)


def _linked(picture: Picture) -> str:
    return _figure(picture.path.as_posix(), picture.caption)


def _figure(source: str, caption: str) -> str:
    text = escape(caption)
    image = f'<img src="{escape(source)}" alt="{text}" loading="lazy">'
    return f"<figure>{image}<figcaption>{text}</figcaption></figure>"
