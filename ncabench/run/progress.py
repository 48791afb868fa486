"""What a worker tells its parent while it works; imports no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ncabench.run.job import Job


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a worker is.

    Attributes:
        done: units done, those of earlier attempts included.
        total: units in all.
        resumed: units that earlier attempts had done, and this one need not do.
        note: a short figure to show, such as the loss.
    """

    done: int
    total: int
    resumed: int = 0
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """The entry ``id`` came further."""

    id: str
    progress: Progress


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The entry ``id`` has left a record in its folder."""

    id: str


@dataclass(frozen=True, kw_only=True)
class Instead:
    """From now on an entry is run as ``job``: its engine failed, and it has another."""

    job: Job


Tell = Callable[[Progress], None]
