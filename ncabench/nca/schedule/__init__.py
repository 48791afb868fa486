"""Learning-rate schedules."""

from abc import ABC, abstractmethod
from typing import ClassVar


class Schedule(ABC):
    """A factor on the learning rate for each iteration of a training."""

    version: ClassVar[int] = 1

    @abstractmethod
    def factor(self, iteration: int, iterations: int) -> float:
        """Return the factor for ``iteration`` (from 0) of ``iterations``, in [0, 1]."""
