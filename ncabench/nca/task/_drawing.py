"""From a drawing to the target and the seed state of growing it."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.state import Layout

ALIVE = 3
HIDDEN_SD = 0.05


def grown(pixels: NDArray[np.uint8], *, size_px: int, padding_px: int) -> Tensor:
    """Return a drawing as an automaton is to grow it.

    The drawing is resized first (Lanczos, its colours weighted by alpha, the longer side to
    ``size_px``), scaled to [0, 1], then its RGB is multiplied by alpha; last, empty cells are
    added on each side.

    Shape:
        pixels ``(h, w, 4)`` uint8; result ``(4, H, W)``, premultiplied RGB and alpha.
    """
    height, width, _ = pixels.shape
    scale = size_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)
    rgba = torch.from_numpy(np.array(small)).permute(2, 0, 1).float() / 255
    rgba[:3] *= rgba[3:]
    return F.pad(rgba, [padding_px] * 4)


def seed_state(layout: Layout, *, hidden: Literal["noise", "zeros"], draws: Draws) -> Tensor:
    """Return one living cell at ``(H // 2, W // 2)``: its RGBA is 1.

    Hidden channels are ``0.05 * N(0, 1)`` in every cell, drawn once, or zeros.

    Shape:
        result ``(1, C, H, W)``.
    """
    state = torch.zeros(1, layout.channels, layout.height, layout.width)
    if hidden == "noise":
        noise = state[0, layout.visible :]
        sample = torch.zeros(1, dtype=torch.int64)
        drawn = draws.normal("task/hidden_seed", samples=sample, cells=noise.numel())
        noise.copy_(drawn.view(noise.shape) * HIDDEN_SD)
    state[:, : layout.visible, layout.height // 2, layout.width // 2] = 1.0
    return state


def check_sizes(*, channels: int, size_px: int, padding_px: int) -> None:
    """Raise ValueError where a drawing could not be grown at these sizes."""
    if channels < ALIVE + 1:
        raise ValueError(f"channels must hold RGBA, so at least 4, not {channels}")
    if size_px < 1 or padding_px < 0:
        raise ValueError(
            "size_px must be at least 1 and padding_px at least 0, "
            f"not {size_px} and {padding_px}"
        )
