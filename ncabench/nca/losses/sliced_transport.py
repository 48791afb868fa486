"""How far two sets of features are apart, seen along random directions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.draws import Draws


def directions(
    channels: int,
    *,
    count: int,
    draws: Draws,
    purpose: str,
    device: torch.device | str = "cpu",
    index: int | Tensor = 0,
) -> Tensor:
    """Return random directions in the space of features: vectors of length 1.

    Args:
        channels: C, the features of a cell.
        count: P, how many directions.
        draws: where chance comes from.
        purpose: what the draw is for.
        device: where they are needed.
        index: names a repetition, such as the iteration.

    Shape:
        ``(P, C)``, float32.

    >>> drawn = directions(3, count=2, draws=Draws(0), purpose="example")
    >>> torch.linalg.vector_norm(drawn, dim=1).round(decimals=5).tolist()
    [1.0, 1.0]
    """
    samples = torch.arange(count, device=device)
    drawn = draws.normal(purpose, samples=samples, cells=channels, index=index)[:, 0]
    length: Tensor = torch.linalg.vector_norm(drawn, dim=1, keepdim=True)
    return drawn / length


def quantiles(maps: Tensor, along: Tensor) -> Tensor:
    """Return the features of all cells projected onto directions, each in rising order.

    Shape:
        maps ``(B, C, H, W)``, along ``(P, C)``; result ``(B, P, H * W)``.

    >>> maps = torch.tensor([3.0, 1.0, 2.0]).view(1, 1, 1, 3)
    >>> quantiles(maps, torch.tensor([[1.0], [-1.0]])).tolist()
    [[[1.0, 2.0, 3.0], [-3.0, -2.0, -1.0]]]
    """
    kernel = along.to(maps.dtype)[:, :, None, None]
    rising, _ = F.conv2d(maps, kernel).flatten(2).sort(dim=-1)
    return rising


def sliced_transport(seen: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Return the sliced optimal transport between layers of features; ``(B,)``.

    In one dimension the cheapest way to move one set of points onto another pairs them in
    their order. So, of each layer, the sorted projections are compared one by one: squared
    differences, averaged over cells and directions, and added up over layers.

    Source: NCAtorch, equation 5. Its code sums over everything instead, so that a layer
    weighs as much as it has cells, and the loss grows with batch, grid and directions; here
    every layer weighs alike, and the loss keeps its scale.

    Args:
        seen: of each layer, the `quantiles` of its features.
        wanted: those that they should be.

    Raises:
        ValueError: the layers differ in number or in shape.

    >>> seen, wanted = torch.tensor([[[1.0, 4.0]]]), torch.tensor([[[2.0, 2.0]]])
    >>> sliced_transport([seen], [wanted]).tolist()  # (1 + 4) / 2
    [2.5]
    """
    shapes = [[tuple(one.shape) for one in layers] for layers in (seen, wanted)]
    if shapes[0] != shapes[1] or not seen:
        raise ValueError(f"layers must be equally many and large, not {shapes[0]}, {shapes[1]}")
    costs = [
        (here - there).square().mean(dim=(1, 2))
        for here, there in zip(seen, wanted, strict=True)
    ]
    return torch.stack(costs).sum(dim=0)
