"""Data sets: what is there, what is missing, and the digest of what is read.

Nothing here imports torch, so that a plan can name its data in under a second.
"""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar


class DataSet(ABC):
    """A data set on this machine; ``__init__`` takes ``root``, where to look, or None.

    Attributes:
        licence: SPDX name of the licence that the data carries, or ``"the user's"``.
    """

    version: ClassVar[int] = 1
    licence: ClassVar[str]

    def __init__(self, root: Path | None = None) -> None:
        self.root = root

    def missing(self) -> str:
        """Return what of the set is not here and what mends it, or ``""`` where all is here."""
        return ""

    @abstractmethod
    def digest(self, selection: Any) -> str:
        """Return the SHA-256, in hex, of what `load` would read for ``selection``.

        Raises:
            NoData: something is missing; the message says what mends it.
            ValueError: ``selection`` cannot be read as what it should be.
        """

    @abstractmethod
    def load(self, selection: Any) -> Any:
        """Return the data as NumPy arrays. Raises what `digest` raises."""
