"""The blur of a camera that moves in a straight line."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.draws import Draws


def motion_blur(
    image: Tensor,
    *,
    side_px: int | Tensor,
    largest_px: int | None = None,
    purpose: str = "corruption",
    samples: Tensor,
    draws: Draws,
    index: int | Tensor = 0,
) -> Tensor:
    """Return images, each blurred along a direction of its own, of a whole number of degrees.

    Beyond the border all is black, so that borders darken.

    Source: LNCA, "Datasets", with its code for the kernel, the directions and the border.

    Args:
        image: ``(B, V, H, W)``.
        side_px: of the kernel, at least 1; or one for each image, ``(B,)``, which is not
            looked at before it is used.
        largest_px: with a side for each image, one that none is above.
        purpose: what is drawn for.
        samples: ``(B,)``, the images' numbers.
        draws: where chance comes from.
        index: names a repetition, such as the iteration.

    Raises:
        ValueError: ``side_px`` is below 1.

    >>> white, one = torch.ones(1, 1, 5, 5), torch.zeros(1, dtype=torch.int64)
    >>> blurred = motion_blur(white, side_px=3, samples=one, draws=Draws(0))
    >>> f"{blurred[0, 0, 2, 2]:.3f}", bool(blurred.min() < 1)  # not the border
    ('1.000', True)
    """
    degrees = draws.integers(
        f"{purpose}/degrees", low=0, high=360, samples=samples, index=index
    )
    kernels = line(degrees, side_px=side_px, within_px=largest_px).to(image.dtype)
    batch, channels, height, width = image.shape
    side = kernels.shape[-1]
    before, after = (side - 1) // 2, side // 2
    padded = F.pad(image, [before, after, before, after])
    blurred = F.conv2d(
        padded.reshape(1, batch * channels, *padded.shape[-2:]),
        kernels.repeat_interleave(channels, dim=0)[:, None],
        groups=batch * channels,
    )
    return blurred.view(batch, channels, height, width)


def line(degrees: Tensor, *, side_px: int | Tensor, within_px: int | None = None) -> Tensor:
    """Return kernels with a line across them, turned counter-clockwise; each sums to 1.

    The line is row ``(side_px - 1) // 2``. It is turned about the kernel's centre, between
    pixels linearly, with zeros around. A kernel that is smaller than what it lies in has
    zeros around it, so that both do the same to an image.

    Source: LNCA's code, whose library rounds places to 1/32 px where here they are exact.

    Args:
        degrees: ``(B,)``, integers.
        side_px: of the kernel, at least 1; or one for each, ``(B,)``.
        within_px: side of what all kernels lie in, none of which is larger; left out, of one
            side for all, that side.

    Raises:
        ValueError: ``side_px`` is below 1, or there is one for each and no ``within_px``.

    Shape:
        ``(B, within_px, within_px)``, float32.

    >>> (3 * line(torch.tensor([0, 90]), side_px=3)).round().int().tolist()
    [[[0, 0, 0], [1, 1, 1], [0, 0, 0]], [[0, 1, 0], [0, 1, 0], [0, 1, 0]]]
    """
    sides: int | Tensor = side_px
    if isinstance(side_px, Tensor):
        if within_px is None:
            raise ValueError("a side for each kernel needs within_px, which none is above")
        sides = side_px.view(-1, 1, 1)
    elif side_px < 1:
        raise ValueError(f"side_px must be at least 1, not {side_px}")
    whole = side_px if within_px is None else within_px
    assert isinstance(whole, int)
    angle = degrees.double()[:, None, None] * (math.pi / 180)
    centre = (sides - 1) / 2
    place = torch.arange(whole, dtype=torch.float64, device=degrees.device)
    place = place - ((whole - 1) // 2 - (sides - 1) // 2)  # counted from the kernel's corner
    right, down = _axes(place - centre)
    x = angle.cos() * right - angle.sin() * down + centre  # where a pixel comes from
    y = angle.sin() * right + angle.cos() * down + centre
    along = torch.minimum(x + 1, sides - x).clamp(0, 1)  # 1 on the line, 0 beyond its ends
    across = (1 - (y - (sides - 1) // 2).abs()).clamp_min(0)
    column, row = _axes((place >= 0) & (place < sides))
    drawn = along * across * (row & column)
    return (drawn / drawn.sum(dim=(1, 2), keepdim=True)).float()


def _axes(places: Tensor) -> tuple[Tensor, Tensor]:
    """Return what stands at places ``(..., N)`` along rows, and down columns."""
    flat = places.reshape(-1, places.shape[-1])
    return flat[:, None, :], flat[:, :, None]
