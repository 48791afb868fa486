"""Picture files: decoded to RGB, scaled and cropped, or refused by name."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

Pixels = NDArray[np.uint8]


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """Turn what Pillow raises into a ValueError that names the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            yield
    except UnidentifiedImageError:
        raise ValueError(f"{path}: not an image, or a broken one") from None
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path}: not readable as an image ({error})") from None


def read(path: Path) -> Pixels:
    """Return the pixels of a JPEG or PNG file: ``(h, w)`` where it is grey, else RGB.

    Raises:
        ValueError: the file is neither, or is damaged.
    """
    with decoding(path), Image.open(path, formats=("JPEG", "PNG")) as image:
        return np.array(image if image.mode == "L" else image.convert("RGB"))


def scaled(image: Image.Image, side_px: int | None) -> Pixels:
    """Return an image as RGB pixels, its centre square scaled to ``side_px``; None as it is.

    The shorter side is scaled to ``side_px`` (bilinear, with Pillow's antialiasing), then the
    centre is cropped. The image is decoded here.

    >>> scaled(Image.new("RGB", (40, 20), "red"), 10).shape
    (10, 10, 3)
    """
    if side_px is not None:
        width, height = image.size
        factor = side_px / min(width, height)
        size = (max(round(width * factor), side_px), max(round(height * factor), side_px))
        left, top = (size[0] - side_px) // 2, (size[1] - side_px) // 2
        image = image.convert("RGB").resize(size, Image.Resampling.BILINEAR)
        image = image.crop((left, top, left + side_px, top + side_px))
    return np.array(image.convert("RGB"))


def resized(pixels: Pixels, side_px: int) -> Pixels:
    """Return an image with both sides ``side_px``, whatever its shape was; nothing is cropped.

    Bilinear, of the values as floats, which are rounded once at the end; where a side
    shrinks, the weights reach as far as the scale (Pillow's antialiasing).

    Shape:
        pixels ``(h, w)`` or ``(h, w, c)``; result ``(side_px, side_px)`` likewise.

    >>> resized(np.array([[0, 100]], dtype=np.uint8), 4)[0].tolist()
    [0, 25, 75, 100]
    """
    planes = np.atleast_3d(pixels).astype(np.float32)
    size = (side_px, side_px)
    found = [
        np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR))
        for plane in np.moveaxis(planes, 2, 0)
    ]
    rounded: Pixels = np.rint(np.stack(found, axis=2)).astype(np.uint8)
    return rounded if pixels.ndim == 3 else rounded[:, :, 0]


def stacked(pictures: Iterable[tuple[Path, Pixels]]) -> Pixels:
    """Return pictures as one array.

    Raises:
        ValueError: one has another size than the first; the message names it.
    """
    found: list[Pixels] = []
    for path, pixels in pictures:
        if found and pixels.shape != found[0].shape:
            raise ValueError(
                f"{path}: {pixels.shape[1]} x {pixels.shape[0]} px, where the first image has "
                f"{found[0].shape[1]} x {found[0].shape[0]}; set side_px"
            )
        found.append(pixels)
    return np.stack(found)
