"""What running an entry gives back to its worker; imports no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ncabench.run.outcome import Outcome


class Interrupted(Exception):
    """The worker was asked to stop, and what it had is saved."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """A finished entry's numbers and files.

    Attributes:
        values: named numbers.
        artifacts: files written into the run folder that belong to the record.
        seconds: time, that of earlier attempts included.
        resumed: iterations at which a killed attempt was taken up.
        warnings: what a reader should know.
        environment: what of its surroundings only the entry itself knows.
        outcome: how it ended; other than ``"ok"`` where only ``values`` could be measured.
        reason: why only these, ``""`` where it is ``"ok"``.
    """

    values: dict[str, float]
    artifacts: list[str]
    seconds: float
    resumed: list[int] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    environment: dict[str, Any] = field(default_factory=dict)
    outcome: Outcome = "ok"
    reason: str = ""
