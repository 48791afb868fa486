"""The variational autoencoder that NCAtorch's shipped latent run used."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ncabench.nca.autoencoder import Autoencoder, Reconstruction
from ncabench.nca.autoencoder._coders import check_sizes, decoder, encoder


class VAE(Autoencoder):
    """An autoencoder whose latent cells are means of normal distributions.

    The convolutions are those of ``vqvae``; the encoder ends in two 1x1 layers, for means
    and for logarithms of variances, and the decoder in a hyperbolic tangent that is brought
    to [0, 1].

    Source: NCAtorch's code, whose latent edge-to-handbag run used it where the text names a
    VQVAE; Kingma and Welling, "Auto-Encoding Variational Bayes", 2014, for the divergence.

    Args:
        image_channels: of the images; 4 for RGBA.
        latent_channels: of a latent cell.
        base: channels at full resolution.
        halvings: blocks on either side, so that the compression is 2 to their power.
        groups: of every group norm; divides ``base``.
        beta: weight of the divergence from the standard normal, summed over a sample; where
            it grows over a training, the trainer scales it.

    Shape:
        as ``vqvae``.

    Raises:
        ValueError: a count is below 1, or ``groups`` does not divide ``base``.

    >>> small = VAE(base=4, latent_channels=3, groups=2)
    >>> latent = small.encode(torch.zeros(1, 4, 16, 16))
    >>> latent.shape, bool((small.decode(latent) >= 0).all())
    (torch.Size([1, 3, 2, 2]), True)
    """

    version = 1
    draws = True

    def __init__(
        self,
        *,
        image_channels: int = 4,
        latent_channels: int = 64,
        base: int = 64,
        halvings: int = 3,
        groups: int = 32,
        beta: float = 0.5,
    ) -> None:
        super().__init__()
        check_sizes(base=base, halvings=halvings, groups=groups)
        self.image_channels = image_channels
        self.latent_channels = latent_channels
        self.compression = 2**halvings
        self.beta = beta
        sizes = {"base": base, "halvings": halvings, "groups": groups}
        widest = base * self.compression
        self.encoder = encoder(image_channels, **sizes)
        self.mean = nn.Conv2d(widest, latent_channels, 1)
        self.log_variance = nn.Conv2d(widest, latent_channels, 1)
        self.decoder = decoder(latent_channels, image_channels, **sizes)

    def encode(self, image: Tensor) -> Tensor:
        mean: Tensor = self.mean(self.encoder(image))
        return mean

    def decode(self, latent: Tensor) -> Tensor:
        return (torch.tanh(self.decoder(latent)) + 1) / 2

    def forward(self, image: Tensor, *, noise: Tensor | None = None) -> Reconstruction:
        """Return the decoded draw, and the penalty ``divergence``, averaged over samples."""
        features = self.encoder(image)
        mean, log_variance = self.mean(features), self.log_variance(features)
        drawn = mean if noise is None else mean + noise * (log_variance / 2).exp()
        divergence = (mean.square() + log_variance.exp() - log_variance - 1) / 2
        return Reconstruction(
            image=self.decode(drawn),
            penalties={"divergence": self.beta * divergence.sum(dim=(1, 2, 3)).mean()},
        )
