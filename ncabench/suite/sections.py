"""Parses the sections that are ncabench's own into their dataclasses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from ncabench import schema
from ncabench.errors import Problem
from ncabench.suite.figure import Figure, FigureLine, FigurePanel
from ncabench.suite.suite import (
    Column,
    Profile,
    ProfileAt,
    Row,
    Table,
)

T = TypeVar("T")
Parts = Mapping[str, tuple[str, type[Any]]]  # key of a section: its field, and what is in it


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
    parts: Parts = {"row": ("rows", Row), "column": ("columns", Column)}
    return _parse_with_parts(Table, raw, key="table", parts=parts)


def parse_figures(raw: Any) -> tuple[tuple[Figure, ...], list[Problem]]:
    """Return the `[[figure]]` sections, each with its lines and panels."""
    parts: Parts = {"line": ("lines", FigureLine), "panel": ("panels", FigurePanel)}
    return _parse_with_parts(Figure, raw, key="figure", parts=parts)


def _parse_with_parts(
    section: type[T], raw: Any, *, key: str, parts: Parts
) -> tuple[tuple[T, ...], list[Problem]]:
    """Return an array of tables that have arrays of tables: key to its field and section."""
    if not isinstance(raw, list) or not all(isinstance(one, Mapping) for one in raw):
        return parse_all(section, raw, where=key)
    parsed: list[T] = []
    problems: list[Problem] = []
    for i, one in enumerate(raw):
        where = f"{key}[{i}]"
        found = {
            name: parse_all(part, one.get(name, []), where=f"{where}.{name}")
            for name, (_, part) in parts.items()
        }
        rest = {name: value for name, value in one.items() if name not in parts}
        ready = {parts[name][0]: ended for name, (ended, _) in found.items()}
        whole, wrong = parse(section, rest, where=where, ready=ready)
        what = f"a {key} needs at least one, and there is none"
        empty = [
            Problem(where=f"{where}.{name}", what=what) for name in parts if not one.get(name)
        ]
        parsed += [whole] if whole else []
        inner = [problem for _, others in found.values() for problem in others]
        problems += [*wrong, *empty, *inner]
    return tuple(parsed), problems


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
