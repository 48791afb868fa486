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
    side_px: int,
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
        side_px: of the kernel, at least 1.
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
    kernels = line(degrees, side_px=side_px).to(image.dtype)
    batch, channels, height, width = image.shape
    before, after = (side_px - 1) // 2, side_px // 2
    padded = F.pad(image, [before, after, before, after])
    blurred = F.conv2d(
        padded.reshape(1, batch * channels, *padded.shape[-2:]),
        kernels.repeat_interleave(channels, dim=0)[:, None],
        groups=batch * channels,
    )
    return blurred.view(batch, channels, height, width)


def line(degrees: Tensor, *, side_px: int) -> Tensor:
    """Return kernels with a line across them, turned counter-clockwise; each sums to 1.

    The line is row ``(side_px - 1) // 2``. It is turned about the kernel's centre, between
    pixels linearly, with zeros around.

    Source: LNCA's code, whose library rounds places to 1/32 px where here they are exact.

    Args:
        degrees: ``(B,)``, integers.
        side_px: of the kernel, at least 1.

    Raises:
        ValueError: ``side_px`` is below 1.

    Shape:
        ``(B, side_px, side_px)``, float32.

    >>> (3 * line(torch.tensor([0, 90]), side_px=3)).round().int().tolist()
    [[[0, 0, 0], [1, 1, 1], [0, 0, 0]], [[0, 1, 0], [0, 1, 0], [0, 1, 0]]]
    """
    if side_px < 1:
        raise ValueError(f"side_px must be at least 1, not {side_px}")
    angle = degrees.double()[:, None, None] * (math.pi / 180)
    centre = (side_px - 1) / 2
    offset = torch.arange(side_px, dtype=torch.float64, device=degrees.device) - centre
    right, down = offset[None, :], offset[:, None]
    x = angle.cos() * right - angle.sin() * down + centre  # where a pixel comes from
    y = angle.sin() * right + angle.cos() * down + centre
    along = torch.minimum(x + 1, side_px - x).clamp(0, 1)  # 1 on the line, 0 beyond its ends
    across = (1 - (y - (side_px - 1) // 2).abs()).clamp_min(0)
    drawn = along * across
    return (drawn / drawn.sum(dim=(1, 2), keepdim=True)).float()
