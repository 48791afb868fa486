"""Which cells of a table a figure's points are, and what can be wrong with that."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from ncabench.errors import Problem
from ncabench.suite.figure import Figure, FigureLine, FigurePanel
from ncabench.suite.suite import Column, Suite, Table

Place = tuple[int, int]


def places(
    figure: Figure, table: Table, *, line: FigureLine, panel: FigurePanel
) -> tuple[Place, ...]:
    """Return the row and the column of each point of a line in a panel."""
    rows, columns = _numbers([row.label for row in table.rows]), _numbers(_heads(table))
    count = len(figure.at)
    pairs = zip(_each(line.rows, count), _each(panel.columns, count), strict=True)
    return tuple((rows[row], columns[column]) for row, column in pairs)


def figure_problems(suite: Suite) -> list[Problem]:
    """Return a problem for each thing that a figure says and its table cannot show."""
    tables = {one.id: one for one in suite.tables}
    problems: list[Problem] = []
    for i, figure in enumerate(suite.figures):
        where = f"figure[{i}]"
        problems += _along_problems(figure, where=where)
        table = tables.get(figure.table)
        if table is None:
            what = f"no table is called {figure.table!r}"
            problems.append(
                Problem(
                    where=f"{where}.table",
                    what=what,
                    accepted=tuple(tables),
                    found=figure.table,
                )
            )
        else:
            problems += _point_problems(figure, table, where=where)
    return problems


def _along_problems(figure: Figure, *, where: str) -> Iterator[Problem]:
    at = figure.at
    if len(at) < 2:
        yield Problem(where=f"{where}.at", what=f"expected two or more places, found {len(at)}")
    if any(one >= other for one, other in itertools.pairwise(at)):
        yield Problem(where=f"{where}.at", what=f"expected rising places, found {list(at)}")
    if figure.scale == "log" and any(one <= 0 for one in at):
        what = f"expected more than 0, for the sake of log, found {list(at)}"
        yield Problem(where=f"{where}.at", what=what)


def _point_problems(figure: Figure, table: Table, *, where: str) -> Iterator[Problem]:
    rows, heads = [row.label for row in table.rows], _heads(table)
    lines = {f"line[{j}].rows": one.rows for j, one in enumerate(figure.lines)}
    panels = {f"panel[{j}].columns": one.columns for j, one in enumerate(figure.panels)}
    for named, known, what in ((lines, rows, "row"), (panels, heads, "column")):
        for key, names in named.items():
            path, count = f"{where}.{key}", len(figure.at)
            if len(names) not in (1, count):
                told = f"expected one {what} for all points, or {count}, found {len(names)}"
                yield Problem(where=path, what=told)
            yield from _name_problems(names, known, table=table, what=what, where=path)
    yield from _still(figure, lines, panels, where=where)


def _name_problems(
    names: Sequence[str], known: Sequence[str], *, table: Table, what: str, where: str
) -> Iterator[Problem]:
    for k, name in enumerate(names):
        if name not in known:
            told = f"table {table.id!r} has no {what} {name!r}"
            accepted = tuple(dict.fromkeys(known))
            yield Problem(where=f"{where}[{k}]", what=told, accepted=accepted, found=name)
        elif known.count(name) > 1:
            told = f"table {table.id!r} has {known.count(name)} {what}s {name!r}"
            yield Problem(where=f"{where}[{k}]", what=told)


def _still(
    figure: Figure,
    lines: Mapping[str, Sequence[str]],
    panels: Mapping[str, Sequence[str]],
    *,
    where: str,
) -> Iterator[Problem]:
    """Where neither row nor column changes, all points of a line are one cell."""
    if len(figure.at) > 1 and any(len(names) == 1 for names in panels.values()):
        for key, names in lines.items():
            if len(names) == 1:
                what = "has one row, and a panel one column, so all points would be one cell"
                yield Problem(where=f"{where}.{key}", what=what)


def _heads(table: Table) -> list[str]:
    return [_head(one) for one in table.columns]


def _head(column: Column) -> str:
    return f"{column.group} {column.label}".strip()


def _numbers(names: Sequence[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}


def _each(names: Sequence[str], count: int) -> Sequence[str]:
    return list(names) * count if len(names) == 1 else names
