"""Autoencoders: from images to smaller grids of latent channels, and back.

An autoencoder's ``__init__`` takes nothing from the harness; by keyword only, what a suite
may set. A latent automaton lives on the grid of one that was trained before.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class Reconstruction:
    """An image made again, and what training adds to its error.

    Attributes:
        image: ``(B, V, H, W)``.
        penalties: scalars by name, each with its weight already in it.
        figures: scalars to watch, by name, that nothing is taught.
    """

    image: Tensor
    penalties: Mapping[str, Tensor]
    figures: Mapping[str, Tensor] = field(default_factory=dict)


class Autoencoder(nn.Module, ABC):
    """Maps images ``(B, V, H, W)`` to latent grids ``(B, Z, H / f, W / f)``, and back.

    Attributes:
        image_channels: V.
        latent_channels: Z.
        compression: f, pixels for a latent cell along each axis; it divides H and W.
        draws: whether `forward` takes noise.
    """

    version: ClassVar[int] = 1
    draws: ClassVar[bool] = False
    image_channels: int
    latent_channels: int
    compression: int

    @abstractmethod
    def encode(self, image: Tensor) -> Tensor:
        """Return the latent grid that an automaton starts from; nothing in it is drawn."""

    @abstractmethod
    def decode(self, latent: Tensor) -> Tensor:
        """Return the image of a latent grid, also of one that no image was encoded to."""

    def codes(self, image: Tensor) -> Tensor | None:  # noqa: ARG002 -- others have some
        """Return which code stands for each latent cell, ``(B, H / f, W / f)``, or None."""
        return None

    @abstractmethod
    def forward(self, image: Tensor, *, noise: Tensor | None = None) -> Reconstruction:
        """Return what training compares with ``image``.

        Args:
            image: ``(B, V, H, W)``.
            noise: standard normal values of the latent grid's shape, for autoencoders that
                draw; None lets them give their mean.
        """
