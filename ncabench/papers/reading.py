"""A paper's TOML files become tables, after every key, name and row is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources.abc import Traversable
from typing import Any

from ncabench.errors import Problem
from ncabench.papers import fields
from ncabench.papers.printed import SCALES, SECTION, Printed, Recovery, Table, head

_ORIGIN = ("seeds", "hardware")
_TRIPLE = ("before", "final", "recovery")


def table_files(folder: Traversable, *, path: str) -> dict[str, Traversable]:
    """Return the files of a paper's tables by number, in the order of the numbers.

    Numbers that a section's text prints outside of any table come last, as tables that are
    numbered ``section <number>``.

    Raises:
        SuiteError: a TOML file there is neither ``paper.toml`` nor ``table_<number>.toml``
            nor ``section_<number>.toml``.
    """
    found = {one.name: one for one in folder.iterdir() if one.name.endswith(".toml")}
    tables: dict[str, Traversable] = {}
    problems: list[Problem] = []
    for name in sorted(found):
        kind, _, number = name.removesuffix(".toml").partition("_")
        if kind == "table" and number:
            tables[number] = found[name]
        elif kind == "section" and number:
            tables[f"{SECTION}{number}"] = found[name]
        elif name != "paper.toml":
            what = "expected paper.toml, table_<number>.toml or section_<number>.toml"
            problems.append(Problem(where=name, what=what))
    fields.refuse(path, problems)
    order = sorted(tables, key=lambda number: (number.startswith(SECTION), len(number), number))
    return {number: tables[number] for number in order}


def table(source: Traversable, *, path: str, number: str, paper: Mapping[str, str]) -> Table:
    """Return one printed table.

    Args:
        source: its file.
        path: how messages name the file.
        number: as the paper numbers it.
        paper: ``seeds`` and ``hardware`` of the paper, for a table that says nothing of them.

    Raises:
        SuiteError: a key, a name or the number of a row's cells is wrong.
    """
    lists = {"column": fields.COLUMN, "row": fields.ROW, "recovery": fields.RECOVERY}
    content = fields.read(source, path=path, form=fields.TABLE, lists=lists)
    columns, rows = content["column"], content["row"]
    recoveries = content.get("recovery", ())
    problems = [
        *fields.repeated([one["name"] for one in columns], where="column"),
        *fields.repeated([one["name"] for one in rows], where="row"),
        *_lengths(rows, len(columns)),
        *_recoveries(recoveries, {one["name"]: one for one in columns}),
    ]
    fields.refuse(path, problems)
    about = {"source": content["source"]} | {
        key: content.get(key, paper[key]) for key in _ORIGIN
    }
    return Table(
        number=number,
        title=content["title"],
        source=content["source"],
        rows=_labels(rows),
        columns=_labels(columns),
        cells={one["name"]: _cells(one, columns, about) for one in rows},
        notes=_notes(columns, rows),
        recoveries=tuple(Recovery(**one) for one in recoveries),
    )


def _lengths(rows: Sequence[Mapping[str, Any]], expected: int) -> Iterator[Problem]:
    for at, row in enumerate(rows):
        found = len(row["cells"])
        if found != expected:
            what = f"expected {expected} cells, one for each column, found {found}"
            yield Problem(where=f"row[{at}].cells", what=what)


def _recoveries(
    found: Sequence[Mapping[str, str]], columns: Mapping[str, Any]
) -> Iterator[Problem]:
    for at, one in enumerate(found):
        where = f"recovery[{at}]"
        wrong = [
            problem
            for key in _TRIPLE
            for problem in fields.unknown(
                [one[key]], columns, where=f"{where}.{key}", what="column"
            )
        ]
        yield from wrong
        if wrong:
            continue
        before, final, recovery = (columns[one[key]]["metric"] for key in _TRIPLE)
        if before not in SCALES:
            what = f"expected a column of a metric that can recover, found {before!r}"
            yield Problem(where=f"{where}.before", what=what, accepted=tuple(SCALES))
        elif (final, recovery) != (before, f"{before} recovery"):
            what = (
                f"expected columns of {before!r}, {before!r} and '{before} recovery', "
                f"found {before!r}, {final!r} and {recovery!r}"
            )
            yield Problem(where=where, what=what)


def _labels(found: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {one["name"]: one["label"] for one in found}


def _notes(*lists: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Each note once, after the heads of the columns and rows that it is of."""
    heads: dict[str, list[str]] = {}
    for found in lists:
        for one in found:
            if "note" in one:
                heads.setdefault(one["note"], []).append(head(_labels(found), one["name"]))
    return tuple(f"{', '.join(names)}: {note}" for note, names in heads.items())


def _cells(
    row: Mapping[str, Any], columns: Sequence[Mapping[str, Any]], about: Mapping[str, str]
) -> dict[str, Printed]:
    origin = dict(about) | {key: row[key] for key in (*_ORIGIN, "source") if key in row}
    return {
        column["name"]: Printed(
            text=text,
            metric=row.get("metric", column["metric"]),
            unit=row.get("unit", column["unit"]),
            row_label=row["label"],
            column_label=column["label"],
            note="; ".join(one["note"] for one in (row, column) if "note" in one),
            dash=column.get("dash", ""),
            **origin,
        )
        for column, text in zip(columns, row["cells"], strict=True)
        if text
    }
