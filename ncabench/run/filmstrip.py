"""Draws the frames of a rollout side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from torch import Tensor

GAP_PX = 2
CAPTION_PX = 12
SMALL = 256  # cells of a side that are drawn enlarged


def save(frames: Tensor, *, steps: list[int], path: Path, scale: int | None = None) -> None:
    """Write a filmstrip: one frame beside the other, its t below it, on white.

    Args:
        frames: visible channels, ``(T, V, H, W)``: premultiplied RGBA, RGB or grey.
        steps: the t of each frame.
        path: PNG to write.
        scale: pixels per cell; None takes 2, and 1 where a side has more than 256 cells.

    Raises:
        ValueError: as many frames as steps are needed.
    """
    if len(frames) != len(steps):
        raise ValueError(f"{len(frames)} frames and {len(steps)} steps do not match")
    if scale is None:
        scale = 2 if max(frames.shape[-2:]) <= SMALL else 1
    drawn = [_pixels(frame, scale=scale) for frame in frames]
    height, width = drawn[0].shape[:2]
    size = (len(drawn) * (width + GAP_PX) - GAP_PX, height + CAPTION_PX)
    strip = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(strip)
    for position, (pixels, step) in enumerate(zip(drawn, steps, strict=True)):
        left = position * (width + GAP_PX)
        strip.paste(Image.fromarray(pixels), (left, 0))
        pen.text((left + 1, height), f"t={step}", fill="black")
    strip.save(path, optimize=True)


def _pixels(frame: Tensor, *, scale: int) -> npt.NDArray[np.uint8]:
    channels = frame.float().cpu().numpy()
    colour = channels[:3] if len(channels) >= 3 else np.repeat(channels[:1], 3, axis=0)
    if len(channels) == 4:
        colour = colour + 1 - np.clip(channels[3:4], 0, 1)  # over white
    values = (np.clip(colour, 0, 1) * 255).round().astype(np.uint8).transpose(1, 2, 0)
    enlarged: npt.NDArray[np.uint8] = values.repeat(scale, axis=0).repeat(scale, axis=1)
    return enlarged
