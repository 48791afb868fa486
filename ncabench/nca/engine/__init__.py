"""Engines: how rollouts and training iterations are executed.

``eager`` is the definition. Every other engine gives the same numbers, to rounding, faster.
An engine's ``__init__`` takes the device and the operand type of mixed precision, or None.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import torch
from torch import Tensor

from ncabench.nca.fires import Fires
from ncabench.nca.model import Automaton


class Engine(ABC):
    """Executes what a trainer, a protocol or a profiler asks for.

    Attributes:
        name: as ``[execution]`` names it.
        device: where all of it runs.
        amp: operand type of mixed precision, or None.
        captures: whether `run` records its work and replays it: then work must not wait for
            the device, and what changes between iterations must be a tensor or its key.
        notes: what a record should say of how the request was met.
    """

    name: ClassVar[str]
    captures: bool = False

    def __init__(self, device: torch.device, amp: torch.dtype | None = None) -> None:
        self.device = device
        self.amp = amp
        self.notes: list[str] = []

    def autocast(self) -> AbstractContextManager[None]:
        """Return the context of mixed precision; one that does nothing without `amp`."""
        return torch.autocast(self.device.type, dtype=self.amp, enabled=self.amp is not None)

    @abstractmethod
    def faster(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function with the same results, to be called often with equal shapes."""

    @abstractmethod
    def rollout(
        self,
        model: Automaton,
        state: Tensor,
        *,
        condition: Tensor | None,
        masks: Tensor | Fires | None,
        noises: Tensor | None = None,
        segments: int = 0,
    ) -> Tensor:
        """Return the last state, ready for a gradient.

        The arguments are those of ``ncabench.nca.segments.rollout_in_segments``; masks may
        be given by the names of their draws. Only one model is rolled out by one engine with
        gradients.
        """

    @abstractmethod
    def inference(self, model: Automaton) -> Automaton:
        """Return an automaton with the same steps, for use without gradients."""

    @abstractmethod
    def run(self, work: Callable[[], dict[str, Tensor]], *, key: Hashable) -> dict[str, Tensor]:
        """Do ``work`` once, and return its scalars, detached, on the device.

        What is returned holds until the next call.

        Args:
            work: always the same, but for what ``key`` says.
            key: all that decides which operations ``work`` does, and on which shapes.
        """
