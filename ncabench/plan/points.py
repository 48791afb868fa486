"""Expands a suite's grid into its points."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from ncabench import catalog
from ncabench.errors import Problem
from ncabench.plan.entry import matches
from ncabench.suite.document import PAPER
from ncabench.suite.suite import AXES, CHOICES, Axis, Suite

Point = Mapping[str, str | int]
PARTS = ("perception", "update")


def points(suite: Suite) -> tuple[list[Point], list[Problem]]:
    """Return every grid point once, in the order of the file, and what is wrong.

    The grid's come first, then those of each `[[include]]`; `[[exclude]]` drops from both.
    An axis that is not named takes the grid's values, or else the only component of its
    family. A model that has no use for a perception or an update has none in its points,
    and a suite of profiles alone has no perturbation and no protocol. `[train]` is the
    recipe of points that name none; where none is named, the protocol is the one that fits.
    """
    problems: list[Problem] = []
    found: list[Point] = []
    if suite.grid:
        found += _expand(suite, suite.grid, "grid", problems)
    for i, axes in enumerate(suite.include):
        inherited = {axis: values for axis, values in suite.grid.items() if axis not in axes}
        found += _expand(suite, {**inherited, **axes}, f"include[{i}]", problems)
    once = list({tuple(point.items()): point for point in found}.values())
    for i, conditions in enumerate(suite.exclude):
        kept = [point for point in once if not _excluded(point, conditions)]
        if len(kept) == len(once) and suite.preset == PAPER and not suite.sets:
            problems.append(Problem(where=f"exclude[{i}]", what="drops no point of the grid"))
        once = kept
    if not once and not problems:
        problems.append(Problem(where="exclude", what="drops every point of the grid"))
    return once, list(dict.fromkeys(problems))


def _expand(
    suite: Suite, axes: Mapping[str, Axis], where: str, problems: list[Problem]
) -> Iterator[Point]:
    names = [*axes, *(axis for axis in AXES if axis not in axes)]
    choices: dict[str, tuple[str | int | None, ...]] = {
        axis: axes[axis] if axis in axes else _default(suite, axis) for axis in names
    }
    unset: set[str] = set()
    for values in itertools.product(*choices.values()):
        point = dict(zip(names, values, strict=True))
        model = point["model"]
        used = _axes_used(suite, model)
        unset |= {axis for axis in used if point[axis] is None and axis not in CHOICES}
        yield {
            axis: value for axis in AXES if (value := point[axis]) is not None and axis in used
        }
    problems += [_undecided(suite, axis, where) for axis in AXES if axis in unset]


def _default(suite: Suite, axis: str) -> tuple[str | int | None, ...]:
    if axis == "rng_seed":
        return (0,)
    names = () if axis in CHOICES else tuple(suite.components[axis])
    return names if len(names) == 1 else (None,)


def _axes_used(suite: Suite, model: str | int | None) -> tuple[str, ...]:
    if not isinstance(model, str):
        return ("model",)
    kind = suite.components["model"][model]["kind"]
    parts = catalog.describe("model", kind).attributes.get("parts", ())
    axes: tuple[str, ...] = AXES
    if not suite.trains:  # a profile perturbs and tests nothing
        axes = tuple(axis for axis in axes if axis not in ("perturbation", "protocol"))
    return tuple(axis for axis in axes if axis not in PARTS or axis in parts)


def _undecided(suite: Suite, axis: str, where: str) -> Problem:
    names = tuple(suite.components[axis])
    what = f"is not set, and the suite defines {len(names)} tables [{axis}.NAME]"
    if not names:
        what = f"is needed, and the suite defines no [{axis}.NAME]"
    return Problem(where=f"{where}.{axis}", what=what, accepted=names)


def _excluded(point: Point, conditions: Mapping[str, Axis]) -> bool:
    choices = [[(axis, value) for value in values] for axis, values in conditions.items()]
    return any(matches(point, dict(choice)) for choice in itertools.product(*choices))
