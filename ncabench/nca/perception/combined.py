"""Several perceptions side by side."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ncabench.nca.perception import Perception


class Combined(Perception):
    """The percepts of every branch, one branch after the other.

    Source: NCAtorch, section 3.1.2, "Combined": a 3x3 convolution in parallel with a 5x5
    convolution of dilation 2.

    Args:
        channels: C, the channels of the state and of the condition.
        branches: the perceptions, each built for ``channels`` channels.

    Shape:
        input ``(B, C, H, W)``; output ``(B, sum of the branches' out_channels, H, W)``.

    Raises:
        ValueError: there is no branch.

    >>> from ncabench.nca.perception.sobel import Sobel
    >>> twice = Combined(1, branches=(Sobel(1), Sobel(1, padding="zeros")))
    >>> twice.out_channels, twice(torch.ones(1, 1, 3, 3))[0, :, 0, 0].tolist()
    (8, [1.0, 0.0, 0.0, 0.75, 1.0, 0.375, 0.375, -0.125])
    """

    version = 1

    def __init__(self, channels: int, *, branches: tuple[Perception, ...]) -> None:
        super().__init__()
        if not branches:
            raise ValueError("branches must hold one perception or more, not none")
        self.channels = channels
        self.branches = nn.ModuleList(branches)
        self.out_channels = sum(branch.out_channels for branch in branches)

    def forward(self, state: Tensor) -> Tensor:
        """Return the percepts of all branches, in their order."""
        return torch.cat([branch(state) for branch in self.branches], dim=1)
