"""RENOIR: scenes photographed with noise, in low light, and nearly without."""

from __future__ import annotations

from pathlib import Path

from ncabench.nca.data._photographs import Photographs, folders, pictures
from ncabench.nca.data._prepared import Prepared


class Renoir(Prepared):
    """RENOIR: tiles of photographs with the noise of low light, with clean ones, 32 px, RGB.

    The published set has, for each of three cameras, aligned images of 8 bits in one folder
    for each scene, ``Batch_001`` and so on: one file that ends with ``Reference.bmp``, one or
    more with ``Noisy.bmp``, and others, which are not read (``full.bmp``, a second image of
    low noise). Each noisy one makes a pair with the reference. Prepared by ``ncabench data
    prepare renoir``. A selection is one of images (see `ncabench.nca.data`) of the one class
    ``"pair"``.

    The photographs of a scene are all trained on, validated on or tested on.

    Source: Anaya and Barbu, "RENOIR - A dataset for real low-light image noise reduction",
    Journal of Visual Communication and Image Representation 2018 (data), and the published
    archives (names of files); LNCA, section "Datasets" (preparation) and table 1.

    Shape:
        inputs and targets ``(N, 32, 32, 3)``; see `ncabench.nca.data.Pairs`.

    Raises:
        NoData: it was not prepared.
        ValueError: an image has no counterpart, is damaged or another, or the selection
            cannot be read.

    >>> print(Renoir(Path("nowhere")).missing().partition(",")[0])
    renoir: no manifest.json in nowhere/renoir
      to mend it: `ncabench data prepare renoir --from FOLDER`
    """

    licence = "the publisher's"
    kind = "renoir"
    folder = "renoir"
    layout = "Batch_NUMBER/NAMENoisy.bmp and Batch_NUMBER/NAMEReference.bmp"

    def _photographs(self, folder: Path) -> list[Photographs]:
        return [one for batch in folders(folder, "Batch_*") for one in _batch(batch, folder)]


def _batch(batch: Path, base: Path) -> list[Photographs]:
    references = _ending(batch, "reference")
    noisy = _ending(batch, "noisy")
    if len(references) != 1 or not noisy:
        raise ValueError(
            f"{batch}: {len(references)} files that end with Reference and {len(noisy)} with "
            "Noisy, where one of the former and one or more of the latter are expected"
        )
    scene = batch.relative_to(base).as_posix()
    return [Photographs(scene=scene, clean=references[0], damaged=one) for one in noisy]


def _ending(folder: Path, word: str) -> list[Path]:
    return [path for path in pictures(folder) if path.stem.lower().endswith(word)]
