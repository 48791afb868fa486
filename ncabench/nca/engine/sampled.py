"""The deformable perception of rows: taps between cells, read by bilinear interpolation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.engine.cells import Grid, Taps
from ncabench.nca.engine.products import product
from ncabench.nca.engine.senses import (
    Around,
    Constants,
    Fired,
    Kernel,
    Sense,
    sense,
    told,
)
from ncabench.nca.perception.deformable import Deformable


class DeformableSense(Sense):
    """A convolution at taps that the state places, with one weight for each tap.

    What lies beyond the padded grid is 0, for the condition's planes too; those are read as
    the share of a tap that lies within it.

    Source: Zhu et al., "Deformable ConvNets v2", CVPR 2019, equation 1; how a tap between
    cells is read is that of torchvision's operator.
    """

    def __init__(self, perception: Deformable, channels: int) -> None:
        self.perception = perception
        self.size = 2 * perception.reach + 1
        placing = [perception.offset, perception.modulator]
        self.placing = Kernel(placing, channels, Taps(size=self.size))

    def constants(self, condition: Tensor | None, around: Around) -> Constants:
        read = self.perception.conv.weight.flatten(2).permute(2, 1, 0).flatten(0, 1)
        tables = () if condition is None else (condition,)
        return (*self.placing.constants(condition, around), read, *tables)

    def percepts(self, fired: Fired, constants: Sequence[Tensor]) -> Tensor:
        *placing, read = constants[:4]
        tables = constants[4:]
        placed = self.placing.product(fired, placing)
        count = self.size**2
        wide, limit = fired[0].dtype, max(fired[3].height, fired[3].width) / 4
        offset = placed[:, : 2 * count].clamp(-limit, limit).view(-1, count, 2)
        weight = 2 * torch.sigmoid(placed[:, 2 * count :])
        found, share = self._read(fired, offset.to(wide), weight.to(wide))
        if tables:
            found = torch.cat(
                [found, share[..., None] * told(fired, tables[0])[:, None]], dim=2
            )
        percepts = product(found.flatten(1).to(read.dtype), read)
        return F.leaky_relu(percepts, self.perception.slope)

    def _read(self, fired: Fired, offset: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return what each tap reads, ``(N, taps, C)``, and its share within the grid."""
        values, rows, _, grid, _ = fired
        reach = self.perception.reach
        line = torch.arange(self.size, device=rows.device)
        down = (rows // grid.width % grid.height)[:, None] + line.repeat_interleave(self.size)
        right = (rows % grid.width)[:, None] + line.repeat(self.size)
        y, x = down + offset[..., 0], right + offset[..., 1]
        first = (rows // (grid.height * grid.width) * grid.height * grid.width)[:, None]
        low_y, low_x = y.detach().floor(), x.detach().floor()
        found: Tensor | None = None
        share: Tensor | None = None
        for step_y, step_x in ((0, 0), (0, 1), (1, 0), (1, 1)):
            at_y, at_x = low_y + step_y, low_x + step_x
            part = (1 - (y - at_y).abs()) * (1 - (x - at_x).abs())
            part = torch.where(_within(at_y, at_x, grid, reach), part, 0) * weight
            cell = first + _torus(at_y - reach, grid.height) * grid.width
            cell = cell + _torus(at_x - reach, grid.width)
            value = values[cell] * part[..., None]
            found = value if found is None else found + value
            share = part if share is None else share + part
        assert found is not None
        assert share is not None
        return found, share


@sense.register
def _(perception: Deformable, channels: int) -> Sense | None:
    return DeformableSense(perception, channels)


def _within(y: Tensor, x: Tensor, grid: Grid, reach: int) -> Tensor:
    """Whether a place lies on the padded grid."""
    height, width = grid.height + 2 * reach, grid.width + 2 * reach
    return (y >= 0) & (y < height) & (x >= 0) & (x < width)


def _torus(place: Tensor, side: int) -> Tensor:
    return place.long() % side
