"""Where a claim is judged: each combination of what its relation leaves open."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ncabench.plan.entry import Entry
from ncabench.plan.planner import Plan
from ncabench.relation import Comparison, Part, Place
from ncabench.report.cells import source
from ncabench.suite.claims import AXES, axes_of, defined_by, resolved, shortest
from ncabench.suite.suite import Claim

Point = Mapping[str, str | int]  # a grid point, its rng_seed aside
Key = frozenset[tuple[str, str | int]]
Ids = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Behind:
    """What stands behind a name of the relation, in one context.

    Attributes:
        value: which value of it is compared, named as a table's column names it.
        point: its grid point, the first where it stands for several.
        entries: what is read, one for each rng_seed.
        open: the axes that leave open which grid point is meant.
    """

    value: str
    point: Point
    entries: tuple[Entry, ...]
    open: tuple[str, ...] = ()

    @property
    def ids(self) -> Ids:
        """The ids of its entries: two names with the same ids are one measurement."""
        return tuple(entry.id for entry in self.entries)


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A comparison in one context.

    Attributes:
        comparison: of two sides, neither of which speaks of many.
        context: axis to name, for the axes that the relation leaves open.
        behind: what its names stand for.
    """

    comparison: Comparison
    context: Mapping[str, str]
    behind: Mapping[Place, Behind]

    @property
    def key(self) -> tuple[str, tuple[Ids, ...]]:
        """The same for two instances that compare the same measurements."""
        return str(self.comparison), tuple(one.ids for one in self.behind.values())


@dataclass(frozen=True, kw_only=True)
class Group:
    """Comparisons of which at least so many must hold."""

    least: int
    instances: tuple[Instance, ...]


