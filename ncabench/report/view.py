"""Tables as every format writes them: heads, cells, footnotes, and what is drawn beside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

SIGNS: Mapping[str, str] = {  # verdict of a cell: its sign where the captions tell it
    "reproduced": "=",
    "differs": "\u2260",
    "undecided": "?",
    "not comparable": "n/c",
}
SPREAD = "\u00b1 is the standard deviation over rng_seeds (ddof 1), n is their number."
CLAIMS = "Claims of the paper"
FINDINGS = "The paper's own arithmetic"


@dataclass(frozen=True, kw_only=True)
class Head:
    """A column.

    Attributes:
        label: what is measured, by the name of what was really measured.
        group: heading that spans neighbouring columns, or ``""``.
        paired: the paper's value stands beside it, under ``paper``.
        judged: and a verdict beside that, under ``verdict``.
        marks: footnotes of the whole column.
    """

    label: str
    group: str = ""
    paired: bool = False
    judged: bool = False
    marks: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class VerdictView:
    """What a measured value says of the printed one.

    Attributes:
        word: one of ``SIGNS``.
        reason: why, or ``""``.
        needs: how many rng_seeds would decide, or ``""``.
        ratio: of a cost, to the row that it is divided by: ours for the printed, or ``""``.
        told: the table's captions tell word and reason, so that the sign is enough here.
        marks: footnotes.
    """

    word: str
    reason: str = ""
    needs: str = ""
    ratio: str = ""
    told: bool = False
    marks: tuple[int, ...] = ()

    @property
    def sign(self) -> str:
        """The word's sign."""
        return SIGNS[self.word]

    @property
    def text(self) -> str:
        """The word, or its sign where that is enough.

        >>> VerdictView(word="undecided", needs="7").text
        'undecided, needs 7'
        """
        if self.told:
            return self.sign
        needs = f", needs {self.needs}" if self.needs else ""
        return f"{self.word}{needs}{f' ({self.ratio})' if self.ratio else ''}"


@dataclass(frozen=True, kw_only=True)
class CellView:
    """One measured value, the printed one beside it, and the verdict.

    Attributes:
        measured: as the table writes it.
        printed: as the paper prints it; ``""`` where it prints nothing.
        verdict: None where there is nothing to agree with.
        marks: footnotes of this cell alone.
        best: it is the best of its column, or not told from the best.
        exact: the numbers behind it in full precision, for machines.
    """

    measured: str
    printed: str = ""
    verdict: VerdictView | None = None
    marks: tuple[int, ...] = ()
    best: bool = False
    exact: Mapping[str, Any] = field(default_factory=dict)

    @property
    def all_marks(self) -> tuple[int, ...]:
        """Its footnotes and those of its verdict."""
        return (*self.marks, *(self.verdict.marks if self.verdict else ()))


