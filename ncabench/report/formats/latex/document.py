"""A report in LaTeX: a document that compiles as it is, of files that a paper can take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ncabench.report.formats.latex import macros, tables
from ncabench.report.formats.latex.escaping import comment, escaped, slug, slugs
from ncabench.report.view import CLAIMS, FINDINGS, ClaimView, Document, TableView

FOLDER = Path("tables")
_PREAMBLE = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage[a4paper,margin=18mm]{geometry}
\usepackage{booktabs}
\usepackage{graphicx}
\input{macros}
\makeatletter % a caption outside of a float, so that long notes can break over pages
\newcommand\tablecaption{\def\@captype{table}\caption}
\long\def\@makecaption#1#2{{\interlinepenalty=10000 \textbf{#1.} #2\par}\nobreak\vskip 4pt}
\makeatother
\setlength{\parindent}{0pt}
\setlength{\emergencystretch}{3em}
\newcommand\bodyandnotes[1]{\nobreak{\small\setlength{\tabcolsep}{4pt}\input{#1}\par}%
  \medskip\input{#1-notes}}
"""


def files(quality: Document, costs: TableView, *, name: str) -> dict[Path, str]:
    r"""Return every file of a report in LaTeX, the document first.

    Beside it ``macros.tex``, and for each table two files that can be ``\input``: its body
    and its notes. The captions are in the document.

    Args:
        quality: all but the costs.
        costs: their table, the last of the document.
        name: of the report; keys of macros begin with it.
    """
    every = [*quality.tables, costs]
    named = list(zip(slugs(table.id for table in every), every, strict=True))
    numbers = macros.render(slug(name), named, counts=quality.counts, claims=quality.claims)
    parts = [_intro(quality), *(_table(key, table) for key, table in named[:-1])]
    parts += _statements(quality)
    parts += [_table(*named[-1])]
    body = "\n\n".join(parts)
    return {
        Path("tables.tex"): f"{_comment(quality)}\n{_PREAMBLE}\\begin{{document}}\n{body}\n"
        "\\end{document}\n",
        Path("macros.tex"): numbers,
        **{FOLDER / f"{key}.tex": f"{tables.body(table)}\n" for key, table in named},
        **{FOLDER / f"{key}-notes.tex": f"{tables.notes(table)}\n" for key, table in named},
    }


def bodies(document: Document) -> str:
    """Return the bodies of a document's tables, one after another."""
    return "\n\n".join(tables.body(table) for table in document.tables) + "\n"


def _comment(document: Document) -> str:
    return comment("\n".join([*document.summary, "pdflatex tables.tex, twice"]))


def _intro(document: Document) -> str:
    lines = "\n".join(rf"{escaped(line)}\par" for line in document.summary)
    return f"\\section*{{{escaped(document.title)}}}\n{lines}"


def _table(key: str, table: TableView) -> str:
    return "\n".join(
        [
            r"\bigskip",
            rf"\tablecaption{{{tables.caption(table)}}}\label{{tab:{key}}}",
            rf"\bodyandnotes{{{(FOLDER / key).as_posix()}}}",
        ]
    )


def _statements(document: Document) -> list[str]:
    found = []
    if document.claims:
        found.append(_list(CLAIMS, [_claim(one) for one in document.claims]))
    if document.findings:
        items = [escaped(line) for line in document.finding_lines]
        found.append(_list(FINDINGS, items))
    return found


def _list(heading: str, items: Sequence[str]) -> str:
    body = "\n".join(rf"  \item {item}" for item in items)
    return (
        f"\\section*{{{escaped(heading)}}}\n"
        f"\\begin{{itemize}}\\raggedright\n{body}\n\\end{{itemize}}"
    )


def _claim(claim: ClaimView) -> str:
    lines = [rf"\textbf{{{escaped(claim.head)}.}}", *map(escaped, claim.lines)]
    return "\\newline\n  ".join(lines)
