"""Turns a Suite into Entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ncabench.errors import SuiteError
from ncabench.plan.entry import Entry, Role, matches
from ncabench.plan.identity import identity
from ncabench.plan.points import Point, points
from ncabench.plan.specs import Specs
from ncabench.suite.suite import Suite


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a suite asks for.

    Attributes:
        suite: the suite.
        entries: trainings, then evaluations, then profiles; each in the grid's order, and
            once, whatever number of grid points it serves. The rng_seed of a profile
            counts its repetitions.
    """

    suite: Suite
    entries: tuple[Entry, ...]

    def of(self, role: Role) -> tuple[Entry, ...]:
        """Return the entries of one role."""
        return tuple(entry for entry in self.entries if entry.role == role)

    def trainings(self, where: Mapping[str, str | int] | None = None) -> tuple[Entry, ...]:
        """Return the trainings that serve a grid point with all of ``where``."""
        return self._serving("training", where or {})

    def evaluations(self, where: Mapping[str, str | int] | None = None) -> tuple[Entry, ...]:
        """Return the evaluations that serve a grid point with all of ``where``."""
        return self._serving("evaluation", where or {})

    def profiles(self, where: Mapping[str, str | int] | None = None) -> tuple[Entry, ...]:
        """Return the profiles that serve a grid point with all of ``where``."""
        return self._serving("profile", where or {})

    def _serving(self, role: Role, where: Mapping[str, str | int]) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.of(role) if entry.serves(where))


def make(suite: Suite, *, root: Path | None = None) -> Plan:
    """Return the entries of a suite; nothing is trained, and torch is not imported.

    Args:
        suite: a loaded suite.
        root: where data sets look for what is not shipped.

    Raises:
        SuiteError: components are combined that do not fit each other, or data cannot be
            read as what it should be; lists every such problem.
    """
    grid, problems = points(suite)
    specs = Specs(suite=suite, root=root, problems=problems)
    gathered, ids = _Gathered(), _Ids()
    for point in grid if not problems else ():
        if suite.trains:
            training, missing = specs.training(point), specs.missing(point)
            id, needs = ids.of(training), None
            if specs.is_trained(point):
                needs = _training(point, specs, gathered, ids)
            asked = specs.evaluation(point, training=training, training_id=id)
            donor, there = specs.donor(point, training_id=id), None
            if donor is not None:
                there = _training(donor, specs, gathered, ids)
                asked |= {"donor": specs.training(donor), "donor_id": there}
                missing = missing or specs.missing(donor)
            gathered.add(
                "evaluation",
                asked,
                point,
                id=identity(asked),
                needs=needs,
                donor=there,
                missing=missing,
            )
        timed = suite.profile_of(point)
        for repeat in range(timed.repeats if timed else 0):
            profile, turn = specs.profile(point, repeat=repeat), {**point, "rng_seed": repeat}
            missing = specs.missing(point)
            gathered.add("profile", profile, turn, id=identity(profile), missing=missing)
    if specs.problems:
        raise SuiteError(str(suite.path), specs.problems)
    roles: tuple[Role, ...] = ("training", "evaluation", "profile")
    entries = [
        entry for role in roles for entry in gathered.entries.values() if entry.role == role
    ]
    return Plan(suite=suite, entries=tuple(_expecting(entry, suite) for entry in entries))


@dataclass
class _Ids:
    """The ids of specs that many grid points share, each found once."""

    _known: dict[int, tuple[Mapping[str, Any], str]] = field(default_factory=dict)

    def of(self, spec: Mapping[str, Any]) -> str:
        if id(spec) not in self._known:
            self._known[id(spec)] = spec, identity(spec)  # held, so that no place is reused
        return self._known[id(spec)][1]


@dataclass
class _Gathered:
    """Entries by id; one that is asked for again gets another label."""

    entries: dict[str, Entry] = field(default_factory=dict)

    def add(
        self,
        role: Role,
        spec: Mapping[str, Any],
        point: Point,
        *,
        id: str,
        needs: str | None = None,
        donor: str | None = None,
        missing: str = "",
    ) -> str:
        old = self.entries.get(id)
        if old is None:
            self.entries[id] = Entry(
                role=role,
                id=id,
                spec=spec,
                labels=(point,),
                needs=needs,
                donor=donor,
                missing=missing,
            )
        elif point not in old.labels:
            self.entries[id] = replace(old, labels=(*old.labels, point))
        return id


def _training(point: Point, specs: Specs, gathered: _Gathered, ids: _Ids) -> str:
    """Add the training at a grid point, after the one whose weights it begins with."""
    graft, donor, missing = specs.graft(point), None, specs.missing(point)
    if graft is not None:
        donor = _training(graft, specs, gathered, ids)
        missing = missing or specs.missing(graft)
    spec = specs.training(point)
    return gathered.add("training", spec, point, id=ids.of(spec), donor=donor, missing=missing)


def _expecting(entry: Entry, suite: Suite) -> Entry:
    if not suite.expects:
        return entry
    expected = [
        one.outcome
        for one in suite.expects
        if any(matches(labels, one.where) for labels in entry.labels)
    ]
    return replace(entry, expect=tuple(dict.fromkeys(expected)))
