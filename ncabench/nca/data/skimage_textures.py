"""Textures that come with scikit-image."""

from __future__ import annotations

from typing import Any

import numpy as np

from ncabench.errors import Problem
from ncabench.nca.data import DataSet, Images, Verified, _installed
from ncabench.nca.data._files import summary
from ncabench.nca.data._installed import Installed, skimage
from ncabench.nca.data._pictures import read
from ncabench.nca.data._selection import ALL

TEXTURES = {
    "brick": skimage(
        "brick.png", "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf"
    ),
    "grass": skimage(
        "grass.png", "b6b6022426b38936c43a4ac09635cd78af074e90f42ffa8227ac8b7452d39f89"
    ),
    "gravel": skimage(
        "gravel.png", "c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12"
    ),
    "hubble_deep_field": skimage(
        "hubble_deep_field.jpg",
        "3a19c5dd8a927a9334bb1229a6d63711b1c0c767fb27e2286e7c84a3e2c2f5f4",
    ),
    "ihc": skimage(
        "ihc.png", "f8dd1aa387ddd1f49d8ad13b50921b237df8e9b262606d258770687b0ef93cef"
    ),
}


class SkimageTextures(DataSet):
    """Five exemplars of texture that come with scikit-image, one at a time, as they are.

    ``brick``, ``grass`` and ``gravel`` (512 x 512 px, grey), ``ihc`` (a stained tissue, 512 x
    512 px, RGB) and ``hubble_deep_field`` (1000 x 872 px, RGB). They are inside the installed
    package and never fetched, so ``root`` is not used. A selection is one of these names.

    Source: scikit-image's ``data.brick``, ``grass``, ``gravel`` (CC0), ``immunohistochemistry``
    (no known restrictions) and ``hubble_deep_field`` (NASA, public domain); its documentation
    names their origins. They stand in no paper's table: NCAtorch's textures are those of DTD.

    Shape:
        images ``(1, h, w)`` or ``(1, h, w, 3)``; see `ncabench.nca.data.Images`.

    Raises:
        NoData: the image did not come with scikit-image.
        ValueError: there is no exemplar of that name, or the file is another.

    >>> SkimageTextures().load("gravel").images.shape
    (1, 512, 512)
    """

    licence = "CC0-1.0 (ihc, hubble_deep_field: public domain)"

    def missing(self) -> str:
        """Return which image is not installed, or ``""``."""
        return _installed.missing(TEXTURES.values())

    def verify(self) -> tuple[Verified, ...]:
        """Return each image's file with its digest, found and expected."""
        return _installed.verify(TEXTURES.values())

    def digest(self, selection: Any) -> str:
        """Return the SHA-256 that names the exemplar and its file."""
        return summary(selection, {"file": _texture(selection).digest()})

    def load(self, selection: Any) -> Images:
        """Return the exemplar."""
        texture = _texture(selection)
        texture.digest()
        return Images(
            images=read(texture.path())[None],
            labels=np.zeros(1, dtype=np.int64),
            classes=(selection,),
            parts={ALL: slice(0, 1)},
        )


def _texture(selection: Any) -> Installed:
    if isinstance(selection, str) and selection in TEXTURES:
        return TEXTURES[selection]
    what = f"no exemplar is called {selection!r}"
    problem = Problem(where="", what=what, accepted=tuple(TEXTURES), found=str(selection))
    raise ValueError(str(problem))
