"""A random patch of cells replaced by noise: the damage of ViTCA."""

from __future__ import annotations

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation import Perturbation

PURPOSE = "perturbation/noise_patch"


class NoisePatch(Perturbation):
    """Replaces every channel of a patch by uniform values, one for each cell and channel.

    The patch lies anywhere inside the grid, every place alike. Whoever freezes channels
    puts theirs back.

    Source: ViTCA, section 4.1.2, "Damage resilience": a random patch of H/2 x W/2 cells,
    random values from U(-1, 1).

    Args:
        share: of each side of the grid that the patch takes, rounded down, at least a cell.
        low: the least value.
        high: the bound of the greatest, itself left out.

    Raises:
        ValueError: ``share`` is not in (0, 1], or ``low`` is not below ``high``.

    >>> ones = torch.ones(2, 3, 4, 6)
    >>> damaged, touched = NoisePatch()(ones, samples=torch.arange(2), draws=Draws(0))
    >>> touched.sum(dim=(1, 2, 3)).tolist()  # 2 x 3 cells of each grid
    [6, 6]
    >>> bool((damaged < 1).sum() == 2 * 3 * 6)
    True
    """

    def __init__(self, *, share: float = 0.5, low: float = -1.0, high: float = 1.0) -> None:
        if not 0 < share <= 1:
            raise ValueError(f"share must be above 0 and at most 1, not {share}")
        if not low < high:
            raise ValueError(f"low must be below high, not {low} and {high}")
        self.share, self.low, self.high = share, low, high

    def __call__(
        self, state: Tensor, *, samples: Tensor, draws: Draws
    ) -> tuple[Tensor, Tensor]:
        """Return the damaged state, and the cells within each sample's patch."""
        _, channels, height, width = state.shape
        down = self._along(height, samples=samples, draws=draws, axis="down")
        across = self._along(width, samples=samples, draws=draws, axis="right")
        touched = (down[:, :, None] & across[:, None, :])[:, None]
        cells = channels * height * width
        drawn = draws.uniform(f"{PURPOSE}/values", samples=samples, cells=cells)
        values = (drawn.view(state.shape) * (self.high - self.low) + self.low).to(state.dtype)
        return torch.where(touched, values, state), touched

    def _along(self, side: int, *, samples: Tensor, draws: Draws, axis: str) -> Tensor:
        """Return which places of a side each sample's patch takes, ``(B, side)``, bool."""
        taken = max(1, int(side * self.share))
        first = draws.integers(
            f"{PURPOSE}/{axis}", low=0, high=side - taken + 1, samples=samples
        )
        place = torch.arange(side, device=samples.device) - first[:, None]
        return (place >= 0) & (place < taken)
