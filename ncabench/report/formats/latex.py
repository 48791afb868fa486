"""Tables in LaTeX with booktabs; each group of columns under a head that spans it."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence

from ncabench.report.view import (
    CLAIMS,
    FINDINGS,
    SIGNS,
    CellView,
    ClaimView,
    Document,
    Head,
    TableView,
    VerdictView,
)

PREAMBLE = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage[a4paper,landscape,margin=12mm]{geometry}
\usepackage{booktabs}
\usepackage{graphicx}
"""
_LATIN_1_END = 0x100
_HEAD_CHARS = 18
_WIDE = 6  # columns beyond which a table is shrunk to the width of the line
_SPECIAL = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
    "[": "{[}",
    "]": "{]}",
    '"': "''",
    "\u00b0": r"$^\circ$",
    "\u00b1": r"$\pm$",
    "\u00b5": r"$\mu$",
    "\u00b7": r"$\cdot$",
    "\u00d7": r"$\times$",
    "\u2013": "--",
    "\u2014": "---",
    "\u2019": "'",
    "\u201c": "``",
    "\u201d": "''",
    "\u2026": r"\ldots{}",
    "\u2192": r"$\rightarrow$",
    "\u2212": "$-$",
    "\u2260": r"$\neq$",
    "\u2264": r"$\leq$",
    "\u2265": r"$\geq$",
}


def render(document: Document) -> str:
    r"""Return the tables, to be ``\input`` into a document that loads booktabs and graphicx."""
    parts = [_lines(document.summary)] if document.summary else []
    parts += [_table(table) for table in document.tables]
    if document.claims:
        parts.append(_list(CLAIMS, [_claim(one) for one in document.claims]))
    if document.findings:
        items = [escaped(line) for line in document.finding_lines]
        parts.append(_list(FINDINGS, items))
    return "\n\n".join(parts) + "\n"


def standalone(body: str) -> str:
    """Return a whole document around rendered tables."""
    return f"{PREAMBLE}\\begin{{document}}\n{body}\\end{{document}}\n"


def escaped(text: str) -> str:
    r"""Return a text that LaTeX sets as it is, in any font; a letter it may lack is ``?``.

    >>> print(escaped("50 % of a_b \u00b1 1"))
    50 \% of a\_b $\pm$ 1
    """
    return "".join(_SPECIAL.get(char) or _letter(char) for char in text)


def _letter(char: str) -> str:
    if char.isascii():
        return char
    plain = unicodedata.normalize("NFKD", char)
    if ord(char) < _LATIN_1_END and len(plain) > 1:
        return char  # an accented letter of Latin 1, which every font can set
    return plain.encode("ascii", "ignore").decode() or "?"


def _table(table: TableView) -> str:
    body = "\n".join(
        [
            rf"\begin{{tabular}}{{@{{}}l{''.join(_spec(head) for head in table.heads)}@{{}}}}",
            r"\toprule",
            *_groups(table),
            _line([escaped(table.row_head), *_heads(table)]),
            r"\midrule",
            *(_row(table, index) for index in range(len(table.rows))),
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )
    if sum(_width(head) for head in table.heads) > _WIDE:
        body = f"\\resizebox{{\\linewidth}}{{!}}{{%\n{body}}}"
    lines = [
        r"\begin{table}[htbp]",
        r"\centering",
        rf"\caption{{{escaped(table.title)}{_marks(table.marks)} {_captions(table)}}}",
        rf"\label{{tab:{_label(table.id)}}}\par\vspace{{1ex}}",
        body,
        *_notes(table),
        r"\end{table}",
    ]
    return "\n".join(lines)


def _spec(head: Head) -> str:
    return "r@{\\quad}r" if head.paired else "r"


def _width(head: Head) -> int:
    return 2 if head.paired else 1


def _groups(table: TableView) -> list[str]:
    if not any(head.group for head in table.heads):
        return []
    cells, rules, at = [""], [], 2
    for group, columns in table.sections():
        width = sum(_width(table.heads[index]) for index in columns)
        cells.append(rf"\multicolumn{{{width}}}{{c}}{{{escaped(group)}}}")
        if group:
            rules.append(rf"\cmidrule(lr){{{at}-{at + width - 1}}}")
        at += width
    return [_line(cells), "".join(rules)]


def _heads(table: TableView) -> list[str]:
    cells = []
    for head in table.heads:
        broken = textwrap.wrap(head.label, _HEAD_CHARS)
        stacked = r"\\".join(escaped(line) for line in broken)
        label = rf"\shortstack{{{stacked}{_marks(head.marks)}}}"
        cells.append(rf"\multicolumn{{1}}{{c}}{{{label}}}")
        cells += [r"\multicolumn{1}{c}{paper}"] if head.paired else []
    return cells


def _row(table: TableView, index: int) -> str:
    row = table.rows[index]
    cells = [f"{escaped(row.label)}{_marks(row.marks)}"]
    for head, cell in zip(table.heads, row.cells, strict=True):
        cells += _pair(cell, paired=head.paired)
    return _line(cells)


def _pair(cell: CellView, *, paired: bool) -> list[str]:
    measured = f"{escaped(cell.measured)}{_marks(cell.marks)}"
    return (
        [measured, f"{escaped(cell.printed)}{_verdict(cell.verdict)}"] if paired else [measured]
    )


def _verdict(verdict: VerdictView | None) -> str:
    """Return the sign after a printed value; the legend under the table has the words."""
    if verdict is None:
        return ""
    needs = f"$_{{{verdict.needs}}}$" if verdict.needs else ""
    return rf"\,{escaped(verdict.sign)}{needs}{_marks(verdict.marks)}"


def _legend(table: TableView) -> list[str]:
    """Return what the signs mean that stand in a table."""
    found = [cell.verdict for row in table.rows for cell in row.cells if cell.verdict]
    used = {one.word for one in found}
    signs = [escaped(f"{sign} {word}") for word, sign in SIGNS.items() if word in used]
    if any(one.needs for one in found):
        signs.append("below it the rng\\_seeds that would decide")
    return [rf"After the paper's values: {', '.join(signs)}.\par"] if signs else []


def _lines(lines: Sequence[str]) -> str:
    return "\n\n".join(rf"\noindent {escaped(line)}" for line in lines)


def _list(heading: str, items: Sequence[str]) -> str:
    body = "\n".join(rf"  \item {item}" for item in items)
    return f"\\paragraph{{{escaped(heading)}}}\n\\begin{{itemize}}\n{body}\n\\end{{itemize}}"


def _claim(claim: ClaimView) -> str:
    lines = [rf"\textbf{{{escaped(claim.head)}.}}", *map(escaped, claim.lines)]
    return "\\newline\n  ".join(lines)


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _marks(marks: tuple[int, ...]) -> str:
    return rf"\textsuperscript{{{','.join(map(str, marks))}}}" if marks else ""


def _captions(table: TableView) -> str:
    return escaped(" ".join(table.captions))


def _notes(table: TableView) -> list[str]:
    legend = _legend(table)
    if not (table.notes or legend):
        return []
    notes = [
        rf"\textsuperscript{{{number}}} {escaped(note)}\par"
        for number, note in enumerate(table.notes, start=1)
    ]
    width = r"\begin{minipage}{\linewidth}\footnotesize\raggedright\vspace{1ex}"
    return [r"\par", width, *legend, *notes, r"\end{minipage}"]


def _label(id: str) -> str:
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in id)
