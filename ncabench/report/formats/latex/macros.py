"""Every number of a report as a macro, so that a paper's text cannot differ from its tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ncabench.report.formats.latex.columns import parts
from ncabench.report.formats.latex.escaping import comment, escaped, slug, slugs
from ncabench.report.formats.latex.tables import without_seeds
from ncabench.report.view import CellView, ClaimView, TableView

PREAMBLE = r"""\providecommand\ncabset[2]{\expandafter\def\csname ncab@#1\endcsname{#2}}
\providecommand\ncab[1]{\ifcsname ncab@#1\endcsname\csname ncab@#1\endcsname\else
  \ncabunknown{#1}\fi}
\ifdefined\ncabunknown\else\protected\def\ncabunknown#1{\textbf{??}%
  \PackageError{ncabench}{No number is called '\detokenize{#1}'}{The keys are those of
  \protect\ncabset\space in macros.tex; is that file read, and up to date?}}\fi
\providecommand\ncabbest[1]{{\setbox0=\hbox{#1}\hbox to\wd0{\hss\textbf{#1}}}}
\providecommand\ncabfit[1]{{\setbox0=\hbox{#1}%
  \ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\box0}\else\leavevmode\box0\fi}}
"""
FIELDS: Mapping[str, str] = {
    "measured": "what the table says: mean, standard deviation over rng_seeds, or a word",
    "mean": "the mean alone, or the only value",
    "sd": "the standard deviation alone (ddof 1)",
    "half": "half of the mean's 95 % t interval",
    "n": "rng_seeds that have a value",
    "printed": "what the paper prints",
    "verdict": "reproduced, differs, undecided or not comparable",
}


def render(
    name: str,
    tables: Sequence[tuple[str, TableView]],
    *,
    counts: Mapping[str, int],
    claims: Sequence[ClaimView],
) -> str:
    r"""Return a file to be ``\input`` before ``\begin{document}``.

    Args:
        name: of the report; every key begins with it.
        tables: each with its name in a key.
        counts: verdicts, and how many printed cells have each.
        claims: of the paper.
    """
    named = dict(_numbers(name, tables))
    named |= {f"{name}/cells/{slug(word)}": str(count) for word, count in counts.items()}
    labels = slugs(claim.id for claim in claims)
    named |= {
        f"{name}/claims/{label}/verdict": escaped(claim.word)
        for label, claim in zip(labels, claims, strict=True)
    }
    lines = [rf"\ncabset{{{key}}}{{{value}}}" for key, value in named.items()]
    return f"{_head(list(named))}\n{PREAMBLE}\n" + "\n".join(lines) + "\n"


def _head(keys: Sequence[str]) -> str:
    key = next((key for key in keys if key.endswith("/measured")), "REPORT/TABLE/...")
    table = key.split("/")[1]
    fields = "\n".join(f"  {field}: {meaning}" for field, meaning in FIELDS.items())
    return comment(
        "Every number of this report as a macro. Generated; the next report replaces it.\n"
        "\n"
        "A key is REPORT/TABLE/ROW/COLUMN/FIELD, in lower-case letters, digits, dots and\n"
        "hyphens; COLUMN begins with the group of the column, if it has one. FIELD is one of\n"
        f"{fields}\n"
        "and is missing where there is no such thing. Also REPORT/cells/VERDICT, the printed\n"
        "cells that have it, and REPORT/claims/CLAIM/verdict.\n"
        "\n"
        "A worked example, with a table and a number in the text:\n"
        "\n"
        "  \\documentclass{article}\n"
        "  \\usepackage{booktabs,graphicx}\n"
        "  \\input{macros}\n"
        "  \\begin{document}\n"
        f"  We measured \\ncab{{{key}}}.\n"
        "  \\begin{table}\n"
        f"    \\caption{{...}} \\input{{tables/{table}}} \\input{{tables/{table}-notes}}\n"
        "  \\end{table}\n"
        "  \\end{document}\n"
        "\n"
        "The best values are set by \\ncabbest, which may be redefined. An unknown key is an\n"
        "error that names it."
    )


def _numbers(name: str, tables: Sequence[tuple[str, TableView]]) -> Iterator[tuple[str, str]]:
    for key, table in tables:
        rows = slugs(row.label for row in table.rows)
        columns = slugs(f"{head.group} {head.label}" for head in table.heads)
        for label, row in zip(rows, table.rows, strict=True):
            for column, cell in zip(columns, row.cells, strict=True):
                for field, value in _fields(cell):
                    yield f"{name}/{key}/{label}/{column}/{field}", value


def _fields(cell: CellView) -> Iterator[tuple[str, str]]:
    n = cell.exact.get("n")
    yield "measured", _minus(without_seeds(cell.measured, str(n)))
    number = parts(cell.measured)
    if number is not None:
        yield "mean", _minus(f"{number.sign}{number.whole}{number.part}")
        if number.wide:
            yield "sd", f"{number.wide}{number.fine}"
        if half := _half(cell, decimals=max(len(number.part) - 1, 0)):
            yield "half", half
    if n is not None:
        yield "n", str(n)
    if cell.printed:
        yield "printed", _minus(cell.printed)
    if cell.verdict:
        yield "verdict", cell.verdict.word


def _minus(text: str) -> str:
    """Return a text as LaTeX; before a number a hyphen is a minus."""
    return f"$-${escaped(text[1:])}" if text[:1] == "-" and parts(text) else escaped(text)


def _half(cell: CellView, *, decimals: int) -> str:
    low, high = cell.exact.get("interval_low"), cell.exact.get("interval_high")
    return "" if low is None or high is None else f"{(high - low) / 2:,.{decimals}f}"
