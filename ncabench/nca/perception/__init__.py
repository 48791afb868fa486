"""Perceptions: what a cell senses of its neighbourhood, before it acts.

One file, one perception. A new one needs nothing else: it appears in
``ncabench list``, and tests/nca/perception/test_contract.py tests it.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn


class Perception(nn.Module, ABC):
    """Maps a state ``(B, C, H, W)`` to percepts ``(B, out_channels, H, W)``.

    ``__init__`` takes ``channels`` (C, the condition's included) from the harness and, by
    keyword only, the parameters that a suite may set. A perception is local (a percept
    depends on a bounded neighbourhood), translation-equivariant away from the border,
    draws no random numbers, and leaves its input as it was.

    A part whose weights do not start from PyTorch's default has a method
    ``initialise(keyed)``; see ``ncabench.nca.weights``.
    """

    version: ClassVar[int] = 1
    out_channels: int

    @abstractmethod
    def forward(self, state: Tensor) -> Tensor:
        """Return the percepts of ``state``."""
