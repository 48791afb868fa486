"""The ledger: every printed cell of a paper, by table, row and column."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from ncabench.papers import fields, reading, said
from ncabench.papers.printed import Printed as Printed
from ncabench.papers.printed import Table
from ncabench.papers.said import Same, Statement


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """What one paper prints.

    Attributes:
        paper: its short name, such as ``"ncatorch"``.
        title: its title.
        version: which version of it was read.
        tables: its tables by number, in the order of the paper; then, by section, the
            numbers that its text prints outside of them.
        same: what it prints more than once.
        statements: what its prose says of the tables.
    """

    paper: str
    title: str = ""
    version: str
    tables: Mapping[str, Table]
    same: tuple[Same, ...] = ()
    statements: tuple[Statement, ...] = ()

    @property
    def cells(self) -> Mapping[str, Mapping[str, Mapping[str, Printed]]]:
        """Table, row, column, each in the order of the paper."""
        return {number: one.cells for number, one in self.tables.items()}

    def table(self, table: str) -> Mapping[str, Mapping[str, Printed]]:
        """Return the rows of a table, in the order of the paper.

        Raises:
            SuiteError: the paper has no such table.

        >>> list(load("ncatorch").table("5"))
        ['without_sp', 'with_sp']
        """
        return self.one(table).cells

    def one(self, table: str) -> Table:
        """Return a table, with its title and heads.

        Raises:
            SuiteError: the paper has no such table.

        >>> load("ncatorch").one("5").columns["damage/recovery"]
        'Damage Regen. (%)'
        """
        _known(table, self.tables, where=f"papers.{self.paper}", what="table")
        return self.tables[table]

    def printed(self, table: str, row: str, column: str) -> Printed | None:
        """Return a cell, or None where the table leaves that row and column empty.

        Raises:
            SuiteError: the paper has no such table, row or column.

        >>> load("ncatorch").printed("1", "sobel", "damage/recovery").text
        '84.92'
        """
        one, here = self.one(table), f"papers.{self.paper}.{table}"
        _known(row, one.rows, where=here, what="row")
        _known(column, one.columns, where=here, what="column")
        return one.cells[row].get(column)


def papers() -> tuple[str, ...]:
    """Return the papers that have a ledger, sorted.

    >>> "ncatorch" in papers()
    True
    """
    folders = (one for one in _home().iterdir() if one.is_dir())
    return tuple(sorted(one.name for one in folders if (one / "paper.toml").is_file()))


@cache
def load(paper: str) -> Ledger:
    """Return the ledger of a paper.

    Raises:
        SuiteError: there is no such paper, and the message lists those there are; or its files
            are not as they must be.

    >>> load("ncatorch").version
    'arXiv 2604.24990'
    """
    _known(paper, papers(), where="paper", what="paper")
    return read(_home() / paper)


def read(folder: Traversable) -> Ledger:
    """Return what one folder says: ``paper.toml``, tables, and sections that print numbers.

    Raises:
        SuiteError: a file is not as it must be; the message names the file and the key.
    """
    path = f"papers/{folder.name}"
    lists = {"same": fields.SAME, "statement": fields.STATEMENT}
    about, here = folder / "paper.toml", f"{path}/paper.toml"
    content = fields.read(about, path=here, form=fields.PAPER, lists=lists)
    tables = {
        number: reading.table(file, path=f"{path}/{file.name}", number=number, paper=content)
        for number, file in reading.table_files(folder, path=path).items()
    }
    same, statements = said.read(content, path=here, tables=tables)
    return Ledger(
        paper=folder.name,
        title=content["title"],
        version=content["version"],
        tables=tables,
        same=same,
        statements=statements,
    )


def _home() -> Traversable:
    return resources.files("ncabench.papers")


def _known(name: str, known: Collection[str], *, where: str, what: str) -> None:
    fields.refuse("", list(fields.unknown([name], known, where=where, what=what)))
