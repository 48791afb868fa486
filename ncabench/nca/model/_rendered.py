"""What models that render their cells ask of a task."""

from __future__ import annotations

from torch import Tensor, nn

from ncabench.nca.state import Layout


def check_visible(layout: Layout) -> None:
    """Raise ValueError where a task's cells cannot be rendered."""
    if layout.frozen or layout.classes or not layout.visible:
        raise ValueError(
            "cells are rendered: the task must have visible channels, and neither frozen "
            "ones nor class scores"
        )


def evenly(seed: Tensor, *, layout: Layout) -> Tensor:
    """Return cells that all are the mean of a seed state over its pixels.

    Shape:
        seed ``(B, C, H, W)``; result ``(B, C, layout.height, layout.width)``.
    """
    mean = seed.mean(dim=(2, 3), keepdim=True)
    return mean.repeat(1, 1, layout.height, layout.width)


def counted(model: nn.Module, readout: nn.Module) -> dict[str, int]:
    """Return the number of weights of the automaton alone, and of the decoder.

    >>> model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    >>> counted(model, model[1])
    {'automaton': 9, 'decoder': 4}
    """
    whole, decoder = (sum(map(Tensor.numel, one.parameters())) for one in (model, readout))
    return {"automaton": whole - decoder, "decoder": decoder}
