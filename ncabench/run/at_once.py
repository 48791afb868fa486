"""Several iterations at once, beside one of them alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ncabench.run.precision import flags
from ncabench.run.rotation import take_turns
from ncabench.run.timing import lap
from ncabench.run.workload import Action


def time_at_once(
    make: Callable[[], Action],
    *,
    count: int,
    precision: str,
    device: torch.device,
    warm_up: int,
    rounds: int,
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the milliseconds of one action and of ``count`` at once, round by round.

    Args:
        make: makes an action of its own model and engine, each time it is called.
        count: at least 2.
        precision: at which they are made and called.
        device: where; on a CPU they follow one another.
        warm_up: calls of each beyond the three in which it may compile and record.
        rounds: blocks of one, and of all.
    """
    with flags(precision):
        actions = [make() for _ in range(count)]
        for action in actions:
            for _ in range(3 + warm_up):
                action()
        every = launcher(actions, device=device)
        every()
        times = take_turns(
            {
                "one": lambda: lap(actions[0], device=device).ms,
                "all": lambda: lap(every, device=device).ms,
            },
            rounds=rounds,
            failed=_raise,
        )
    return times["one"], times["all"]


def launcher(actions: Sequence[Action], *, device: torch.device) -> Action:
    """Return what starts all actions, each on a stream of its own, and waits on the device."""
    if device.type != "cuda":
        return lambda: [action() for action in actions]
    stream_of: Any = torch.cuda.Stream  # some versions of PyTorch give it no types
    streams = [stream_of(device) for _ in actions]

    def launch() -> None:
        current = torch.cuda.current_stream(device)
        for stream, action in zip(streams, actions, strict=True):
            stream.wait_stream(current)
            with torch.cuda.stream(stream):
                action()
        for stream in streams:
            current.wait_stream(stream)

    return launch


def _raise(_name: str, error: Exception) -> None:
    raise error
