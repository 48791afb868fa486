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


def sizes(model: nn.Module, readout: nn.Module) -> dict[str, float]:
    """Return how many weights the automaton and its decoder have.

    The share is the decoder's of the automaton's, as Cells to Pixels states its overhead.
    """
    decoder = sum(weight.numel() for weight in readout.parameters())
    automaton = sum(weight.numel() for weight in model.parameters()) - decoder
    return {
        "automaton_parameters": float(automaton),
        "decoder_parameters": float(decoder),
        "decoder_share": decoder / automaton,
    }
