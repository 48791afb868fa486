"""Fixed Sobel gradients and a Laplacian, with no weights."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.perception import Perception
from ncabench.nca.weights import Keyed


class Sobel(Perception):
    """Each channel's value, its two derivatives, and its Laplacian.

    Percepts come in four blocks over all channels: values, d/dx, d/dy, Laplacians.
    Derivatives are per cell: on a ramp that rises by 1 each column, d/dx is 1 and d/dy 0.

    Source: NCAtorch, section 2.1, "Sobel Perception"; the filters are those of its code, whose
    Laplacian has -6 in the middle and so sums to 0.75. A centre of -12 makes it sum to 0.

    Args:
        channels: C, the channels of the state and of the condition.
        padding: what lies beyond the border: ``"circular"`` (a torus, as in the paper's
            code) or ``"zeros"``.
        laplacian_centre: eight times the middle of the Laplacian.

    Shape:
        input ``(B, C, H, W)``; output ``(B, 4C, H, W)``.

    Raises:
        ValueError: the state has other than ``channels`` channels.

    >>> ramp = torch.arange(5.0).expand(1, 1, 5, 5)
    >>> Sobel(1)(ramp)[0, :, 2, 2].tolist()  # value, d/dx, d/dy, Laplacian at the centre
    [2.0, 1.0, 0.0, 1.5]
    """

    version = 1
    kernels: Tensor

    def __init__(
        self,
        channels: int,
        *,
        padding: Literal["circular", "zeros"] = "circular",
        laplacian_centre: float = -6.0,
    ) -> None:
        super().__init__()
        self.channels = channels
        self.out_channels = 4 * channels
        self.padding_mode = "constant" if padding == "zeros" else padding
        self.laplacian_centre = laplacian_centre
        self.register_buffer("kernels", self._kernels())

    def initialise(self, _keyed: Keyed) -> None:
        """Put the filters in place, also where the module was made without storage."""
        self.kernels.copy_(self._kernels())

    def forward(self, state: Tensor) -> Tensor:
        """Return values, derivatives and Laplacians, in four blocks."""
        if state.shape[1] != self.channels:
            raise ValueError(
                f"Sobel was built for {self.channels} channels, "
                f"but the state {tuple(state.shape)} has {state.shape[1]}"
            )
        padded = F.pad(state, (1, 1, 1, 1), mode=self.padding_mode)
        filtered = [
            F.conv2d(padded, kernel.expand(self.channels, 1, 3, 3), groups=self.channels)
            for kernel in self.kernels
        ]
        return torch.cat([state, *filtered], dim=1)

    def _kernels(self) -> Tensor:
        centre = self.laplacian_centre
        dx = [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
        dy = [[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]]
        laplacian = [[1.0, 2.0, 1.0], [2.0, centre, 2.0], [1.0, 2.0, 1.0]]
        eighths = [[[value / 8 for value in row] for row in one] for one in (dx, dy, laplacian)]
        return torch.tensor(eighths)[:, None]  # (3, 1, 3, 3)
