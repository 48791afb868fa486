"""Parts of states rendered at several scales, and targets of the same parts and sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.model.cells_to_pixels import CellsToPixels


class Views:
    """Renders states at several scales.

    Args:
        model: renders.
        scales: pixels along each side of a cell.
        largest_px: of a rendered side.
    """

    def __init__(self, model: CellsToPixels, *, scales: Sequence[int], largest_px: int) -> None:
        self._model, self._scales, self._largest_px = model, scales, largest_px

    def of(self, state: Tensor, target: Tensor) -> Iterator[tuple[int, Tensor, Tensor]]:
        """Yield each scale, the state rendered at it and the target of that size.

        Shape:
            state ``(B, C, h, w)``; target ``(B, A, H, W)``, of the model's own scale.
        """
        for scale in self._scales:
            sides = [
                Middle.of(side, most=self._largest_px // scale) for side in state.shape[-2:]
            ]
            rows, columns = (one.cells for one in sides)
            part = state[:, :, torch.tensor(rows)][..., torch.tensor(columns)]
            image = self._model.render(part, scale=scale)
            down, across = (one.pixels(scale) for one in sides)
            wanted = _resized(target, sides, own=self._model.scale, scale=scale)
            yield scale, image[..., down, across], wanted


@dataclass(frozen=True, kw_only=True)
class Middle:
    """The cells in the middle of a side.

    Attributes:
        side: cells of the side.
        first: the first of those in the middle.
        count: how many they are.
    """

    side: int
    first: int
    count: int

    @classmethod
    def of(cls, side: int, *, most: int) -> Middle:
        """Return the middle of a side, of at most so many cells.

        >>> Middle.of(6, most=2)
        Middle(side=6, first=2, count=2)
        """
        count = min(side, most)
        return cls(side=side, first=(side - count) // 2, count=count)

    @property
    def margin(self) -> int:
        """Cells around them that their pixels depend on; a whole side is a ring of its own."""
        return int(self.count < self.side)

    @property
    def cells(self) -> list[int]:
        """Their numbers and those of the margin's cells.

        >>> Middle.of(3, most=2).cells
        [2, 0, 1, 2]
        """
        around = range(self.first - self.margin, self.first + self.count + self.margin)
        return [number % self.side for number in around]

    def pixels(self, scale: int) -> slice:
        """Return where their pixels are among those of `cells`."""
        return slice(self.margin * scale, (self.margin + self.count) * scale)


def gradient_energy(image: Tensor) -> Tensor:
    """Return the mean squares of differences between neighbours, across and down; ``(B,)``.

    >>> gradient_energy(torch.tensor([[[[0.0, 3.0], [0.0, 3.0]]]]))
    tensor([9.])
    """
    across, down = image.diff(dim=-1).square(), image.diff(dim=-2).square()
    return across.mean(dim=(1, 2, 3)) + down.mean(dim=(1, 2, 3))


def _resized(target: Tensor, sides: Sequence[Middle], *, own: int, scale: int) -> Tensor:
    """Return the middle of a target of ``own`` pixels a cell, with ``scale`` of them."""
    inside, sizes, cuts = [], [], []
    for one in sides:
        first = max(one.first - one.margin, 0)
        end = min(one.first + one.count + one.margin, one.side)
        inside.append(slice(first * own, end * own))
        sizes.append((end - first) * scale)
        start = (one.first - first) * scale
        cuts.append(slice(start, start + one.count * scale))
    near = target[..., inside[0], inside[1]]
    whole = F.interpolate(near, size=sizes, mode="bilinear", antialias=True)
    return whole[..., cuts[0], cuts[1]]
