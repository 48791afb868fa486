"""Trainers: how weights are found, one iteration at a time.

A trainer's ``__init__`` takes ``model``, ``task``, ``draws`` and ``amp`` (the operand type
of mixed precision, or None) from the harness; by keyword only, the recipe that ``[train]``
sets. It logs nothing, saves nothing and prints nothing: whoever calls `advance` does.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from torch import Tensor


class Trainer(ABC):
    """A training in progress.

    Attributes:
        iteration: iterations done.
        iterations: iterations to do.
    """

    version: ClassVar[int] = 1
    iteration: int
    iterations: int

    @abstractmethod
    def advance(self) -> dict[str, Tensor]:
        """Do one iteration and return its scalars, detached, on the device.

        ``"loss"`` is always among them. Nothing here waits for the device.
        """

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Return all that `load_state_dict` needs, weights included, to go on bit for bit."""

    @abstractmethod
    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take up where `state_dict` left off."""
