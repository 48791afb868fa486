"""How long an action takes: blocks timed one by one, on the device's own clock."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True, kw_only=True)
class Lap:
    """One call of an action, by the clocks.

    Attributes:
        ms: milliseconds that passed, on the device's own clock.
        cpu_ms: milliseconds that this process, all its threads together, had a core; None
            where the work runs on another device.
    """

    ms: float
    cpu_ms: float | None = None


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """Times of equal blocks of work, and what is told of them.

    Attributes:
        ms: milliseconds of each block, in the order of measuring.

    Raises:
        ValueError: there is no block.

    >>> blocks = Blocks(ms=(4.0, 1.0, 2.0, 3.0, 10.0))
    >>> blocks.median, blocks.iqr, blocks.least, blocks.greatest
    (3.0, 2.0, 1.0, 10.0)
    >>> blocks.per(2).median
    1.5
    """

    ms: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.ms:
            raise ValueError("a timing needs at least one block")

    @property
    def median(self) -> float:
        """The middle time; of an even number, the mean of the middle two."""
        return statistics.median(self.ms)

    @property
    def iqr(self) -> float:
        """Distance of the quartiles (linear between blocks); 0 for one block."""
        return quartile_distance(self.ms)

    @property
    def least(self) -> float:
        """The shortest time."""
        return min(self.ms)

    @property
    def greatest(self) -> float:
        """The longest time."""
        return max(self.ms)

    def per(self, count: int) -> Blocks:
        """Return the times of one of ``count`` equal parts of each block."""
        return Blocks(ms=tuple(each / count for each in self.ms))


def time_blocks(
    action: Callable[[], object],
    *,
    device: torch.device,
    warm_up: int,
    blocks: int,
    repeats_per_block: int = 1,
) -> Blocks:
    """Return the milliseconds of one call of ``action``, measured in blocks.

    On a GPU the clock is a pair of device events on the current stream: it starts with the
    device idle, and covers launching, running and waiting for all calls of the block. On a
    CPU it is ``time.perf_counter``. Warm-up calls are made before, off the clock.

    Args:
        action: what is timed.
        device: where it runs.
        warm_up: calls before the first block.
        blocks: at least 1.
        repeats_per_block: calls in a block, at least 1; a block's time is divided by it.

    Raises:
        ValueError: there is no block, or nothing in it.
    """
    if blocks < 1 or repeats_per_block < 1:
        raise ValueError(
            f"timing needs 1 block of 1 call or more, not {blocks} of {repeats_per_block}"
        )
    for _ in range(warm_up):
        action()
    laps = [lap(action, device=device, repeats=repeats_per_block) for _ in range(blocks)]
    return Blocks(ms=tuple(one.ms for one in laps))


def lap(action: Callable[[], object], *, device: torch.device, repeats: int = 1) -> Lap:
    """Return the time of one call of ``action``, out of ``repeats`` timed together."""
    clocked = _cuda_lap if device.type == "cuda" else _cpu_lap
    whole = clocked(action, device, repeats)
    cpu_ms = None if whole.cpu_ms is None else whole.cpu_ms / repeats
    return Lap(ms=whole.ms / repeats, cpu_ms=cpu_ms)


def quartile_distance(values: Sequence[float]) -> float:
    """Return the distance of the quartiles (linear between values); 0 for one value."""
    if len(values) < 2:
        return 0.0
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return third - first


def _cpu_lap(action: Callable[[], object], device: torch.device, repeats: int) -> Lap:  # noqa: ARG001 -- one signature for both clocks
    own, start = time.process_time(), time.perf_counter()
    for _ in range(repeats):
        action()
    ms = (time.perf_counter() - start) * 1000
    return Lap(ms=ms, cpu_ms=(time.process_time() - own) * 1000)


def _cuda_lap(action: Callable[[], object], device: torch.device, repeats: int) -> Lap:
    with torch.cuda.device(device):
        event: Any = torch.cuda.Event  # some versions of PyTorch give it no types
        start, end = event(enable_timing=True), event(enable_timing=True)
        torch.cuda.synchronize()
        start.record()
        for _ in range(repeats):
            action()
        end.record()
        end.synchronize()
        return Lap(ms=float(start.elapsed_time(end)))
