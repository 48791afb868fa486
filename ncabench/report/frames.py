"""Filmstrips as their frames: the pictures, and the time below each."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw

GAP_PX = 2  # between frames
CAPTION_PX = 12  # the strip of white below them with their times
LATEST = 4096  # a greater time is not read
_READ_PX = 64  # of a caption, as far as it is compared


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A picture of a filmstrip.

    Attributes:
        step: the t that is written below it, or None where it cannot be read.
        picture: RGB.
        left: pixels of the strip to its left.
    """

    step: int | None
    picture: Image.Image
    left: int


def cut(png: bytes, *, rows: int = 1) -> tuple[Frame, ...]:
    """Return the frames of a filmstrip, or none where they are not square.

    A picture that is damaged has none either.

    Args:
        png: the filmstrip.
        rows: how many square pictures stand one under another in each frame.
    """
    try:
        with Image.open(io.BytesIO(png)) as opened:
            height = opened.height - CAPTION_PX
            side = height // rows
            if side <= 0 or height % rows or (opened.width + GAP_PX) % (side + GAP_PX):
                return ()
            strip = opened.convert("RGB")
    except OSError:
        return ()
    grey = strip.convert("L")
    return tuple(
        Frame(
            step=_step(grey, left=left, width=side, top=height),
            picture=strip.crop((left, 0, left + side, height)),
            left=left,
        )
        for left in range(0, strip.width, side + GAP_PX)
    )


def rows_of(png: bytes, *, count: int) -> int:
    """Return how many square pictures stand one under another in a strip of ``count`` frames.

    It is 0 where that is no whole number, and of a picture that is damaged.
    """
    try:
        with Image.open(io.BytesIO(png)) as strip:
            side, left = divmod(strip.width + GAP_PX, count)
            height = strip.height - CAPTION_PX
    except OSError:
        return 0
    side -= GAP_PX
    return height // side if not left and side > 0 and height % side == 0 else 0


def perturbed(frames: Sequence[Frame]) -> tuple[int, ...]:
    """Return the numbers of the frames whose time is that of the frame before."""
    steps = [frame.step for frame in frames]
    pairs = enumerate(itertools.pairwise(steps), start=1)
    return tuple(number for number, (one, other) in pairs if one is not None and one == other)


def _step(grey: Image.Image, *, left: int, width: int, top: int) -> int | None:
    """Return the number whose drawing is the same as a caption, to the pixel."""
    right = min(left + min(width, _READ_PX), grey.width)
    caption = Image.new("L", (_READ_PX, CAPTION_PX), 255)
    caption.paste(grey.crop((left, top, right, top + CAPTION_PX)), (0, 0))
    return _read(caption.tobytes(), width=min(width, _READ_PX))


@cache
def _read(caption: bytes, *, width: int) -> int | None:
    return next((step for step in range(LATEST) if _drawn(step, width=width) == caption), None)


@cache
def _drawn(step: int, *, width: int) -> bytes:
    picture = Image.new("L", (_READ_PX, CAPTION_PX), 255)
    ImageDraw.Draw(picture).text((1, 0), f"t={step}", fill=0)
    picture.paste(255, (width, 0, _READ_PX, CAPTION_PX))
    return picture.tobytes()
