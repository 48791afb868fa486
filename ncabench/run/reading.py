"""An iteration's scalars on their way from the device to the log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


class Reading:
    """What an iteration left on the device, read without stopping the device.

    On a GPU the numbers are copied behind the work that makes them, and the device goes on:
    whoever asks for them later, when further iterations are under way, waits for that work
    alone. On a CPU they are there at once.

    Args:
        iteration: iterations done.
        scalars: of no dimension, on one device; they may change afterwards.

    >>> Reading(3, {"loss": torch.tensor(0.5)}).values()
    {'loss': 0.5}
    """

    def __init__(self, iteration: int, scalars: Mapping[str, Tensor]) -> None:
        self.iteration = iteration
        self._names = list(scalars)
        there = torch.stack([scalars[name].detach().double() for name in self._names])
        self._here = there
        self._read: Any = None
        if there.is_cuda:
            event: Any = torch.cuda.Event  # some versions of PyTorch give it no types
            self._here = torch.empty_like(there, device="cpu", pin_memory=True)
            self._here.copy_(there, non_blocking=True)
            self._read = event(enable_timing=True)
            self._read.record()

    def values(self) -> dict[str, float]:
        """Return the numbers by name; on a GPU it waits until they have been copied."""
        if self._read is not None:
            self._read.synchronize()
        return dict(zip(self._names, self._here.tolist(), strict=True))

    def ms_since(self, earlier: Reading) -> float | None:
        """Return the milliseconds between two readings on the GPU's own clock.

        None on a CPU. Both must have been read.
        """
        if self._read is None or earlier._read is None:
            return None
        return float(earlier._read.elapsed_time(self._read))
