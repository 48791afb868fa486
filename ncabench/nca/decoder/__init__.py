"""Decoders: what a point between cells looks like, of the states around it.

A decoder's ``__init__`` takes nothing from the harness; by keyword only, what a suite may set.
A model that renders its cells makes the network of one, which looks at one point alone.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn


class Readout(nn.Module, ABC):
    """Maps states and local coordinates of points to what is seen there.

    It looks at one point alone, so points may lie on a plane, in a volume or on a mesh.
    """

    @abstractmethod
    def forward(self, states: Tensor, coordinates: Tensor) -> Tensor:
        """Return what is seen at each point, ``(..., K)``, unbounded.

        Args:
            states: ``(..., C)``, what was interpolated of the cells around each point.
            coordinates: ``(..., D)``, where in its cell, cube or triangle each point lies,
                from -1 to 1; it may be broadcast against ``states``.
        """


class Decoder(ABC):
    """Makes the network that reads points."""

    version: ClassVar[int] = 1

    @abstractmethod
    def make(self, channels: int, *, outputs: int, axes: int) -> Readout:
        """Return a network for points.

        Args:
            channels: C, the channels of a cell's state.
            outputs: K, the values seen at a point.
            axes: D, the number of local coordinates.
        """
