"""A list of vectors, and the nearest of them for each cell."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.weights import Keyed


@dataclass(frozen=True, kw_only=True)
class Quantised:
    """A latent grid of codes, and what training pays for them.

    Attributes:
        latent: ``(B, D, h, w)``, the codes; their gradient goes to what was quantised.
        codebook: mean squared distance that draws the codes to the cells; scalar.
        commitment: the same distance, drawing the cells to the codes; scalar.
        numbers: ``(B, h, w)``, which code each cell has.
    """

    latent: Tensor
    codebook: Tensor
    commitment: Tensor
    numbers: Tensor


class Codebook(nn.Module):
    """Vectors that stand for the cells they are nearest to (squared distance).

    Source: van den Oord et al., "Neural Discrete Representation Learning", NeurIPS 2017,
    equations 1 to 3, the codes being trained by the loss and not by moving averages.

    Args:
        count: vectors, at least 1.
        channels: D of each.

    Raises:
        ValueError: ``count`` is below 1.

    >>> book = Codebook(2, 1)
    >>> with torch.no_grad():
    ...     _ = book.codes.copy_(torch.tensor([[0.0], [1.0]]))
    >>> book.nearest(torch.tensor([[[[0.4, 0.6, 9.0]]]])).tolist()
    [[[0, 1, 1]]]
    """

    def __init__(self, count: int, channels: int) -> None:
        super().__init__()
        if count < 1:
            raise ValueError(f"codes must be at least 1, not {count}")
        self.codes = nn.Parameter(torch.zeros(count, channels))

    def initialise(self, keyed: Keyed) -> None:
        """Draw the codes from U(-1/K, 1/K), K being their number."""
        keyed.uniform_(self.codes, bound=1 / len(self.codes))

    def nearest(self, latent: Tensor) -> Tensor:
        """Return the number of each cell's nearest code, ``(B, h, w)``; of equals the first."""
        cells = latent.movedim(1, -1).to(self.codes.dtype)  # (B, h, w, D)
        with torch.autocast("cuda" if latent.is_cuda else "cpu", enabled=False):
            nearness = 2 * cells @ self.codes.T - self.codes.square().sum(dim=1)
        return nearness.argmax(dim=-1)  # the cell's own square is the same for all codes

    def look_up(self, numbers: Tensor) -> Tensor:
        """Return the codes of numbers ``(B, h, w)``, ``(B, D, h, w)``."""
        return self.codes[numbers].movedim(-1, 1)

    def used(self, numbers: Tensor) -> Tensor:
        """Return which codes are among ``numbers``, ``(K,)`` bool."""
        none = torch.zeros(len(self.codes), dtype=torch.bool, device=numbers.device)
        return none.index_fill(0, numbers.flatten(), True)

    def forward(self, latent: Tensor) -> Quantised:
        """Quantise ``latent (B, D, h, w)`` for training."""
        numbers = self.nearest(latent)
        codes = self.look_up(numbers)
        return Quantised(
            latent=latent + (codes - latent).detach(),
            codebook=F.mse_loss(codes, latent.detach()),
            commitment=F.mse_loss(latent, codes.detach()),
            numbers=numbers,
        )

    @torch.no_grad()
    def restart(self, latent: Tensor, *, unused: Tensor, uniform: Tensor) -> None:
        """Put codes where cells are, those far from any code being likelier by the square.

        Args:
            latent: ``(B, D, h, w)``; its cells are drawn without replacement, and begin again
                where there are fewer of them than codes.
            unused: ``(K,)`` bool, which codes are put elsewhere.
            uniform: ``(B * h * w,)``, in [0, 1).
        """
        cells = latent.movedim(1, -1).flatten(0, -2)
        nearest = self.codes[self.nearest(latent)].flatten(0, -2)
        apart = (cells - nearest).square().sum(dim=1)
        race = apart / -torch.log1p(-uniform).clamp_max(-1e-9)  # exponential waiting times
        order = race.sort(descending=True, stable=True).indices
        turn = (unused.cumsum(0) - 1).clamp_min(0) % len(order)
        self.codes.copy_(torch.where(unused[:, None], cells[order[turn]], self.codes))
