"""How long an action takes beside another: blocks of both, taking turns."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from ncabench.run.timing import Lap, lap, quartile_distance

MOST_REPEATS = 64


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Pairs of blocks, one of an action and one of the reference right before or after it.

    What the machine does meanwhile (its clock frequency, other processes) meets both blocks
    of a pair, so the ratio of a pair stays where the times do not; the median over pairs
    drops those that were disturbed in one of their blocks only.

    Attributes:
        own: laps of the action, one of each pair.
        reference: laps of the reference, for one call each.

    Raises:
        ValueError: there is no pair, or a block has no partner.

    >>> own = tuple(Lap(ms=ms, cpu_ms=6.0) for ms in (6.0, 12.0, 6.0))
    >>> reference = tuple(Lap(ms=ms, cpu_ms=3.0) for ms in (3.0, 6.0, 6.0))
    >>> pace = Pace(own=own, reference=reference)
    >>> pace.ratio, pace.ratio_iqr, pace.cpu_ratio
    (2.0, 0.5, 2.0)
    """

    own: tuple[Lap, ...]
    reference: tuple[Lap, ...]

    def __post_init__(self) -> None:
        if not self.own or len(self.own) != len(self.reference):
            raise ValueError(
                f"{len(self.own)} blocks and {len(self.reference)} of the reference "
                "make no pairs"
            )

    @property
    def ratio(self) -> float:
        """A call of the action over one of the reference: the median of the pairs."""
        return statistics.median(self._ratios())

    @property
    def ratio_iqr(self) -> float:
        """Distance of the quartiles of the pairs' ratios."""
        return quartile_distance(self._ratios())

    @property
    def reference_ms(self) -> float:
        """Milliseconds of one call of the reference: the median of its blocks."""
        return statistics.median(one.ms for one in self.reference)

    @property
    def cpu_ratio(self) -> float | None:
        """The same as `ratio`, of the processor's time; None where it was not read.

        Waiting for a core is not in it, so it holds on a crowded machine; nor is sleeping.
        """
        pairs = [
            (own.cpu_ms, reference.cpu_ms)
            for own, reference in zip(self.own, self.reference, strict=True)
            if own.cpu_ms and reference.cpu_ms
        ]
        return statistics.median(own / reference for own, reference in pairs) if pairs else None

    @property
    def reference_cores(self) -> float | None:
        """Cores that the reference had: its processor time over its time, the median.

        Below the number of its threads, others took turns on the machine.
        """
        shares = [one.cpu_ms / one.ms for one in self.reference if one.cpu_ms]
        return statistics.median(shares) if shares else None

    def _ratios(self) -> list[float]:
        return [
            own.ms / reference.ms
            for own, reference in zip(self.own, self.reference, strict=True)
        ]


def pace(
    action: Callable[[], object],
    reference: Callable[[], object],
    *,
    device: torch.device,
    warm_up: int,
    blocks: int,
) -> Pace:
    """Time blocks of ``action`` and of ``reference`` in turns: AB, BA, AB, ...

    A block is one call of the action, and as many calls of the reference (up to 64) as take
    about as long, so that both meet the same disturbances.

    Args:
        action: what is timed.
        reference: what it is compared with.
        device: where both run.
        warm_up: calls of each before the first block, at least 1.
        blocks: pairs, at least 1.

    Raises:
        ValueError: there is no pair, or no warm-up.
    """
    if warm_up < 1 or blocks < 1:
        raise ValueError(f"a pace needs 1 warm-up and 1 pair, not {warm_up} and {blocks}")
    own = [lap(action, device=device) for _ in range(warm_up)]
    other = [lap(reference, device=device) for _ in range(warm_up + 2)]
    repeats = max(1, min(MOST_REPEATS, round(_least_ms(own) / _least_ms(other))))

    def pair(*, first: bool) -> tuple[Lap, Lap]:
        if first:
            mine = lap(action, device=device)
            return mine, lap(reference, device=device, repeats=repeats)
        theirs = lap(reference, device=device, repeats=repeats)
        return lap(action, device=device), theirs

    pairs = [pair(first=index % 2 == 0) for index in range(blocks)]
    return Pace(own=tuple(one for one, _ in pairs), reference=tuple(one for _, one in pairs))


def _least_ms(laps: Sequence[Lap]) -> float:
    return min(one.ms for one in laps)
