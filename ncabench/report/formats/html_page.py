"""One page that opens from a file: tables, footnotes, figures inside it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

from ncabench.report.view import (
    CLAIMS,
    FINDINGS,
    ClaimView,
    Document,
    Head,
    Picture,
    RowView,
    TableView,
    VerdictView,
)

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
.verdict { text-align: left; }
.loud { font-weight: 700; color: #b3261e; }
.reproduced, .supported { color: #1b6e20; }
.differs, .refuted { color: #b3261e; font-weight: 600; }
.not-comparable { opacity: .7; }
.summary { font-weight: 600; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
@media (prefers-color-scheme: dark) {
  .loud, .differs, .refuted { color: #ff8a80; } .reproduced, .supported { color: #81c784; }
}
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
        *_summary(document),
        *(_table(table) for table in document.tables),
    ]
    if document.claims:
        items = [_claim(one) for one in document.claims]
        parts.append(_list(CLAIMS, items, kind="claims"))
    if document.findings:
        items = [escape(line) for line in document.finding_lines]
        parts.append(_list(FINDINGS, items, kind="findings"))
    if document.figures:
        parts += ["<h2>Figures</h2>", *(_embedded(one) for one in document.figures)]
    if document.filmstrips:
        parts += ["<h2>Filmstrips</h2>", *(_linked(one) for one in document.filmstrips)]
    return "\n".join([*parts, "</main>\n</body>\n</html>\n"])


def _summary(document: Document) -> list[str]:
    if not document.summary:
        return []
    return [f'<p class="summary">{"<br>".join(map(escape, document.summary))}</p>']


def _list(heading: str, items: Sequence[str], *, kind: str) -> str:
    body = "".join(f"<li>{item}</li>\n" for item in items)
    title = f"<h2>{escape(heading)}</h2>"
    return f'<section>\n{title}\n<ul class="{kind}">\n{body}</ul>\n</section>'


def _claim(claim: ClaimView) -> str:
    head = f'<b class="{escape(claim.word)}">{escape(claim.head)}</b>'
    return "<br>".join([head, *map(escape, claim.lines)])


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
            f'<table>\n<caption class="unseen">{escape(table.title)}</caption>',
            f"<thead>\n{_groups(table)}{_heads(table)}</thead>",
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
        width = sum(_width(table.heads[index]) for index in columns)
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
        cells += [_paper_head(head, "paper")] if head.paired else []
        cells += [_paper_head(head, "verdict")] if head.judged else []
    return f"<tr>{''.join(cells)}</tr>\n"


def _width(head: Head) -> int:
    return 1 + head.paired + head.judged


def _paper_head(head: Head, what: str) -> str:
    label = escape(f"{head.group} {head.label}".strip())
    return f'<th scope="col" class="{what}" aria-label="{what}: {label}">{what}</th>'


def _row(table: TableView, row: RowView) -> str:
    cells = [f'<th scope="row">{escape(row.label)}{_marks(table, row.marks)}</th>']
    for head, cell in zip(table.heads, row.cells, strict=True):
        cells.append(f"<td>{escape(cell.measured)}{_marks(table, cell.marks)}</td>")
        cells += [f'<td class="paper">{escape(cell.printed)}</td>'] if head.paired else []
        cells += [_verdict(table, cell.verdict)] if head.judged else []
    return f"<tr>{''.join(cells)}</tr>"


def _verdict(table: TableView, verdict: VerdictView | None) -> str:
    if verdict is None:
        return '<td class="verdict"></td>'
    title = escape(f"{verdict.word}: {verdict.reason}" if verdict.reason else verdict.word)
    kind = verdict.word.replace(" ", "-")
    text = f'<span title="{title}">{escape(verdict.text)}</span>'
    return f'<td class="verdict {kind}">{text}{_marks(table, verdict.marks)}</td>'


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
