"""Optimisers, as far as a suite may choose them."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from torch import nn
from torch.optim import Optimizer


class Optimiser(ABC):
    """Makes the optimiser of a set of weights."""

    version: ClassVar[int] = 1
    learning_rate: float

    @abstractmethod
    def make(self, weights: Iterable[nn.Parameter], *, captured: bool = False) -> Optimizer:
        """Return an optimiser of ``weights``, its learning rate unscheduled.

        Args:
            weights: what it changes.
            captured: its step is recorded on a GPU and replayed, with a tensor for the
                learning rate.
        """
