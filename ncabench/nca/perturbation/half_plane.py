"""One half of the grid set to zero."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation import Perturbation

SIDES = ("top", "bottom", "left", "right")


class HalfPlane(Perturbation):
    """Sets every channel to zero in one half of the grid; the other half is kept.

    The middle row or column of an odd number belongs to the half that is kept.

    Source: the captions of an earlier draft of NCAtorch ("50 % image deletion") and its code,
    which keeps a random half; the published text says a circular mask instead.

    Args:
        side: the half that is removed; ``"random"`` draws one for each sample.

    >>> state = torch.ones(1, 1, 2, 2)
    >>> damaged, _ = HalfPlane(side="top")(state, samples=torch.tensor([0]), draws=Draws(0))
    >>> damaged[0, 0].tolist()
    [[0.0, 0.0], [1.0, 1.0]]
    """

    def __init__(
        self, *, side: Literal["random", "top", "bottom", "left", "right"] = "random"
    ) -> None:
        self.side = side

    def __call__(
        self, state: Tensor, *, samples: Tensor, draws: Draws
    ) -> tuple[Tensor, Tensor]:
        """Return the damaged state, and the cells of the half that was removed."""
        batch, _, height, width = state.shape
        if self.side == "random":
            purpose = "perturbation/half_plane"
            sides = draws.integers(purpose, low=0, high=len(SIDES), samples=samples)
        else:
            sides = torch.full((batch,), SIDES.index(self.side), device=state.device)
        touched = _halves(height, width, device=state.device)[sides]
        return state.masked_fill(touched, 0.0), touched


def _halves(height: int, width: int, *, device: torch.device) -> Tensor:
    down = torch.arange(height, device=device)[:, None] * 2 - (height - 1)
    right = torch.arange(width, device=device) * 2 - (width - 1)
    halves = [half.expand(height, width) for half in (down < 0, down > 0, right < 0, right > 0)]
    return torch.stack(halves)[:, None]  # (4, 1, H, W)
