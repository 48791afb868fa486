"""Updates: what a cell does about what it senses."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn


class Update(nn.Module, ABC):
    """Maps percepts ``(B, in_channels, H, W)`` to changes ``(B, out_channels, H, W)``.

    ``__init__`` takes ``in_channels`` and ``out_channels`` from the harness. An update
    looks at one cell alone: it is 1x1 everywhere.
    """

    version: ClassVar[int] = 1

    @abstractmethod
    def forward(self, percepts: Tensor) -> Tensor:
        """Return the change of each cell."""
