"""The ledger: every printed cell of a paper, by table, row and column."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import TypeVar

from ncabench.errors import Problem, SuiteError

COLUMNS = (
    *("paper", "version", "table", "row", "column"),
    *("metric", "unit", "printed", "seeds", "hardware"),
)
_NUMBER = re.compile(r"([+-]?\d[\d,]*)(?:\.(\d+))?([kM]?)")
T = TypeVar("T")
_SCALES = {"": 1.0, "k": 1e3, "M": 1e6}


@dataclass(frozen=True, kw_only=True)
class Printed:
    """One cell as a paper prints it.

    Attributes:
        text: the printed string, whole.
        metric: the quantity, in the paper's word.
        unit: its unit, ``""`` where it has none.
        seeds: what the paper says of repetitions, or ``"not stated"``.
        hardware: what the paper says of the machine, or ``"not stated"``.

    >>> cell = Printed(text="8k", metric="parameters")
    >>> cell.value, cell.half_unit
    (8000.0, 500.0)
    """

    text: str
    metric: str
    unit: str = ""
    seeds: str = "not stated"
    hardware: str = "not stated"

    @property
    def value(self) -> float | None:
        """The number, or None where none is printed (a dash, or a word such as OOM)."""
        found = _NUMBER.fullmatch(self.text)
        if found is None:
            return None
        whole, fraction, suffix = found.groups()
        return float(f"{whole.replace(',', '')}.{fraction or '0'}") * _SCALES[suffix]

    @property
    def half_unit(self) -> float | None:
        """Half of the last printed digit's unit: how far rounding may have moved the value.

        >>> Printed(text="-196.18", metric="LPIPS recovery").half_unit
        0.005
        """
        found = _NUMBER.fullmatch(self.text)
        if found is None:
            return None
        _, fraction, suffix = found.groups()
        return 0.5 * _SCALES[suffix] / float(10 ** len(fraction or ""))


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """What one paper prints.

    Attributes:
        paper: its short name, such as ``"ncatorch"``.
        version: which version of it was read.
        cells: table, row, column, each in the order of the paper.
    """

    paper: str
    version: str
    cells: Mapping[str, Mapping[str, Mapping[str, Printed]]]

    def table(self, table: str) -> Mapping[str, Mapping[str, Printed]]:
        """Return the rows of a table, in the order of the paper.

        Raises:
            SuiteError: the paper has no such table.

        >>> list(load("ncatorch").table("5"))
        ['without_sp', 'with_sp']
        """
        return _one(self.cells, table, where=f"papers.{self.paper}", what="table")

    def printed(self, table: str, row: str, column: str) -> Printed | None:
        """Return a cell, or None where the table leaves that row and column empty.

        Raises:
            SuiteError: the paper has no such table, row or column.

        >>> load("ncatorch").printed("1", "sobel", "damage/recovery").text
        '84.92'
        """
        rows = self.table(table)
        here = f"papers.{self.paper}.{table}"
        columns = {name: None for cells in rows.values() for name in cells}
        cells = _one(rows, row, where=here, what="row")
        _one(columns, column, where=here, what="column")
        return cells.get(column)


def papers() -> tuple[str, ...]:
    """Return the papers that have a ledger, sorted.

    >>> "ncatorch" in papers()
    True
    """
    folder = resources.files("ncabench.papers")
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".csv") for name in names if name.endswith(".csv")))


def load(paper: str) -> Ledger:
    """Return the ledger of a paper.

    Raises:
        SuiteError: there is no such paper; the message lists those there are.

    >>> load("ncatorch").version
    'arXiv 2604.24990'
    """
    _one(dict.fromkeys(papers()), paper, where="paper", what="paper")
    source = resources.files("ncabench.papers") / f"{paper}.csv"
    lines = list(csv.DictReader(source.read_text(encoding="utf-8").splitlines()))
    return Ledger(paper=paper, version=lines[0]["version"], cells=_tree(lines))


def _tree(lines: Iterable[Mapping[str, str]]) -> dict[str, dict[str, dict[str, Printed]]]:
    tree: dict[str, dict[str, dict[str, Printed]]] = {}
    for line in lines:
        cells = tree.setdefault(line["table"], {}).setdefault(line["row"], {})
        cells[line["column"]] = Printed(
            text=line["printed"],
            metric=line["metric"],
            unit=line["unit"],
            seeds=line["seeds"],
            hardware=line["hardware"],
        )
    return tree


def _one(known: Mapping[str, T], name: str, *, where: str, what: str) -> T:
    if name not in known:
        problem = Problem(
            where=where,
            what=f"no {what} is called {name!r}",
            accepted=tuple(known),
            found=name,
        )
        raise SuiteError("", [problem])
    return known[name]
