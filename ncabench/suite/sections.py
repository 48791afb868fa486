"""Parses the sections that are ncabench's own into their dataclasses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from ncabench import schema
from ncabench.errors import Problem
from ncabench.suite.suite import Column, Profile, ProfileAt, Row, Table

T = TypeVar("T")


def parse(
    section: type[T], raw: Any, *, where: str, ready: Mapping[str, Any] | None = None
) -> tuple[T | None, list[Problem]]:
    """Return ``raw`` as a ``section``, or None and what is wrong with it.

    Args:
        section: a dataclass whose annotations the schema can read.
        raw: the table in the suite.
        where: its dotted path.
        ready: fields that are parsed already and no keys of the table.
    """
    if not isinstance(raw, Mapping):
        return None, [Problem(where=where, what=f"expected a table, found {raw!r}")]
    declared = fields(section)  # type: ignore[arg-type]  # T is a dataclass
    keys = {one.name: one for one in declared if one.name not in (ready or {})}
    problems = [unknown(key, keys, where=where) for key in raw if key not in keys]
    parsed = dict(ready or {})
    for name, key in keys.items():
        if name in raw:
            parsed[name], found = schema.check(
                raw[name], str(key.type), where=f"{where}.{name}"
            )
            problems += found
        elif key.default is MISSING and key.default_factory is MISSING:
            problems.append(Problem(where=f"{where}.{name}", what="it is needed, and not set"))
    return (None, problems) if problems else (section(**parsed), [])


def parse_all(section: type[T], raw: Any, *, where: str) -> tuple[tuple[T, ...], list[Problem]]:
    """Return an array of tables as a tuple of ``section``, and all that is wrong with it."""
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        what = f"expected an array of tables, [[{where}]], found {raw!r}"
        return (), [Problem(where=where, what=what)]
    pairs = [parse(section, one, where=f"{where}[{i}]") for i, one in enumerate(raw)]
    parsed = tuple(one for one, _ in pairs if one is not None)
    return parsed, [problem for _, found in pairs for problem in found]


def parse_tables(raw: Any) -> tuple[tuple[Table, ...], list[Problem]]:
    """Return the `[[table]]` sections, each with its rows and columns."""
    if not isinstance(raw, list) or not all(isinstance(one, Mapping) for one in raw):
        return parse_all(Table, raw, where="table")
    tables: list[Table] = []
    problems: list[Problem] = []
    for i, one in enumerate(raw):
        where = f"table[{i}]"
        rows, wrong_rows = parse_all(Row, one.get("row", []), where=f"{where}.row")
        columns, wrong_columns = parse_all(
            Column, one.get("column", []), where=f"{where}.column"
        )
        rest = {key: value for key, value in one.items() if key not in ("row", "column")}
        ready = {"rows": rows, "columns": columns}
        table, wrong = parse(Table, rest, where=where, ready=ready)
        empty = [
            Problem(
                where=f"{where}.{key}", what="a table needs at least one, and there is none"
            )
            for key in ("row", "column")
            if not one.get(key)
        ]
        tables += [table] if table else []
        problems += [*wrong, *empty, *wrong_rows, *wrong_columns]
    return tuple(tables), problems


def parse_profiles_at(
    raw: Sequence[Any], *, base: Any
) -> tuple[tuple[ProfileAt, ...], list[Problem]]:
    """Return the `[[profile_at]]` sections, each laid over ``base``, which is `[profile]`."""
    if raw and not isinstance(base, Mapping):
        what = "changes [profile] for some grid points, and there is no [profile]"
        return (), [Problem(where="profile_at", what=what)]
    pairs = [_profile_at(one, base, where=f"profile_at[{i}]") for i, one in enumerate(raw)]
    parsed = tuple(one for one, _ in pairs if one is not None)
    return parsed, [problem for _, found in pairs for problem in found]


def _profile_at(
    raw: Any, base: Mapping[str, Any], *, where: str
) -> tuple[ProfileAt | None, list[Problem]]:
    if not isinstance(raw, Mapping):
        return None, [Problem(where=where, what=f"expected a table, found {raw!r}")]
    own = {key: value for key, value in raw.items() if key != "where"}
    problems = parse(Profile, own, where=where)[1]
    points: Any = raw.get("where")
    if not points:
        problems.append(Problem(where=f"{where}.where", what="it is needed, and not set"))
    else:
        points, wrong = schema.check(points, "dict[str, str | int]", where=f"{where}.where")
        problems += wrong
    profile = parse(Profile, {**base, **own}, where=where)[0]
    if problems or profile is None:  # without problems here, `[profile]` has its own
        return None, problems
    return ProfileAt(where=points, profile=profile), []


def unknown(key: str, accepted: Mapping[str, Any] | Sequence[str], *, where: str) -> Problem:
    """Return the problem of a key that nobody reads."""
    path = f"{where}.{key}" if where else key
    return Problem(where=path, what="there is no such key", accepted=tuple(accepted), found=key)
