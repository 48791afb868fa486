"""A table's body, its caption and its notes, each to be put where an author wants it."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from ncabench.report.formats.latex.columns import Column, Written, aligned, seen, spanning
from ncabench.report.formats.latex.escaping import escaped, marks
from ncabench.report.view import (
    SIGNS,
    SPREAD,
    CellView,
    Head,
    TableView,
    VerdictView,
)

HEAD_CHARS = range(18, 35)  # where heads are wrapped: the first that gives few enough lines
HEAD_LINES = 4
LABEL_CHARS = 34  # where labels of rows are
PANEL_CHARS = 120  # of a panel, between its columns too: what a page of A4 holds in \small
PANEL_ROWS = 36
_BETWEEN = 2  # letters that the space between columns is worth
_SEEDS = re.compile(r" \(n=(\d+)\)$")


@dataclass(frozen=True, kw_only=True)
class _Column:
    """The measured or the printed values under a head, and how many letters wide they are."""

    group: str
    head: str
    width: int
    values: Column


def body(table: TableView) -> str:
    r"""Return the numbers, to be ``\input``: panels of as many columns as a page holds.

    Needs booktabs and graphicx, and the macros of ``macros.PREAMBLE``.
    """
    return "\n\\par\\medskip\n".join(
        _panel(table, columns, rows)
        for rows in _chunks(len(table.rows))
        for columns in _panels(_columns(table), room=PANEL_CHARS - _label_width(table))
    )


def caption(table: TableView) -> str:
    """Return what the table shows and how its numbers are to be read."""
    said = [f"{escaped(table.title)}{marks(table.marks)}."]
    texts = [cell.measured for row in table.rows for cell in row.cells]
    if any("\u00b1" in text for text in texts):
        said.append(r"Mean $\pm$ standard deviation over rng\_seeds (ddof 1).")
    if seeds := usual_seeds(table):
        noun = r"rng\_seed" if seeds == "1" else r"rng\_seeds"
        said.append(f"$n = {seeds}$ {noun}, unless a cell says otherwise.")
    return " ".join(said)


def notes(table: TableView) -> str:
    """Return what stands under the table: conditions, signs, footnotes by their numbers."""
    lines = [escaped(line) for line in table.captions if line != SPREAD]
    lines += [escaped(line) for line in [table.ranking("Bold")] if line]
    lines += _legend(table)
    lines += [
        f"{marks((number,))} {escaped(note)}" for number, note in enumerate(table.notes, 1)
    ]
    inner = "\n".join(rf"{line}\par" for line in lines)
    return f"{{\\footnotesize\\raggedright\\setlength{{\\parindent}}{{0pt}}%\n{inner}\n}}"


def usual_seeds(table: TableView) -> str:
    """Return the number of rng_seeds that most numbers of a table have.

    ``""`` for none, and where the table does not say that n is that number.
    """
    if SPREAD not in table.captions:
        return ""
    texts = [cell.measured for row in table.rows for cell in row.cells]
    found = Counter(one[1] for text in texts if (one := _SEEDS.search(text)))
    return found.most_common(1)[0][0] if found else ""


def without_seeds(text: str, seeds: str) -> str:
    """Return a measured value without the number of its rng_seeds, if that is the usual one.

    >>> without_seeds("0.20 \u00b1 0.14 (n=2)", "2"), without_seeds("0.20 (n=1)", "2")
    ('0.20 ± 0.14', '0.20 (n=1)')
    """
    return text.removesuffix(f" (n={seeds})")


def _columns(table: TableView) -> list[_Column]:
    seeds = usual_seeds(table)
    found = []
    for index, head in enumerate(table.heads):
        cells = [row.cells[index] for row in table.rows]
        values = [_measured(cell, seeds) for cell in cells]
        found.append(_column(head.group, _stacked(head), values))
        if head.paired:
            found.append(_column(head.group, "paper", [_printed(cell) for cell in cells]))
    return found


def _column(group: str, head: str, cells: Sequence[Written]) -> _Column:
    beside = max((seen(cell.beside) for cell in cells), default=0)
    texts = [len(cell.text) for cell in cells]
    lines = [seen(line) for line in head.removeprefix(r"\shortstack").split(r"\\")]
    return _Column(
        group=group,
        head=head,
        width=max([max(texts, default=0) + beside, *lines]),
        values=aligned(cells, head=max(lines)),
    )


def _measured(cell: CellView, seeds: str) -> Written:
    text = without_seeds(cell.measured, seeds)
    return Written(text=text, beside=marks(cell.marks), best=cell.best)


def _printed(cell: CellView) -> Written:
    return Written(text=cell.printed, beside=_verdict(cell.verdict))


def _verdict(verdict: VerdictView | None) -> str:
    """Return the sign behind a printed value; the notes say what it means."""
    if verdict is None:
        return ""
    needs = f"$_{{{verdict.needs}}}$" if verdict.needs else ""
    ratio = rf" {{\scriptsize ({escaped(verdict.ratio)})}}" if verdict.ratio else ""
    return rf"\,{escaped(verdict.sign)}{needs}{ratio}{marks(verdict.marks)}"


def _stacked(head: Head) -> str:
    broken = [textwrap.wrap(head.label, chars) or [""] for chars in HEAD_CHARS]
    lines = next((one for one in broken if len(one) <= HEAD_LINES), broken[-1])
    stacked = r"\\".join(escaped(line) for line in lines)
    label = f"{stacked}{marks(head.marks)}"
    return rf"\shortstack{{{label}}}" if len(lines) > 1 else label


def _label_width(table: TableView) -> int:
    labels = [len(row.label) + seen(marks(row.marks)) for row in table.rows]
    return min(max([len(table.row_head), *labels]), LABEL_CHARS)


def _chunks(rows: int) -> list[range]:
    """Return as few runs of rows as may be, each about as long as the others."""
    count = max(1, -(-rows // PANEL_ROWS))
    ends = [rows * place // count for place in range(count + 1)]
    return [range(low, high) for low, high in pairwise(ends)]


def _panels(columns: Sequence[_Column], *, room: int) -> list[list[_Column]]:
    """Divide columns into panels; a group stays whole where it fits into one."""
    panels: list[list[_Column]] = [[]]
    for _, members in groupby(columns, key=lambda column: column.group):
        blocks = [list(members)]
        if _room(blocks[0]) > room:
            blocks = _pairs(blocks[0])
        for block in blocks:
            if panels[-1] and _room([*panels[-1], *block]) > room:
                panels.append([])
            panels[-1] += block
    return panels


def _pairs(columns: Sequence[_Column]) -> list[list[_Column]]:
    """Return each measured column with the paper's values beside it."""
    pairs: list[list[_Column]] = []
    for column in columns:
        if column.head == "paper":
            pairs[-1].append(column)
        else:
            pairs.append([column])
    return pairs


