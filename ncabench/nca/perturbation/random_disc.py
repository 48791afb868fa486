"""A disc of random place and size set to zero: the damage of NCAtorch's training."""

from __future__ import annotations

from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.perturbation._disc import disc


class RandomDisc(Perturbation):
    """Sets every channel to zero within a disc drawn for each sample.

    Lengths are normalised: each axis runs from -1 at its first cell to 1 at its last.

    Source: NCAtorch's code (the damage of its sample pool): centre uniform in [-0.5, 0.5]
    along each axis, radius uniform in [0, 0.5). The paper does not say.

    Args:
        radius: the least and greatest radius.
        centre: the centre's greatest distance from the grid's, along each axis.

    Raises:
        ValueError: not ``0 <= least <= greatest``, or ``centre`` is below 0.

    >>> import torch
    >>> huge = RandomDisc(radius=(9.0, 9.0))
    >>> state = torch.ones(2, 3, 4, 4)
    >>> damaged, touched = huge(state, samples=torch.arange(2), draws=Draws(0))
    >>> int(touched.sum()), float(damaged.sum())  # all 16 cells of both grids
    (32, 0.0)
    """

    def __init__(
        self, *, radius: tuple[float, float] = (0.0, 0.5), centre: float = 0.5
    ) -> None:
        if not 0 <= radius[0] <= radius[1] or centre < 0:
            raise ValueError(
                "radius must be 0 <= least <= greatest and centre at least 0, "
                f"not {radius} and {centre}"
            )
        self.radius = radius
        self.centre = centre

    def __call__(
        self, state: Tensor, *, samples: Tensor, draws: Draws
    ) -> tuple[Tensor, Tensor]:
        """Return the damaged state, and the cells within each sample's disc."""
        touched = self.touched(state, samples=samples, draws=draws)
        return state.masked_fill(touched, 0.0), touched

    def touched(self, like: Tensor, *, samples: Tensor, draws: Draws) -> Tensor:
        """Return the cells within each sample's disc, on grids as those of ``like``."""
        drawn = draws.uniform("perturbation/random_disc", samples=samples, cells=3)[:, 0]
        down, right = ((drawn[:, :2] * 2 - 1) * self.centre).unbind(dim=1)
        least, greatest = self.radius
        radius = drawn[:, 2] * (greatest - least) + least
        return disc(like, centre=(down, right), radius=radius)
