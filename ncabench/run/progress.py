"""What a worker tells its parent while it works; imports no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


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


Tell = Callable[[Progress], None]
