"""One of those that are measured beside one another, ready for its turns."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from ncabench.run import memory
from ncabench.run.precision import flags
from ncabench.run.timing import lap
from ncabench.run.workload import Action

BLOCK_MS = 10.0  # shorter calls are repeated within a block
MOST_REPEATS = 64


@dataclass(frozen=True, kw_only=True)
class Rival:
    """What was prepared.

    Attributes:
        name: engine and precision, such as ``"compiled/tf32"``.
        precision: of the operands.
        clock: runs a block, and returns the milliseconds of one call in it.
        kept_gb: memory of the device that it holds between its turns.
        peak: memory of the device at its peak, above what was held before it was made.
        compile_s: seconds of compiling and recording, or None where nothing is compiled.
        close: gives back what it holds outside this process.
    """

    name: str
    precision: str
    clock: Callable[[], float]
    kept_gb: float = 0.0
    peak: memory.Held = field(default_factory=memory.Held)
    compile_s: float | None = None
    close: Callable[[], None] = lambda: None

    @property
    def passing_gb(self) -> float:
        """Memory that it needs in its turns alone."""
        return max(0.0, self.peak.reserved_gb - self.kept_gb)


def prepare(
    name: str,
    make: Callable[[], Action],
    *,
    precision: str,
    device: torch.device,
    warm_up: int,
    compiles: bool,
) -> Rival:
    """Make an action, let it compile and record, and measure its memory.

    The first call compiles and the second records, where the engine does so; the peak of
    allocated memory is that of the second and third, since a replay allocates nothing by
    itself. The third call has what stays reserved.

    Args:
        name: of the rival.
        make: makes the action.
        precision: at which it is made and always called.
        device: where it runs.
        warm_up: further calls.
        compiles: whether the first two calls count as compiling.
    """
    with flags(precision):
        before = memory.settle(device)
        action = make()
        first_s = _seconds(action, device)
        memory.settle(device)
        second_s = _seconds(action, device)
        second = memory.peaks(device)
        memory.settle(device)
        action()
        third = memory.peaks(device)
        kept = memory.settle(device)
        for _ in range(warm_up):
            action()
        ms = lap(action, device=device).ms
    repeats = repeats_of(ms)

    def clock() -> float:
        with flags(precision):
            return lap(action, device=device, repeats=repeats).ms

    allocated = max(second.allocated_gb, third.allocated_gb) - before.allocated_gb
    reserved = third.reserved_gb - before.reserved_gb
    return Rival(
        name=name,
        precision=precision,
        clock=clock,
        kept_gb=kept.reserved_gb - before.reserved_gb,
        peak=memory.Held(allocated_gb=allocated, reserved_gb=reserved),
        compile_s=max(0.0, first_s + second_s - 2 * ms / 1000) if compiles else None,
    )


def repeats_of(ms: float) -> int:
    """Return how many calls make a block that is long enough to be timed.

    >>> repeats_of(90.0), repeats_of(4.0), repeats_of(0.01)
    (1, 3, 64)
    """
    return max(1, min(MOST_REPEATS, -int(-BLOCK_MS // max(ms, 1e-6))))


def _seconds(action: Action, device: torch.device) -> float:
    started = time.perf_counter()
    action()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started
