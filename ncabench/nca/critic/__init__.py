"""Critics: networks that tell what a training makes from what it should be like.

A critic's ``__init__`` takes, by keyword only, what a suite may set, and builds nothing, since
the trainer alone knows what is judged. Its weights are no part of the model.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import nn


class Critic(ABC):
    """Makes the network of a critic."""

    version: ClassVar[int] = 1

    @abstractmethod
    def make(self, channels: int, *, height: int, width: int) -> nn.Module:
        """Return a network for images of such a size, its weights not yet initialised.

        It maps ``(B, channels, height, width)`` to scores ``(B, 1, h, w)``, greater
        where a part of an image looks like the real ones. No chance and no state is in it,
        and it can be differentiated twice.

        Raises:
            ValueError: it cannot judge images of this size.
        """
