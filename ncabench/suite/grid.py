"""Checks the axes that `[grid]`, `[[include]]` and `[[exclude]]` name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ncabench.errors import Problem
from ncabench.suite.sections import unknown
from ncabench.suite.suite import AXES, Axis

Defined = Mapping[str, Mapping[str, Any]]


def parse_axes(
    raw: Any, *, where: str, defined: Defined
) -> tuple[dict[str, Axis], list[Problem]]:
    """Return axis to values, and what is wrong with them.

    Args:
        raw: the table; a value that is no list stands for a list of one.
        where: its dotted path.
        defined: axis to the names that the suite defines.
    """
    if not isinstance(raw, Mapping):
        return {}, [Problem(where=where, what=f"expected a table of axes, found {raw!r}")]
    axes: dict[str, Axis] = {}
    problems: list[Problem] = []
    for axis, given in raw.items():
        if axis not in AXES:
            problems.append(unknown(axis, AXES, where=where))
            continue
        values = given if isinstance(given, list) else [given]
        axes[axis] = tuple(values)
        problems += _axis_problems(axis, values, where=f"{where}.{axis}", defined=defined)
    return axes, problems


def _axis_problems(
    axis: str, values: list[Any], *, where: str, defined: Defined
) -> list[Problem]:
    if not values:
        return [Problem(where=where, what="is empty, so there is nothing to run")]
    problems = []
    for i, value in enumerate(values):
        here = f"{where}[{i}]" if len(values) > 1 else where
        wrong = name_problem(axis, value, where=here, defined=defined)
        problems += [wrong] if wrong else []
        if not wrong and value in values[:i]:
            problems.append(Problem(where=here, what=f"{value!r} stands here twice"))
    return problems


def name_problem(axis: str, value: Any, *, where: str, defined: Defined) -> Problem | None:
    """Return what is wrong with one value of an axis, or None."""
    if axis == "rng_seed":
        good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32
        what = f"expected an integer from 0 to 4294967295, found {value!r}"
        return None if good else Problem(where=where, what=what)
    if not isinstance(value, str):
        return Problem(where=where, what=f"expected the name of a {axis}, found {value!r}")
    names = defined.get(axis, {})
    if value in names:
        return None
    what = f"there is no [{axis}.{value}] in this suite"
    return Problem(where=where, what=what, accepted=tuple(names), found=value)


def where_problems(
    conditions: Mapping[str, str | int | tuple[str, ...]], *, where: str, defined: Defined
) -> list[Problem]:
    """Return what is wrong with a ``where`` table of axis to one value, or to several."""
    problems = []
    for axis, value in conditions.items():
        here = f"{where}.{axis}"
        if axis not in AXES:
            problems.append(unknown(axis, AXES, where=where))
        elif isinstance(value, tuple):
            problems += _axis_problems(axis, list(value), where=here, defined=defined)
        elif wrong := name_problem(axis, value, where=here, defined=defined):
            problems.append(wrong)
    return problems
