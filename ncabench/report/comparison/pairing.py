"""What stands opposite each other when A is compared with B, and on which device."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ncabench.errors import Problem, SuiteError
from ncabench.plan.entry import Entry, Role
from ncabench.record.stored import StoredRun
from ncabench.report.cells import gather, source
from ncabench.report.chosen import Chosen, choose
from ncabench.suite.suite import AXES, Column, Row

Point = Mapping[str, str | int]
Key = frozenset[tuple[str, str | int]]
ROLES: tuple[Role, ...] = ("training", "evaluation", "profile")
Place = tuple[tuple[str, str | int], ...]
_NOT_OF: Mapping[str, tuple[str, ...]] = {  # role: axes that do not change its entries
    "training": ("perturbation", "protocol"),
    "profile": ("perturbation", "protocol", "recipe"),
}


@dataclass(frozen=True, kw_only=True)
class Side:
    """A or B: its grid points, what is asked at each, and the runs there are.

    Attributes:
        name: as the user named it.
        where: the names of the grid that it stands for; empty for a result set.
        points: its grid points, ``rng_seed`` included.
        entries: what is asked, by role and grid point.
        runs: what is stored, of these entries and of others.
        chosen: the runs that are shown.
        sort: what a side is that no names of the grid stand for.
    """

    name: str
    where: Mapping[str, str] = field(default_factory=dict)
    points: tuple[Point, ...]
    entries: Mapping[tuple[str, Key], Entry]
    runs: tuple[StoredRun, ...]
    chosen: Chosen = field(default_factory=Chosen)
    sort: str = "result set"

    def entry(self, role: str, point: Point) -> Entry | None:
        """Return what is asked at a grid point, or None."""
        return self.entries.get((role, key(point)))

    def read(self, value: str, point: Point) -> Reading:
        """Return a value, named as a table's column names it, at a grid point."""
        role, _ = source(value)
        entry = self.entry(role, point)
        if entry is None:
            return Reading()
        row, column = Row(label="", where=dict(point)), Column(label="", value=value)
        cell = gather([entry], self.chosen, row=row, column=column)
        if cell.values:
            return Reading(value=cell.values[0])
        return Reading(word=next(iter(cell.outcomes), ""))


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One value of one run, or the word for why there is none; neither if it was not run."""

    value: float | None = None
    word: str = ""


@dataclass(frozen=True, kw_only=True)
class Context:
    """A place where A and B can be compared: all that they have in common.

    Attributes:
        where: axis to the name that both have there.
        first: A's grid points there, by rng_seed.
        second: B's.
    """

    where: Mapping[str, str | int]
    first: Mapping[int, Point]
    second: Mapping[int, Point]

    def of(self, role: str) -> Mapping[str, str | int]:
        """Return ``where`` without the axes that entries of a role do not depend on."""
        left_out = _NOT_OF.get(role, ())
        return {axis: name for axis, name in self.where.items() if axis not in left_out}


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """Where A and B meet, and where only one of them is.

    Attributes:
        contexts: in the order of the plan.
        only_first: places that only A has.
        only_second: places that only B has.
    """

    contexts: tuple[Context, ...]
    only_first: tuple[Mapping[str, str | int], ...] = ()
    only_second: tuple[Mapping[str, str | int], ...] = ()


def key(point: Point) -> Key:
    """Return what a grid point is looked up by, whatever the order of its axes."""
    return frozenset(point.items())


def index(entries: Iterable[Entry]) -> dict[tuple[str, Key], Entry]:
    """Return the entries by role and grid point."""
    return {(one.role, key(point)): one for one in entries for point in one.labels}


def pair(first: Side, second: Side) -> Pairing:
    """Return where A and B meet: on equal names of every axis that both have in common.

    An axis that either of them names is not among these, nor is one that only one of them
    has, nor one on which they have no name in common; on those, each must have one name.

    Raises:
        SuiteError: A or B leaves such an axis open.
    """
    if not first.points or not second.points:
        return Pairing(contexts=())
    axes = _common(first, second)
    ours = _by_place(first, axes, which="A")
    theirs = _by_place(second, axes, which="B")
    return Pairing(
        contexts=tuple(
            Context(where=dict(place), first=ours[place], second=theirs[place])
            for place in ours
            if place in theirs
        ),
        only_first=tuple(dict(place) for place in ours if place not in theirs),
        only_second=tuple(dict(place) for place in theirs if place not in ours),
    )


def opposites(context: Context) -> list[tuple[Point, Point]]:
    """Return the grid points that stand opposite each other: those of equal rng_seed.

    Where no rng_seed is planned for both, the first of A and the first of B.
    """
    shared = sorted(context.first.keys() & context.second.keys())
    found = [(context.first[seed], context.second[seed]) for seed in shared]
    return found or [(context.first[min(context.first)], context.second[min(context.second)])]


def _common(first: Side, second: Side) -> list[str]:
    named = {*first.where, *second.where, "rng_seed"}
    return [
        axis
        for axis in AXES
        if axis not in named and _names(first, axis) & _names(second, axis)
    ]


def _names(side: Side, axis: str) -> set[str | int]:
    return {point[axis] for point in side.points if axis in point}


def _by_place(side: Side, axes: Sequence[str], *, which: str) -> dict[Place, dict[int, Point]]:
    found: dict[Place, dict[int, Point]] = {}
    for point in side.points:
        place = tuple((axis, point[axis]) for axis in axes if axis in point)
        seeds = found.setdefault(place, {})
        other = seeds.setdefault(int(point["rng_seed"]), point)
        if key(other) != key(point):
            raise SuiteError("", [_open(side, (other, point), which=which)])
    return found


def _open(side: Side, points: tuple[Point, Point], *, which: str) -> Problem:
    one, other = points
    axis = next(axis for axis in AXES if one.get(axis) != other.get(axis))
    names = sorted(map(str, _names(side, axis)))
    what = f"{side.name!r} leaves open which {axis} is meant; name one"
    if names:
        what += f", as in '{side.name} & {names[0]}'"
    return Problem(where=which, what=what, accepted=tuple(names))


def stored(side: Side) -> list[StoredRun]:
    """Return the runs of a side's entries, on every device."""
    wanted = {(entry.role, entry.id) for entry in side.entries.values()}
    return [run for run in side.runs if (run.role, run.id) in wanted]


