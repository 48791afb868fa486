"""Objectives: losses that look at an answer through a network, or along random directions.

A recipe's ``loss`` is the name of a distance between images (``ncabench.nca.losses``), or one
of these. An objective's ``__init__`` takes, by keyword only, what a suite may set, and loads
nothing, since a plan builds it to check it.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.state import Layout


class Objective(ABC):
    """Maps answers and lessons ``(B, A, H, W)`` to a scalar that a training makes small."""

    version: ClassVar[int] = 1

    def check(self, layout: Layout) -> None:  # noqa: B027 -- most take any image
        """Raise ValueError where answers of a task's layout cannot be compared.

        It is called before `prepare`, and by plans, which load nothing.
        """

    @abstractmethod
    def prepare(self, device: torch.device) -> None:
        """Load what is needed onto the training's device, once, before the first iteration.

        Raises:
            NoData: trained weights are missing; the message has the command that mends it.
        """

    @abstractmethod
    def __call__(
        self, answer: Tensor, lesson: Tensor, *, draws: Draws, index: Tensor
    ) -> Tensor:
        """Return the loss, averaged over samples; nothing here waits for the device.

        Args:
            answer: ``(B, A, H, W)``, what the automaton shows.
            lesson: of the same shape, what it should resemble.
            draws: where chance comes from.
            index: the iteration, on the device; whatever is drawn depends on it alone, so
                that the parts of a batch meet the same.
        """
