"""The emoji drawings that NCAtorch grows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ncabench.nca.data import DataSet, Verified
from ncabench.nca.data._png import FOLDER, SHIPPED, Pixels, digest, shipped

_DRAWN = "f117a118316d246536986c3dc5a3b50ce2210ff9994e6e513032cbd380ac1459"


class NotoEmoji(DataSet):
    """Five drawings of Noto Emoji, 512 px, RGBA, alpha not premultiplied.

    ``loudly_crying_face``, ``fire``, ``party_popper``, ``four_leaf_clover`` and ``red_apple``
    (U+1F62D, U+1F525, U+1F389, U+1F340, U+1F34E). They ship with ncabench, so ``root`` is
    not used. A selection is a list of their names.

    Source: NCAtorch, section 3.1, grows five emoji; its code names these five and fetches
    them from the Noto Emoji repository. Here they are rasterised from the vector originals.

    Shape:
        ``(K, 512, 512, 4)``, uint8.

    Raises:
        ValueError: a selected name is none of the five, or nothing is selected.

    >>> NotoEmoji().load(["fire", "red_apple"]).shape
    (2, 512, 512, 4)
    """

    licence = "Apache-2.0"

    def digest(self, selection: Sequence[str]) -> str:
        """Return the SHA-256 of the selected drawings' pixels, in order."""
        return digest(self.load(selection))

    def load(self, selection: Sequence[str]) -> Pixels:
        """Return the selected drawings, ``(K, 512, 512, 4)``, in order."""
        if isinstance(selection, str) or not selection:
            raise ValueError(f"expected a list of names of drawings, found {selection!r}")
        return np.stack([shipped(name) for name in selection])

    def verify(self) -> tuple[Verified, ...]:
        """Return the digest of all five drawings' pixels, found and as they were drawn."""
        return (Verified(what=str(FOLDER), found=self.digest(SHIPPED), published=_DRAWN),)
