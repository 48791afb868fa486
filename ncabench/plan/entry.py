"""One thing to run, fully decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["training", "evaluation", "profile"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A training, an evaluation of one, or a profile.

    Attributes:
        role: which of them.
        id: short hash of what is asked; see ``plan.identity``.
        spec: what is asked, whole: JSON-able, every parameter present.
        labels: every grid point that it serves, axis to name, ``rng_seed`` included.
        needs: the training that an evaluation is of, by id; None where the model has nothing
            to train.
        donor: another training that an evaluation takes part of, or whose weights a training
            begins with, by id; None for most.
        missing: what is not on this machine, and what mends it; ``""`` where all is.
        expect: outcomes besides ``ok`` that the paper itself reports.
    """

    role: Role
    id: str
    spec: Mapping[str, Any]
    labels: tuple[Mapping[str, str | int], ...]
    needs: str | None = None
    donor: str | None = None
    missing: str = ""
    expect: tuple[str, ...] = ()

    @property
    def behind(self) -> tuple[str, ...]:
        """The trainings that must have ended well before it, by id.

        >>> Entry(role="evaluation", id="c", spec={}, labels=(), needs="a", donor="b").behind
        ('a', 'b')
        """
        return tuple(one for one in (self.needs, self.donor) if one is not None)

    def serves(self, where: Mapping[str, str | int]) -> bool:
        """Tell whether some grid point of the entry has all of ``where``."""
        return any(matches(labels, where) for labels in self.labels)


def with_behind(chosen: Iterable[Entry], entries: Sequence[Entry]) -> set[str]:
    """Return the ids of some entries and of all trainings behind them, however far.

    Args:
        chosen: the entries.
        entries: all that there are.
    """
    by_id = {one.id: one for one in entries}
    found: set[str] = set()
    waiting = list(chosen)
    while waiting:
        one = waiting.pop()
        found.add(one.id)
        waiting += [by_id[id] for id in one.behind if id in by_id and id not in found]
    return found


def matches(labels: Mapping[str, str | int], where: Mapping[str, str | int]) -> bool:
    """Tell whether a grid point has every axis of ``where`` at its value.

    >>> matches({"model": "nca", "rng_seed": 0}, {"model": "nca"})
    True
    >>> matches({"model": "unet"}, {"model": "unet", "perception": "sobel"})
    False
    """
    for axis, value in where.items():  # a million times a report, so no generator
        if axis not in labels or labels[axis] != value:
            return False
    return True
