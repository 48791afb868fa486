"""The autoencoder of LNCA, whose decoder also sees what was halved once."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from ncabench.nca.autoencoder import Autoencoder, Reconstruction
from ncabench.nca.autoencoder._adjusted import Adjusted, Doubled
from ncabench.nca.glorot import glorot
from ncabench.nca.weights import Keyed


class Skip(Autoencoder):
    """A small autoencoder with a side channel in its encoder and one skip connection.

    With D for ``base``, every layer 3x3, batch-normalised, and followed by a SiLU:

    - encoder: the image to D / 2 channels at half the side, twice over with weights of their
      own; one of the two is what stands `beside` the latent grid, the other is the side
      channel. Their sum to D channels at a quarter of the side: the latent grid.
    - decoder: the latent grid to D / 2 channels at half the side; plus what stands beside it,
      to D / 2 channels; to the image at the full side, with a sigmoid in place of the SiLU.

    Source: LNCA, "Architecture", "Autoencoder", and figure 1; widths, borders, batch norms
    and the first weights are those of its code ("Down2").

    Args:
        image_channels: of the images.
        base: D, even.
        init: of the kernels: ``"glorot"``, as Keras does, with biases of zero, or
            ``"pytorch"``, as PyTorch does.

    Shape:
        `encode` maps ``(B, V, H, W)`` to ``(B, D, H / 4, W / 4)`` and `beside` to
        ``(B, D / 2, H / 2, W / 2)``; `join` maps these to ``(B, V, H, W)``.

    Raises:
        ValueError: ``base`` is not even and positive; when called, H or W is no multiple of 4.

    >>> import torch
    >>> coder, image = Skip(), torch.zeros(2, 3, 32, 32)
    >>> sum(one.numel() for one in coder.parameters())
    3681
    >>> coder.encode(image).shape, coder.beside(image).shape
    (torch.Size([2, 16, 8, 8]), torch.Size([2, 8, 16, 16]))
    """

    version = 1
    compression = 4

    def __init__(
        self,
        *,
        image_channels: int = 3,
        base: int = 16,
        init: Literal["glorot", "pytorch"] = "glorot",
    ) -> None:
        super().__init__()
        if base < 2 or base % 2:
            raise ValueError(f"base must be even and positive, not {base}")
        self.image_channels, self.latent_channels, self.init = image_channels, base, init
        half = base // 2
        self.first = Adjusted(image_channels, half, stride=2)
        self.side = Adjusted(image_channels, half, stride=2)
        self.second = Adjusted(half, base, stride=2)
        self.double_once = Doubled(base, half)
        self.mix = Adjusted(half, half, stride=1)
        self.double_twice = Doubled(half, image_channels, last=True)

    def initialise(self, keyed: Keyed) -> None:
        """Draw the kernels as ``init`` says."""
        if self.init == "glorot":
            glorot(self, keyed)

    def encode(self, image: Tensor) -> Tensor:
        return self.parted(image)[0]

    def parted(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return the latent grid and what stands beside it, each computed once."""
        skip = self.beside(image)
        return self._latent(image, skip), skip

    def beside(self, image: Tensor) -> Tensor:
        """Return the skip connection, ``(B, D / 2, H / 2, W / 2)``."""
        height, width = image.shape[-2:]
        if height % 4 or width % 4:
            raise ValueError(f"H and W must be multiples of 4, not {height} x {width}")
        skip: Tensor = self.first(image)
        return skip

    def decode(self, latent: Tensor) -> Tensor:
        """Return what the latent grid alone says of an image: beside it stands zero."""
        return self.join(latent, None)

    def join(self, latent: Tensor, beside: Tensor | None) -> Tensor:
        """Return the image of a latent grid and what stands beside it; None stands for zero."""
        half = self.double_once(latent)
        image: Tensor = self.double_twice(self.mix(half if beside is None else half + beside))
        return image

    def forward(self, image: Tensor, *, noise: Tensor | None = None) -> Reconstruction:  # noqa: ARG002 -- the contract's
        """Return the image of its own latent grid and skip connection, without penalties."""
        return Reconstruction(image=self.join(*self.parted(image)), penalties={})

    def _latent(self, image: Tensor, skip: Tensor) -> Tensor:
        latent: Tensor = self.second(skip + self.side(image))
        return latent
