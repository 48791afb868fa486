"""The vector-quantised autoencoder of NCAtorch's latent automata."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ncabench.nca.autoencoder import Autoencoder, Reconstruction
from ncabench.nca.autoencoder._codebook import Codebook
from ncabench.nca.autoencoder._coders import check_sizes, decoder, encoder


class VQVAE(Autoencoder):
    """An autoencoder whose latent cells are the nearest vectors of a codebook.

    Encoder: 3x3 to ``base`` channels, then residual blocks that halve the side and double
    the channels, then 1x1 to the latent channels, then the nearest code of each cell.
    Decoder: 3x3 to the widest, then nearest-neighbour doublings with a 3x3 each that halve
    the channels, then 3x3 to the image, which is not bounded. What is decoded is taken as it
    is: no code is looked up, so an automaton's last state has its gradient.

    Source: NCAtorch, sections 3.1.4 and 3.1.5, which name a VQVAE and its compression by 8;
    widths, norms and code counts are those of its code. Of van den Oord et al., "Neural
    Discrete Representation Learning", NeurIPS 2017, the losses.

    Args:
        image_channels: of the images; 4 for RGBA.
        latent_channels: of a latent cell, and of a code.
        base: channels at full resolution.
        halvings: blocks on either side, so that the compression is 2 to their power.
        groups: of every group norm; divides ``base``.
        codes: vectors in the codebook.
        commitment: weight of the loss that draws cells to their codes.

    Shape:
        `encode` maps ``(B, V, H, W)`` to ``(B, Z, H / 8, W / 8)`` at three halvings, `decode`
        the other way.

    Raises:
        ValueError: a count is below 1, or ``groups`` does not divide ``base``.

    >>> import torch
    >>> small = VQVAE(base=4, latent_channels=3, groups=2, codes=5)
    >>> latent = small.encode(torch.zeros(1, 4, 16, 24))
    >>> latent.shape, small.decode(latent).shape  # 8 pixels a cell
    (torch.Size([1, 3, 2, 3]), torch.Size([1, 4, 16, 24]))
    """

    version = 1

    def __init__(
        self,
        *,
        image_channels: int = 4,
        latent_channels: int = 64,
        base: int = 64,
        halvings: int = 3,
        groups: int = 32,
        codes: int = 512,
        commitment: float = 0.25,
    ) -> None:
        super().__init__()
        check_sizes(base=base, halvings=halvings, groups=groups)
        self.image_channels = image_channels
        self.latent_channels = latent_channels
        self.compression = 2**halvings
        self.code_count = codes
        self.commitment = commitment
        sizes = {"base": base, "halvings": halvings, "groups": groups}
        self.encoder = encoder(image_channels, **sizes)
        self.narrow = nn.Conv2d(base * self.compression, latent_channels, 1)
        self.codebook = Codebook(codes, latent_channels)
        self.decoder = decoder(latent_channels, image_channels, **sizes)

    def encode(self, image: Tensor) -> Tensor:
        return self.codebook.look_up(self.codes(image))

    def codes(self, image: Tensor) -> Tensor:
        return self.codebook.nearest(self._cells(image))

    def decode(self, latent: Tensor) -> Tensor:
        image: Tensor = self.decoder(latent)
        return image

    def forward(self, image: Tensor, *, noise: Tensor | None = None) -> Reconstruction:  # noqa: ARG002 -- the contract's
        """Return the decoded codes, and the penalties ``codebook`` and ``commitment``."""
        quantised = self.codebook(self._cells(image))
        return Reconstruction(
            image=self.decode(quantised.latent),
            penalties={
                "codebook": quantised.codebook,
                "commitment": self.commitment * quantised.commitment,
            },
            used=self.codebook.used(quantised.numbers),
        )

    def restart(self, image: Tensor, *, unused: Tensor, uniform: Tensor) -> None:
        with torch.no_grad():
            cells = self._cells(image)
        self.codebook.restart(cells, unused=unused, uniform=uniform)

    def _cells(self, image: Tensor) -> Tensor:
        cells: Tensor = self.narrow(self.encoder(image))
        return cells
