"""Autoencoders: from images to smaller grids of latent channels, and back.

An autoencoder's ``__init__`` takes nothing from the harness; by keyword only, what a suite
may set. A latent automaton lives on the grid of one that was trained before.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class Reconstruction:
    """An image made again, and what training adds to its error.

    Attributes:
        image: ``(B, V, H, W)``.
        penalties: scalars by name, each with its weight already in it.
        used: ``(K,)`` bool, which of K codes stand for some cell; None without a codebook.
    """

    image: Tensor
    penalties: Mapping[str, Tensor]
    used: Tensor | None = None


class Autoencoder(nn.Module, ABC):
    """Maps images ``(B, V, H, W)`` to latent grids ``(B, Z, H / f, W / f)``, and back.

    Attributes:
        image_channels: V.
        latent_channels: Z.
        compression: f, pixels for a latent cell along each axis; it divides H and W.
        draws: whether `forward` takes noise.
        code_count: K, how many codes there are; 0 without a codebook.
    """

    version: ClassVar[int] = 1
    draws: ClassVar[bool] = False
    image_channels: int
    latent_channels: int
    compression: int
    code_count: int = 0

    @abstractmethod
    def encode(self, image: Tensor) -> Tensor:
        """Return the latent grid that an automaton starts from; nothing in it is drawn."""

    @abstractmethod
    def decode(self, latent: Tensor) -> Tensor:
        """Return the image of a latent grid, also of one that no image was encoded to."""

    def beside(self, image: Tensor) -> Tensor | None:  # noqa: ARG002 -- others have some
        """Return what the decoder is told of an image beside its latent grid, or None.

        An automaton changes the latent grid and never this.
        """
        return None

    def join(self, latent: Tensor, beside: Tensor | None) -> Tensor:  # noqa: ARG002 -- likewise
        """Return the image of a latent grid and of what stands `beside` it."""
        return self.decode(latent)

    def restart(self, image: Tensor, *, unused: Tensor, uniform: Tensor) -> None:  # noqa: ARG002 -- VQVAEs need them
        """Put the codes that nothing needs where cells of images are.

        Args:
            image: ``(B, V, H, W)``.
            unused: ``(K,)`` bool.
            uniform: ``(B * H / f * W / f,)``, in [0, 1), one value for each cell.

        Raises:
            TypeError: there are no codes.
        """
        raise TypeError(f"there are no codes to restart in a {type(self).__name__}")

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
