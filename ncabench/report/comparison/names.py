"""What a user means by A and B where they name places of a suite's grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ncabench.errors import Problem, SuiteError
from ncabench.plan.entry import matches
from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report.comparison.pairing import Point, Side, index
from ncabench.suite.claims import AXES, axes_of, shortest


def sides(
    first: str, second: str, *, plan: Plan, points: Sequence[Point], runs: Sequence[StoredRun]
) -> tuple[Side, Side]:
    """Return A and B as names such as ``"sobel"`` or ``"unet_25k & one_pass"`` say it.

    Args:
        first: A.
        second: B.
        plan: of whose grid they are names.
        points: the grid points to compare at.
        runs: what is stored.

    Raises:
        SuiteError: a name is unknown or could mean several things, or both mean the same.
    """
    ours, theirs = (_where(which, text, plan) for which, text in (("A", first), ("B", second)))
    if ours == theirs:
        what = f"{first!r} and {second!r} are the same"
        raise SuiteError("", [Problem(where="A, B", what=what)])
    return (
        _side(first, ours, plan=plan, points=points, runs=runs),
        _side(second, theirs, plan=plan, points=points, runs=runs),
    )


def is_named(text: str, plan: Plan) -> bool:
    """Tell whether every part of a text is a name of the plan's grid."""
    defined = _defined(plan)
    return all(axes_of(word.strip(), defined=defined) for word in text.split("&"))


def _side(
    name: str,
    where: Mapping[str, str],
    *,
    plan: Plan,
    points: Sequence[Point],
    runs: Sequence[StoredRun],
) -> Side:
    every = index(plan.entries)
    return Side(
        name=name,
        where=where,
        points=tuple(point for point in points if matches(point, where)),
        entries={place: one for place, one in every.items() if matches(dict(place[1]), where)},
        runs=tuple(runs),
    )


def _where(which: str, text: str, plan: Plan) -> dict[str, str]:
    """Return axis to name of what a text such as ``"unet_25k & one_pass"`` names."""
    defined = _defined(plan)
    problems: list[Problem] = []
    where: dict[str, str] = {}
    for word in (part.strip() for part in text.split("&")):
        found = axes_of(word, defined=defined)
        if len(found) != 1:
            problems.append(_unclear(which, word, found, defined=defined))
        elif found[0][0] in where:
            what = f"nothing is {text}, since {where[found[0][0]]} and {word} are both a "
            problems.append(Problem(where=which, what=f"{what}{found[0][0]}"))
        else:
            where |= dict(found)
    if problems:
        raise SuiteError("", problems)
    return where


def _unclear(
    which: str, word: str, found: Sequence[tuple[str, str]], *, defined: Mapping[str, Any]
) -> Problem:
    if found:
        what = f"{word!r} is a name on several axes"
        return Problem(
            where=which, what=what, accepted=tuple(f"{axis}.{name}" for axis, name in found)
        )
    accepted = {
        shortest(axis, name, defined=defined)
        for axis, names in defined.items()
        for name in names
    }
    what = f"{word!r} is no name of the suite's grid, nor a results folder or a bundle"
    return Problem(where=which, what=what, accepted=tuple(accepted), found=word)


def _defined(plan: Plan) -> dict[str, dict[str, None]]:
    """Return axis to the names that its grid points have."""
    points = [point for one in plan.of("evaluation") for point in one.labels]
    return {
        axis: {str(point[axis]): None for point in points if axis in point} for axis in AXES
    }
