"""Tables in GitHub's Markdown, with links to the pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tabulate import tabulate

from ncabench.report.formats.text import Style, grid, marked
from ncabench.report.view import CLAIMS, FINDINGS, ClaimView, Document, Picture, TableView


def render(document: Document) -> str:
    """Return the document as Markdown."""
    parts = [f"# {_escaped(document.title)}"]
    parts += [_list(document.summary)] if document.summary else []
    parts += [_table(table) for table in document.tables]
    if document.claims:
        parts.append("\n".join([f"## {CLAIMS}", "", *(_claim(c) for c in document.claims)]))
    if document.findings:
        parts.append(f"## {FINDINGS}\n\n{_list(document.finding_lines)}")
    for heading, pictures in (
        ("Figures", document.figures),
        ("Filmstrips", document.filmstrips),
    ):
        if pictures:
            parts.append(_pictures(heading, pictures))
    return "\n\n".join(parts) + "\n"


def _table(table: TableView) -> str:
    blocks = [f"## {_escaped(marked(table.title, table.marks))}"]
    blocks.append(_list([*table.captions, *filter(None, [table.ranking("Bold")])]))
    for group, columns in table.sections():
        heads, rows = grid(table, columns, style=Style(escape=_escaped, best="**{}**"))
        body = tabulate(rows, headers=heads, tablefmt="github", disable_numparse=True)
        blocks.append(f"**{_escaped(group)}**\n\n{body}" if group else body)
    if table.notes:
        numbered = enumerate(table.notes, start=1)
        blocks.append(_list([f"[{number}] {note}" for number, note in numbered]))
    return "\n\n".join(block for block in blocks if block)


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {_escaped(line)}" for line in lines)


def _claim(claim: ClaimView) -> str:
    head = f"- **{_escaped(claim.head)}**"
    return "\n".join([head, *(f"  - {_escaped(line)}" for line in claim.lines)])


def _pictures(heading: str, pictures: tuple[Picture, ...]) -> str:
    lines = [f"![{_escaped(one.caption)}]({one.path.as_posix()})" for one in pictures]
    return "\n\n".join([f"## {heading}", *lines])


def _escaped(text: str) -> str:
    r"""Return a text that Markdown shows as it is.

    >>> _escaped("a|b_c [1]")
    'a\\|b\\_c \\[1\\]'
    """
    return re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", text)
