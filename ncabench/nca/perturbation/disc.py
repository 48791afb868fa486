"""A disc of the grid set to zero: the damage of NCAtorch's emoji tables."""

from __future__ import annotations

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.perturbation._disc import disc


class Disc(Perturbation):
    """Sets every channel to zero within one disc, the same for all samples.

    Lengths are normalised: each axis runs from -1 at its first cell to 1 at its last, so
    radius 0.45 on an 80-cell side is 0.45 * 79 / 2, about 17.8 cells.

    Source: NCAtorch, section 3.1.2, "circular mask", without a size; 0.45 is ncabench's
    choice, within the range that table 1's printed numbers imply.

    Args:
        radius: a cell is touched where it lies less than this from the centre.
        centre: down and right.

    Raises:
        ValueError: ``radius`` is not above 0.

    >>> state = torch.ones(1, 1, 5, 5)
    >>> damaged, touched = Disc()(state, samples=torch.tensor([0]), draws=Draws(0))
    >>> int(touched.sum()), float(damaged.sum())  # radius 0.45: the neighbours, at 0.5, stay
    (1, 24.0)
    """

    def __init__(
        self, *, radius: float = 0.45, centre: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        if not radius > 0:
            raise ValueError(f"radius must be above 0, not {radius}")
        self.radius = radius
        self.centre = centre

    def __call__(
        self,
        state: Tensor,
        *,
        samples: Tensor,  # noqa: ARG002 - the contract's, not needed here
        draws: Draws,  # noqa: ARG002 - likewise
    ) -> tuple[Tensor, Tensor]:
        """Return the damaged state, and the cells within the disc."""
        down, right, radius = (
            torch.full((1,), value, device=state.device)
            for value in (*self.centre, self.radius)
        )
        touched = disc(state, centre=(down, right), radius=radius)
        return state.masked_fill(touched, 0.0), touched
