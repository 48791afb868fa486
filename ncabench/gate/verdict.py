"""What the check says of one cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Word = Literal[
    "ok", "worse", "better", "slower", "faster", "failed", "outdated", "not compared"
]
REGRESSIONS = ("worse", "slower")


@dataclass(frozen=True, kw_only=True)
class Checked:
    """One cell, compared with its baseline.

    Attributes:
        cell: its name.
        part: ``"quality"`` or ``"time"``.
        word: the verdict; ``"outdated"`` where the suite asks for something else by now.
        before: the baseline's mean value, or median ratio to the reference workload.
        now: likewise.
        change: relative change; of a percentage, the difference in points.
        tolerance: the change from which on it is a word, in the same measure.
        n: rng_seeds, or processes, that were compared.
        reason: why nothing could be compared, or what to know.
    """

    cell: str
    part: Literal["quality", "time"]
    word: Word
    before: float | None = None
    now: float | None = None
    change: float | None = None
    tolerance: float | None = None
    n: int = 0
    reason: str = ""


def exit_code(checked: list[Checked]) -> int:
    """Return the command's exit code; the gravest word decides.

    5 for a regression, 3 for an entry that failed, 6 where the baseline holds what could not
    be compared or nothing was compared at all, else 0.
    """
    words = {one.word for one in checked}
    if words & set(REGRESSIONS):
        return 5
    if "failed" in words:
        return 3
    if "outdated" in words or not words & {"ok", "better", "faster"}:
        return 6
    return 0