@dataclass(frozen=True, kw_only=True)
class Expanded:
    """A claim, taken apart.

    Attributes:
        groups: all of them must hold.
        absent: parts of the relation that no context of the grid has.
    """

    groups: tuple[Group, ...]
    absent: tuple[str, ...] = ()

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Every comparison once."""
        every = [one for group in self.groups for one in group.instances]
        return tuple({one.key: one for one in every}.values())


def expand(plan: Plan, claim: Claim) -> Expanded:
    """Return the comparisons that a claim makes, in each context of the plan.

    A context is a combination of the values of the axes that a part of the relation leaves
    open: those that it does not name and on which some name of it stands for several grid
    points. A grid point without such an axis is in each of its contexts.
    """
    grid = _Grid(plan, claim)
    parts = resolved(claim, defined=grid.defined).parts
    found = [(part, list(grid.groups(part))) for part in parts]
    absent = tuple(str(part.comparison) for part, groups in found if not groups)
    flat = [one for part, groups in found if part.quantifier == "every" for one in groups]
    every = [instance for group in flat for instance in group.instances]
    others = [one for part, groups in found if part.quantifier != "every" for one in groups]
    merged = _once(every)
    groups = [Group(least=len(merged), instances=merged)] if merged else []
    distinct = {
        (group.least, tuple(one.key for one in group.instances)): group for group in others
    }
    return Expanded(groups=(*groups, *distinct.values()), absent=absent)


class _Grid:
    """The grid points that a claim speaks of."""

    def __init__(self, plan: Plan, claim: Claim) -> None:
        self.plan, self.claim = plan, claim
        self.defined = defined_by(plan.suite)
        untrained = tuple(one for one in plan.of("evaluation") if one.needs is None)
        grid = (*plan.of("training"), *untrained) or plan.of("profile")  # one of each point
        labels = [label for entry in grid for label in entry.labels]
        inside = [_stripped(label) for label in labels if self._within(label)]
        self.points = list({_key(point): point for point in inside}.values())
        self._index: dict[tuple[str, Key], dict[str, Entry]] = {}
        for entry in plan.entries:
            for label in filter(self._within, entry.labels):
                asked = self._index.setdefault((entry.role, _key(_stripped(label))), {})
                asked[entry.id] = entry

    def groups(self, part: Part) -> Iterator[Group]:
        """Yield what must hold in each context of a part."""
        places = part.comparison.places()
        axis = part.many.axis if part.many else ""
        members = [Place((name,)) for name in self._members(axis, self.points)]
        named = {axis, *(self._axis(name) for one in places for name in one.names)}
        asked = [self._selected(one, self.points) for one in (*places, *members)]
        free = [one for one in AXES if one not in named and any(_several(one, asked))]
        for context in self._contexts(free, [point for points in asked for point in points]):
            points = [one for one in self.points if _in(one, context)]
            if not all(self._selected(one, points) for one in places):
                continue
            here = part.over(self._members(axis, points))
            instances = _once([self._instance(one, context, points) for one in here])
            if instances:
                yield Group(least=_least(part, len(instances)), instances=instances)

    def _instance(
        self, comparison: Comparison, context: Mapping[str, str], points: Sequence[Point]
    ) -> Instance:
        return Instance(
            comparison=comparison,
            context=context,
            behind={one: self._behind(one, points) for one in comparison.places()},
        )

    def _behind(self, place: Place, points: Sequence[Point]) -> Behind:
        value = place.value or self.claim.value
        selected = self._selected(place, points)
        asked = [self._entries(value, point) for point in selected]
        several = len({tuple(one.id for one in entries) for entries in asked}) > 1
        return Behind(
            value=value,
            point=selected[0],
            entries=asked[0],
            open=tuple(axis for axis in AXES if any(_several(axis, [selected])))
            if several
            else (),
        )

    def _entries(self, value: str, point: Point) -> tuple[Entry, ...]:
        role, _ = source(value)
        return tuple(self._index.get((role, _key(point)), {}).values())

    def _contexts(
        self, free: Sequence[str], points: Sequence[Point]
    ) -> Iterator[dict[str, str]]:
        choices = [_names(axis, points) for axis in free]
        for names in itertools.product(*choices):
            yield dict(zip(free, names, strict=True))

    def _members(self, axis: str, points: Sequence[Point]) -> list[str]:
        return [shortest(axis, name, defined=self.defined) for name in _names(axis, points)]

    def _selected(self, place: Place, points: Sequence[Point]) -> list[Point]:
        wanted = [axes_of(name, defined=self.defined)[0] for name in place.names]
        return [one for one in points if all(one.get(axis) == name for axis, name in wanted)]

    def _axis(self, name: str) -> str:
        return axes_of(name, defined=self.defined)[0][0]

    def _within(self, label: Mapping[str, Any]) -> bool:
        return all(
            label.get(axis) in (names if isinstance(names, tuple) else (names,))
            for axis, names in self.claim.where.items()
        )


def _least(part: Part, count: int) -> int:
    """Return how many of so many members must keep the part."""
    return {"every": count, "most": count // 2 + 1, "some": 1}[part.quantifier]


def _once(instances: Sequence[Instance]) -> tuple[Instance, ...]:
    """Return each comparison once, with what its contexts have in common."""
    found: dict[Any, Instance] = {}
    for one in instances:
        same = found.setdefault(one.key, one)
        shared = dict(same.context.items() & one.context.items())
        kept = {axis: name for axis, name in same.context.items() if axis in shared}
        found[one.key] = replace(same, context=kept)
    return tuple(found.values())


def _several(axis: str, asked: Sequence[Sequence[Point]]) -> Iterator[bool]:
    return (len(_names(axis, points)) > 1 for points in asked)


def _names(axis: str, points: Sequence[Point]) -> list[str]:
    return list(dict.fromkeys(str(point[axis]) for point in points if axis in point))


def _in(point: Point, context: Mapping[str, str]) -> bool:
    return all(point.get(axis, name) == name for axis, name in context.items())


def _stripped(label: Mapping[str, Any]) -> Point:
    return {axis: name for axis, name in label.items() if axis != "rng_seed"}


def _key(point: Point) -> Key:
    return frozenset(point.items())
