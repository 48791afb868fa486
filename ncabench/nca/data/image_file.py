"""One image: a shipped drawing, or a PNG file of the user's."""

from __future__ import annotations

from pathlib import Path

from ncabench.errors import Problem
from ncabench.nca.data import DataSet
from ncabench.nca.data._png import SHIPPED, Pixels, digest, read_png, shipped


class ImageFile(DataSet):
    """A PNG image of any size, by its path, or a shipped drawing, by its name.

    A path that is not absolute is looked for under ``root``, or where ncabench was started.
    An image without alpha is opaque. A selection is one name or path.

    Source: none; a user's own image is nobody's.

    Shape:
        ``(1, h, w, 4)``, uint8, RGBA, alpha not premultiplied.

    Raises:
        ValueError: the selection is neither a drawing nor a readable PNG file.

    >>> ImageFile().load("fire").shape
    (1, 512, 512, 4)
    """

    licence = "the user's"

    def digest(self, selection: str) -> str:
        """Return the SHA-256 of the image's pixels."""
        return digest(self.load(selection))

    def load(self, selection: str) -> Pixels:
        """Return the image, ``(1, h, w, 4)``."""
        if not isinstance(selection, str) or not selection:
            raise ValueError(f"expected a drawing's name or a path, found {selection!r}")
        if selection in SHIPPED:
            return shipped(selection)[None]
        path = Path(selection) if self.root is None else self.root / selection
        if path.is_dir():
            raise ValueError(f"{path}: a folder, where a PNG file is expected")
        if not path.exists():
            raise ValueError(_nothing_there(selection, path))
        return read_png(path)[None]


def _nothing_there(selection: str, path: Path) -> str:
    beside = (str(Path(selection).with_name(one.name)) for one in path.parent.glob("*.png"))
    what = f"{path}: no such file, and no shipped drawing of that name"
    accepted = (*SHIPPED, *beside)
    return str(Problem(where="", what=what, accepted=accepted, found=selection))