@dataclass(frozen=True, kw_only=True)
class RowView:
    """A row; ``marks`` are the footnotes of the whole row."""

    label: str
    cells: tuple[CellView, ...]
    marks: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TableView:
    """A table, before any format.

    Attributes:
        id: the table's id in the suite.
        title: what it shows.
        captions: lines under the title: device, preset, substitutes, emulation.
        row_head: what the rows are.
        heads: the columns.
        rows: each with one cell for each column.
        notes: footnotes; the first is number 1.
        marks: footnotes of the whole table.
        ranked: what it says of a cell to be the best, or why none is; ``""`` where there is
            nothing to rank.
    """

    id: str
    title: str
    captions: tuple[str, ...]
    row_head: str
    heads: tuple[Head, ...]
    rows: tuple[RowView, ...]
    notes: tuple[str, ...] = ()
    marks: tuple[int, ...] = ()
    ranked: str = ""

    def ranking(self, sign: str) -> str:
        """Return the line that tells what the sign of the best values means, or ``""``."""
        found = any(cell.best for row in self.rows for cell in row.cells)
        return f"{sign}: {self.ranked}" if self.ranked and found else self.ranked

    def sections(self) -> list[tuple[str, range]]:
        """Return runs of neighbouring columns of one group: its heading and their indices."""
        indices = range(len(self.heads))
        runs = groupby(indices, key=lambda index: self.heads[index].group)
        parts = [(group, list(members)) for group, members in runs]
        return [(group, range(members[0], members[-1] + 1)) for group, members in parts]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An image file of a report.

    Attributes:
        caption: what it shows.
        path: the PNG, relative to the report's folder.
        data: the PNG itself.
    """

    caption: str
    path: Path
    data: bytes


@dataclass(frozen=True, kw_only=True)
class ClaimView:
    """A claim of the paper, judged on what was measured.

    Attributes:
        id: its name.
        statement: what is claimed.
        source: where the paper says so.
        word: ``"supported"``, ``"refuted"`` or ``"undecided"``.
        reason: why, or ``""``.
        label: what it was judged on where that is not what the paper has, or ``""``.
        compared: the relation, and of which value.
        device: where that was measured, or ``""``.
        needs: which rng_seeds would decide, in words, or ``""``.
        as_printed: what the paper's own printed cells say of it.
        exact: the numbers behind it, for machines.
    """

    id: str
    statement: str
    source: str
    word: str
    reason: str = ""
    label: str = ""
    compared: str = ""
    device: str = ""
    needs: str = ""
    as_printed: str = ""
    exact: Mapping[str, Any] = field(default_factory=dict)

    @property
    def head(self) -> str:
        """Its name, the verdict, and on what that was judged if not on what the paper has."""
        return f"{self.id}: {self.word}{f', {self.label}' if self.label else ''}"

    @property
    def lines(self) -> tuple[str, ...]:
        """What follows the head, in the order of reading."""
        compared = "; ".join(one for one in (self.compared, self.device) if one)
        why = "; ".join(one for one in (self.reason, self.needs) if one)
        printed = f"As printed: {self.as_printed}" if self.as_printed else ""
        said = f"{self.statement} ({self.source})"
        return tuple(line for line in (said, compared, why, printed) if line)


@dataclass(frozen=True, kw_only=True)
class FindingView:
    """What the paper's printed numbers say of each other.

    Attributes:
        text: where, what came out, and with which numbers.
        kind: what came out, in one or two words, of what was looked at.
        notable: it is worth a line; the others are counted by their kind.
        exact: the same for machines.
    """

    text: str
    kind: str
    notable: bool = True
    exact: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Document:
    """All that a format writes into one file.

    Attributes:
        title: of the suite.
        tables: in the order of the suite.
        summary: how many printed cells and claims hold, and which quantities no cell
            reproduces and why, a line each.
        counts: the same for machines: word, and how many cells.
        unreproduced: quantities of which no printed cell is reproduced, and why.
        claims: the paper's claims, in the order of the suite.
        findings: what the paper's own numbers say of each other.
        figures: drawn from curves.
        filmstrips: pictures that runs took.
    """

    title: str
    tables: tuple[TableView, ...]
    summary: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    unreproduced: tuple[Mapping[str, Any], ...] = ()
    claims: tuple[ClaimView, ...] = ()
    findings: tuple[FindingView, ...] = ()
    figures: tuple[Picture, ...] = ()
    filmstrips: tuple[Picture, ...] = ()

    @property
    def finding_lines(self) -> list[str]:
        """The notable findings, a line each, and how many of each kind the others are."""
        lines = [one.text for one in self.findings if one.notable]
        others = Counter(one.kind for one in self.findings if not one.notable)
        rest = ", ".join(f"{count} {kind}" for kind, count in others.items())
        return [*lines, *([f"Besides: {rest}."] if rest else [])]


class Notes:
    """Numbers footnotes in the order in which a reader meets them.

    >>> notes = Notes()
    >>> notes.mark("one"), notes.mark("two"), notes.mark("one"), notes.texts
    (1, 2, 1, ('one', 'two'))
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def mark(self, text: str) -> int:
        """Return the number of a footnote; the same text has one number."""
        return self._numbers.setdefault(text, len(self._numbers) + 1)

    def marks(self, texts: Sequence[str]) -> tuple[int, ...]:
        """Return the numbers of several footnotes, sorted, each once."""
        return tuple(sorted({self.mark(text) for text in texts}))

    @property
    def texts(self) -> tuple[str, ...]:
        """The footnotes in the order of their numbers."""
        return tuple(self._numbers)