def metric_kinds(first: Side, second: Side, pairing: Pairing) -> dict[str, tuple[str, ...]]:
    """Return the kinds that each metric's name stands for in the evaluations compared.

    That is what was asked of the runs, which may be another state of the suite.
    """
    found: dict[str, dict[str, None]] = {}
    for context in pairing.contexts:
        for one, other in opposites(context):
            for side, point in ((first, one), (second, other)):
                entry = side.entry("evaluation", point)
                if entry is None or side.chosen.run("evaluation", entry.id) is None:
                    continue
                for name, spec in entry.spec.get("metrics", {}).items():
                    found.setdefault(name, {})[str(spec["kind"])] = None
    return {name: tuple(kinds) for name, kinds in found.items()}


def settle(first: Side, second: Side, *, pairing: Pairing) -> tuple[Chosen, Chosen]:
    """Return the runs of A and of B to show: of one device and engine, if they have one.

    That is the device class and engine on which most of what stands opposite each other was
    run by both; of equals, the newest. Where there is none, the engines may differ, and
    where there is still none, the devices.
    """
    runs = [run for side in (first, second) for run in stored(side)]
    alike = sorted({(run.device_class, run.engine) for run in runs})
    tiers: list[list[tuple[str, ...]]] = [
        list(alike),
        sorted({(device_class,) for device_class, _ in alike}),
    ]
    for tier in tiers:
        found = [_on(first, second, where, pairing=pairing) for where in tier]
        best = max(found, default=None, key=lambda one: one[:2])
        if best is not None and best[0]:
            return best[2], best[3]
    return choose(first.entries.values(), first.runs), choose(
        second.entries.values(), second.runs
    )


def _on(
    first: Side, second: Side, where: tuple[str, ...], *, pairing: Pairing
) -> tuple[int, str, Chosen, Chosen]:
    """Count what both have on one device class (and engine), and choose among it."""
    kept = [
        tuple(run for run in side.runs if (run.device_class, run.engine)[: len(where)] == where)
        for side in (first, second)
    ]
    ours = choose(first.entries.values(), kept[0])
    theirs = choose(second.entries.values(), kept[1])
    both = sum(
        _has(first, ours, role, context.first[seed])
        and _has(second, theirs, role, context.second[seed])
        for context in pairing.contexts
        for seed in context.first.keys() & context.second.keys()
        for role in ROLES
    )
    ends = [run.ended_at for chosen in (ours, theirs) for run in chosen.runs.values()]
    return both, max(ends, default=""), ours, theirs


def _has(side: Side, chosen: Chosen, role: Role, point: Point) -> bool:
    entry = side.entry(role, point)
    return entry is not None and chosen.run(role, entry.id) is not None
