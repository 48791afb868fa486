"""Four fixed sums over the neighbourhood, with no weights."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.perception import Perception
from ncabench.nca.torus import wrapped
from ncabench.nca.weights import Keyed


class Stencil(Perception):
    """Each channel's value, its two Sobel sums and its Laplacian sum, none of them scaled.

    Percepts stand channel by channel: value, across, down and Laplacian of the first channel,
    then those of the next. The grid is a torus. On a ramp that rises by 1 each column the
    Sobel sums are 8 and 0; the Laplacian's middle is -12, so that it sums to 0. (The perception
    ``sobel`` has eighths of such sums, in blocks over all channels.)

    With ``dx`` and ``dy`` cells stand for other distances than those of a training: Sobel sums
    are divided by the distance along their axis, and so are, by its square, the two second
    derivatives that the Laplacian is made of. Distances are no part of what is saved with a
    model's weights.

    Source: Cells to Pixels, the automaton's perception in two dimensions, after its authors'
    code. That the Laplacian is divided axis by axis is ncabench's; the paper has equal axes.

    Args:
        channels: C, the channels of the state and of the condition.
        dx: distance between two columns of cells, in those of the training.
        dy: distance between two rows.

    Shape:
        input ``(B, C, H, W)``; output ``(B, 4C, H, W)``.

    Raises:
        ValueError: the state has other than ``channels`` channels, or a distance is not
            above 0.

    >>> ramp = torch.arange(5.0).expand(1, 1, 5, 5)
    >>> Stencil(1)(ramp)[0, :, 2, 2].tolist()  # value, across, down, Laplacian in the middle
    [2.0, 8.0, 0.0, 0.0]
    """

    version = 1
    kernels: Tensor

    def __init__(self, channels: int, *, dx: float = 1.0, dy: float = 1.0) -> None:
        super().__init__()
        self.channels = channels
        self.out_channels = 4 * channels
        self.register_buffer("kernels", _kernels(dx, dy), persistent=False)
        self.distances = (dx, dy)

    def initialise(self, _keyed: Keyed) -> None:
        """Put the sums in place, also where the module was made without storage."""
        self.rescale(*self.distances)

    def rescale(self, dx: float, dy: float) -> None:
        """Let cells stand for other distances from now on.

        Raises:
            ValueError: a distance is not above 0.
        """
        self.kernels.copy_(_kernels(dx, dy))
        self.distances = (dx, dy)

    def forward(self, state: Tensor) -> Tensor:
        """Return four sums of each channel, channel by channel."""
        if state.shape[1] != self.channels:
            raise ValueError(
                f"Stencil was built for {self.channels} channels, "
                f"but the state {tuple(state.shape)} has {state.shape[1]}"
            )
        kernels = self.kernels.to(state.dtype).repeat(self.channels, 1, 1, 1)
        return F.conv2d(wrapped(state), kernels, groups=self.channels)


def _kernels(dx: float, dy: float) -> Tensor:
    if dx <= 0 or dy <= 0:
        raise ValueError(f"dx and dy must be above 0, not {dx} and {dy}")
    value = torch.tensor([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    across = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
    second = torch.tensor([[0.5, -1.0, 0.5], [3.0, -6.0, 3.0], [0.5, -1.0, 0.5]])  # across
    laplacian = second / dx**2 + second.T / dy**2
    return torch.stack([value, across / dx, across.T / dy, laplacian])[:, None]  # (4, 1, 3, 3)
