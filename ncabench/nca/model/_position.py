"""Positional encodings: where on the grid a cell is."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

Encoding = Literal["handcrafted", "learned", "none", "xy", "sincos5", "sincos5xy"]
Order = Literal["interleaved", "split"]
OCTAVES = 5
PLANES = {"xy": 2, "sincos5": 4 * OCTAVES, "sincos5xy": 4 * OCTAVES + 2}


def planes(encoding: Encoding) -> int:
    """Return how many channels an encoding adds to every pixel.

    >>> planes("sincos5xy"), planes("handcrafted")
    (22, 0)
    """
    return PLANES.get(encoding, 0)


def ordinal(
    *,
    cells: int,
    width: int,
    order: Order = "interleaved",
    device: torch.device | None = None,
) -> Tensor:
    """Return sines and cosines of a cell's number, ``(cells, width)``, float32.

    Cells are numbered row by row from 0. Of cell n, index k holds
    ``sin(n * 10000**(-k / width))`` where k is even and the cosine where it is odd: every
    index has an exponent of its own. In the order ``"split"`` the same values stand
    elsewhere: the first sine, then all cosines, then the other sines.

    Source: ViTCA, table 2, "handcrafted", as its authors' code has it; ``"split"`` is what
    LNCA's code makes of it.

    >>> ordinal(cells=2, width=2)[1]  # sin(1), and cos(1 / 100)
    tensor([0.8415, 0.9999])
    >>> ordinal(cells=2, width=4, order="split")[1]  # sin(1), two cosines, sin(1 / 100)
    tensor([0.8415, 0.9950, 1.0000, 0.0100])
    """
    place = torch.arange(cells, dtype=torch.float64, device=device)[:, None]
    index = torch.arange(width, dtype=torch.float64, device=device)
    if order == "split":
        index = torch.cat([index[:1], index[1::2], index[2::2]])
    angle = place * torch.pow(10_000.0, -index / width)
    return torch.where(index % 2 == 0, angle.sin(), angle.cos()).float()


def added(encoding: Encoding) -> Literal["handcrafted", "learned", "none"]:
    """Return what an encoding adds to embedded cells.

    >>> added("learned"), added("xy")
    ('learned', 'none')
    """
    return encoding if encoding in ("handcrafted", "learned") else "none"


def mapped(encoding: Encoding, *, height: int, width: int, like: Tensor) -> Tensor:
    """Return the channels that an encoding adds, ``(planes, height, width)``.

    ``"xy"`` is how far to the right and how far down a pixel is, from -1 to 1, both
    included. ``"sincos5"`` is the sines of both at five octaves, then the cosines:
    ``sin(2**j * pi * x)`` for j from 0 to 4, the same of y, and likewise the cosines.
    ``"sincos5xy"`` has both.

    Source: ViTCA, table 2.

    Args:
        encoding: which.
        height: H of the image.
        width: W of the image.
        like: gives the dtype and the device.
    """
    across = _axis(width, like).expand(height, width)
    down = _axis(height, like)[:, None].expand(height, width)
    waves = [
        wave(2.0**octave * math.pi * axis)
        for wave in (torch.sin, torch.cos)
        for axis in (across, down)
        for octave in range(OCTAVES)
    ]
    found = waves if encoding.startswith("sincos5") else []
    if encoding.endswith("xy"):
        found = [*found, across, down]
    return torch.stack(found).to(like.dtype)


def _axis(side: int, like: Tensor) -> Tensor:
    return torch.linspace(-1, 1, side, dtype=torch.float64, device=like.device)