def _room(columns: Sequence[_Column]) -> int:
    return sum(column.width + _BETWEEN for column in columns)


def _panel(table: TableView, columns: Sequence[_Column], rows: range) -> str:
    heads = [spanning(column.head, column.values.span) for column in columns]
    lines = [
        rf"\begin{{tabular}}{{@{{}}l{''.join(column.values.spec for column in columns)}@{{}}}}",
        r"\toprule",
        *_groups(columns),
        _line([escaped(table.row_head), *heads]),
        r"\midrule",
        *(
            _line([_label(table, place), *(column.values.cells[place] for column in columns)])
            for place in rows
        ),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    inner = "\n".join(lines)
    return f"\\ncabfit{{%\n{inner}}}"


def _label(table: TableView, place: int) -> str:
    row = table.rows[place]
    lines = [escaped(line) for line in textwrap.wrap(row.label, LABEL_CHARS)] or [""]
    if len(lines) == 1:
        return f"{lines[0]}{marks(row.marks)}"
    stacked = r"\\".join(f"{'' if not at else '~~'}{line}" for at, line in enumerate(lines))
    return rf"\begin{{tabular}}[t]{{@{{}}l@{{}}}}{stacked}{marks(row.marks)}\end{{tabular}}"


def _groups(columns: Sequence[_Column]) -> list[str]:
    if not any(column.group for column in columns):
        return []
    cells, rules, at = [""], [], 2
    for group, members in groupby(columns, key=lambda column: column.group):
        width = sum(column.values.span for column in members)
        cells.append(spanning(escaped(group), width))
        if group:
            rules.append(rf"\cmidrule(lr){{{at}-{at + width - 1}}}")
        at += width
    return [_line(cells), "".join(rules)]


def _legend(table: TableView) -> list[str]:
    """Return what the signs behind printed values mean."""
    found = [cell.verdict for row in table.rows for cell in row.cells if cell.verdict]
    used = {one.word for one in found}
    signs = [escaped(f"{sign} {word}") for word, sign in SIGNS.items() if word in used]
    if any(one.needs for one in found):
        signs.append(r"below it the rng\_seeds that would decide")
    return [f"After the paper's values: {', '.join(signs)}."] if signs else []


def _line(cells: Sequence[str]) -> str:
    return rf"{' & '.join(cells)} \\"
