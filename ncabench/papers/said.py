"""What a paper says twice, and what its prose says of its tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ncabench import relation
from ncabench.errors import Problem
from ncabench.papers import fields
from ncabench.papers.printed import Table, called
from ncabench.relation import Relation


@dataclass(frozen=True, kw_only=True)
class Same:
    """One measurement that a paper prints more than once.

    Attributes:
        what: what was measured.
        source: where it is printed.
        cells: table, row and column of each.
    """

    what: str
    source: str
    cells: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A sentence of the prose that a table can bear out or contradict.

    Attributes:
        id: its name.
        says: the sentence, in our words.
        source: where the paper says it.
        table: the table that it speaks of.
        columns: where it must hold, in each.
        rows: which rows "every other row" means; empty for all of the table.
        relation: the sentence as a relation between rows.
    """

    id: str
    says: str
    source: str
    table: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    relation: Relation


def read(
    content: Mapping[str, Any], *, path: str, tables: Mapping[str, Table]
) -> tuple[tuple[Same, ...], tuple[Statement, ...]]:
    """Return what a paper prints twice, and what its prose says of the tables.

    Args:
        content: of ``paper.toml``, every key of it checked.
        path: how messages name that file.
        tables: the paper's, by number.

    Raises:
        SuiteError: a table, row or column that is not there, or a relation that is none.
    """
    same, statements = content.get("same", ()), content.get("statement", ())
    problems: list[Problem] = []
    for at, one in enumerate(same):
        for place in one["cells"]:
            problems += _place(place, tables, where=f"same[{at}].cells")
    ids = [one["id"] for one in statements]
    for at, one in enumerate(statements):
        where, first = f"statement[{at}]", ids.index(one["id"])
        if first < at:
            what = f"{one['id']!r} is already the id of statement[{first}]"
            problems.append(Problem(where=f"{where}.id", what=what))
        problems += _statement(one, tables, where=where)
    fields.refuse(path, problems)
    return tuple(_same(one) for one in same), tuple(_said(one) for one in statements)


def _same(one: Mapping[str, Any]) -> Same:
    places = tuple((table, row, column) for table, row, column in one["cells"])
    return Same(what=one["what"], source=one["source"], cells=places)


def _said(one: Mapping[str, Any]) -> Statement:
    lists = {"columns": tuple(one["columns"]), "rows": tuple(one["rows"])}
    return Statement(**{**one, **lists, "relation": relation.parse(one["relation"])})


def _place(
    place: tuple[str, str, str], tables: Mapping[str, Table], *, where: str
) -> Iterator[Problem]:
    number, row, column = place
    if number not in tables:
        yield from fields.unknown([number], tables, where=where, what="table")
        return
    table = tables[number]
    if row in table.rows and column in table.columns:
        if table.interval(row, column) is None:
            yield Problem(where=where, what=f"{number}, {row}, {column} holds no number")
        return
    yield from fields.unknown([row], table.rows, where=where, what=f"row of {called(number)}")
    heads = table.columns
    yield from fields.unknown([column], heads, where=where, what=f"column of {called(number)}")


def _statement(
    one: Mapping[str, Any], tables: Mapping[str, Table], *, where: str
) -> Iterator[Problem]:
    number = one["table"]
    if number not in tables:
        yield from fields.unknown([number], tables, where=f"{where}.table", what="table")
        return
    try:
        told = relation.parse(one["relation"])
    except ValueError as error:
        yield Problem(where=f"{where}.relation", what=str(error))
        return
    table = tables[number]
    places = [place for part in told.parts for place in part.comparison.places()]
    values = [place.value for place in places if place.value]
    column, row = f"column of {called(number)}", f"row of {called(number)}"
    for key, names, known, what in (
        ("columns", one["columns"], table.columns, column),
        ("rows", one["rows"], table.rows, row),
        ("relation", values, table.columns, column),
        ("relation", told.names(), table.rows, row),
    ):
        yield from fields.unknown(names, known, where=f"{where}.{key}", what=what)
    yield from _shape(told, where=f"{where}.relation")


def _shape(told: Relation, *, where: str) -> Iterator[Problem]:
    for axis in told.axes():
        if axis != "row":
            what = f"'every', 'most' and 'some' speak of row, found {axis!r}"
            yield Problem(where=where, what=what)
    for part in told.parts:
        for place in part.comparison.places():
            if len(place.names) > 1:
                yield Problem(where=where, what=f"expected one row, found '{place}'")
