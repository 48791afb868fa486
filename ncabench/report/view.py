"""Tables as every format writes them: heads, cells, footnotes, and what is drawn beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Head:
    """A column.

    Attributes:
        label: what is measured, by the name of what was really measured.
        group: heading that spans neighbouring columns, or ``""``.
        paired: the paper's value stands beside it, under ``paper``.
        marks: footnotes of the whole column.
    """

    label: str
    group: str = ""
    paired: bool = False
    marks: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CellView:
    """One measured value and the printed one beside it.

    Attributes:
        measured: as the table writes it.
        printed: as the paper prints it; ``""`` where it prints nothing.
        marks: footnotes of this cell alone.
        exact: the numbers behind it in full precision, for machines.
    """

    measured: str
    printed: str = ""
    marks: tuple[int, ...] = ()
    exact: Mapping[str, Any] = field(default_factory=dict)


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
    """

    id: str
    title: str
    captions: tuple[str, ...]
    row_head: str
    heads: tuple[Head, ...]
    rows: tuple[RowView, ...]
    notes: tuple[str, ...] = ()
    marks: tuple[int, ...] = ()

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
class Document:
    """All that a format writes into one file.

    Attributes:
        title: of the suite.
        tables: in the order of the suite.
        claims: the paper's claims, one line each.
        figures: drawn from curves.
        filmstrips: pictures that runs took.
    """

    title: str
    tables: tuple[TableView, ...]
    claims: tuple[str, ...] = ()
    figures: tuple[Picture, ...] = ()
    filmstrips: tuple[Picture, ...] = ()


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
