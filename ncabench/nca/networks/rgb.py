"""What a network trained on colour photographs is shown of an automaton's image."""

from __future__ import annotations

from torch import Tensor


def rgb(images: Tensor, *, rescale: bool, least_px: int, user: str) -> Tensor:
    """Return the three colour channels, as float32.

    Channels after the third (alpha) are dropped; one channel (grey) is shown three times.

    Source: none; the grey rule is that of ViTCA's code for its grey data sets.

    Args:
        images: ``(B, V, H, W)``, nominally in [0, 1].
        rescale: map [0, 1] to [-1, 1].
        least_px: the smallest side that the network can take.
        user: the metric, for messages.

    Shape:
        result ``(B, 3, H, W)``.

    Raises:
        ValueError: there are two channels, or a side is too short.

    >>> import torch
    >>> grey = torch.full((1, 1, 1, 1), 0.75)
    >>> rgb(grey, rescale=True, least_px=1, user="LPIPS").flatten().tolist()
    [0.5, 0.5, 0.5]
    """
    if images.shape[1] in (0, 2):
        raise ValueError(f"{user} needs one channel or three, not {images.shape[1]}")
    if min(images.shape[-2:]) < least_px:
        height, width = images.shape[-2:]
        raise ValueError(f"{user} needs sides of {least_px} px or more, not {height} x {width}")
    colour = images[:, :3].float().expand(-1, 3, -1, -1)
    return colour * 2 - 1 if rescale else colour
