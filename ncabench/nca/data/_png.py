"""Reading PNG files, and the drawings that ship with ncabench."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ncabench.errors import NoData, Problem

Pixels = NDArray[np.uint8]

SHIPPED = ("loudly_crying_face", "fire", "party_popper", "four_leaf_clover", "red_apple")
FOLDER = Path(__file__).parent / "noto"
EIGHT_BIT = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")


def read_png(path: Path) -> Pixels:
    """Return the pixels of a PNG file, ``(h, w, 4)``: RGBA, alpha 255 where it has none.

    Raises:
        ValueError: the file is no PNG, is damaged, or has 16 bits a channel.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a large image, which is the user's choice
            with Image.open(path, formats=("PNG",)) as image:
                if image.mode not in EIGHT_BIT:
                    raise ValueError(f"{path}: 16 bits a channel; save it with 8 bits instead")
                return np.array(image.convert("RGBA"))
    except UnidentifiedImageError:
        raise ValueError(f"{path}: not a PNG image, or a broken one") from None
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path}: not readable as a PNG image ({error})") from None


def shipped(name: str) -> Pixels:
    """Return one of the five drawings, ``(512, 512, 4)``.

    Raises:
        NoData: the file did not come with the installation.
        ValueError: there is no drawing of that name.
    """
    if name not in SHIPPED:
        what = f"no shipped drawing is called {name!r}"
        raise ValueError(str(Problem(where="", what=what, accepted=SHIPPED, found=name)))
    path = FOLDER / f"{name}.png"
    if not path.is_file():
        raise NoData(f"{path} is missing", "install ncabench again")
    return read_png(path)


def digest(images: Iterable[Pixels]) -> str:
    """Return the SHA-256 of the images' sizes and pixels, in hex.

    Pixels, not files, are hashed, since a training sees pixels: a PNG that was compressed
    anew keeps its digest.
    """
    total = hashlib.sha256()
    for image in images:
        total.update(repr(image.shape).encode())
        total.update(np.ascontiguousarray(image).tobytes())
    return total.hexdigest()
