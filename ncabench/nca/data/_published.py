"""Sets that somebody published: where they lie, and whether they are what was published."""

from __future__ import annotations

import http.client
import tarfile
import zipfile
import zlib
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from pathlib import Path
from typing import ClassVar

from ncabench.errors import NoData
from ncabench.nca.data import Verified
from ncabench.nca.data._files import found_as, kept, refusal
from ncabench.nca.data._labelled import Labelled, Pixels

NAME_IT = "--data or NCABENCH_DATA names the folder of data sets"
BROKEN = (  # what a download or an unpacking may end with
    *(OSError, RuntimeError, ImportError, EOFError, zlib.error),
    *(http.client.HTTPException, tarfile.TarError, zipfile.BadZipFile),
)


class Published(Labelled):
    """Base of the sets that lie in a folder under ``root``, with digests from their publisher.

    Attributes:
        folder: where, under ``root``, torchvision puts the set.
        published: file in that folder: its digest as published.
        unpacked: what else must be in the folder.
        archive: what the set is unpacked from, under ``root``, and its MD5.
        by_hand: what to do where torchvision cannot fetch the set.
        slow: whether images are decoded so slowly that a copy of what is read is kept.
    """

    folder: ClassVar[str]
    published: ClassVar[Mapping[str, str]]
    unpacked: ClassVar[tuple[str, ...]] = ()
    archive: ClassVar[tuple[str, str] | None] = None
    by_hand: ClassVar[str] = ""
    slow: ClassVar[bool] = False

    def __init__(self, root: Path | None = None) -> None:
        super().__init__(root)
        self.notes = root  # where digests of large files are remembered; None: nowhere

    def missing(self) -> str:
        """Return which file is missing, and the command that brings it."""
        try:
            self.place()
        except (NoData, ValueError) as error:
            return str(error)
        return ""

    def place(self) -> Path:
        """Return the folder that the set lies in.

        Raises:
            NoData: a file is in none of the folders that were looked into.
            ValueError: there is only an archive, and it is not what was published.
        """
        lacking: list[str] = []
        for place in self._places():
            found = [name for name in self._needed() if self._path(place, name) is None]
            if not found:
                return place
            lacking.append(f"no {found[0]} in {place}")
        archive = self._archive()
        if archive is not None:
            path, published = archive
            self._check(path, published)
            lacking.append(f"{path} is not unpacked")
        raise NoData(
            f"{self.kind}: {', '.join(lacking) or 'no folder of data sets is named'}",
            self._mend(),
        )

    def fetch(self) -> str:
        """Download and unpack the set with torchvision's own downloader."""
        if self.root is None:
            raise NoData("no folder of data sets is named", NAME_IT)
        missing = self.missing()
        if missing:
            try:
                self.root.mkdir(parents=True, exist_ok=True)
                self._download(self.root)
            except BROKEN as error:
                lacks = missing.partition("\n")[0]
                what = f"{lacks}; fetching it failed: {str(error).strip()}"
                raise NoData(what, self._elsewhere()) from error
        place = self.place()
        self._checked(place, tuple(self.published))
        return f"{self.kind} is in {place}"

    def verify(self) -> tuple[Verified, ...]:
        """Return each file with its digest, found and published."""
        fresh = copy(self)
        fresh.notes = None
        return tuple(fresh._verified(self.place()))

    def _verified(self, place: Path) -> Iterator[Verified]:
        archive = self._archive()
        if archive is not None:
            path, published = archive
            found = found_as(published, path, notes=None)
            yield Verified(what=str(path), found=found, published=published)
        for name, published in self.published.items():
            path = self._path(place, name) or place / name
            try:
                found = self._found(path, published)
            except ValueError as error:
                found = str(error)
            yield Verified(what=str(path), found=found, published=published)
        for name, found in self._unpublished().items():
            yield Verified(what=str(place / name), found=found, published="")

    def _unpublished(self) -> Mapping[str, str]:
        """Return the digests of what is read and was published without any."""
        return {}

    def _checked(self, place: Path, names: tuple[str, ...]) -> dict[str, str]:
        """Return the digests of files. Raises ValueError where one is not as published."""
        return {
            name: self._check(self._path(place, name) or place / name, self.published[name])
            for name in names
        }

    def _check(self, path: Path, published: str) -> str:
        """Return a file's digest. Raises ValueError where it is not as published."""
        mend = f"remove it, then {self._mend()}"
        try:
            found = self._found(path, published)
        except ValueError as error:
            raise ValueError(f"{error}\n  to mend it: {mend}") from None
        if found != published:
            raise refusal(path, found=found, published=published, mend=mend)
        return found

    def _once(self, make: Callable[[], Pixels], *, name: str) -> Pixels:
        if not self.slow:
            return make()
        return kept(f"{name}-v{self.version}", notes=self.notes, make=make)

    def _archive(self) -> tuple[Path, str] | None:
        """Return the archive and its published MD5, where it lies under the root."""
        if self.root is None or self.archive is None:
            return None
        name, published = self.archive
        path = self.root / name
        return (path, published) if path.is_file() else None

    def _found(self, path: Path, published: str) -> str:
        return found_as(published, path, notes=self.notes)

    def _places(self) -> list[Path]:
        return [] if self.root is None else [self.root / self.folder]

    def _needed(self) -> tuple[str, ...]:
        return (*self.published, *self.unpacked)

    def _path(self, place: Path, name: str) -> Path | None:
        path = place / name
        return path if path.exists() else None

    def _mend(self) -> str:
        fetch = f"`ncabench data fetch {self.kind}`; {NAME_IT}"
        return f"{fetch}; or {self.by_hand}" if self.by_hand else fetch

    def _elsewhere(self) -> str:
        copy = f"fetch it where there is a network, and copy {self.folder} into {self.root}"
        return f"{copy}; or {self.by_hand}" if self.by_hand else copy

    @abstractmethod
    def _download(self, root: Path) -> None:
        """Fetch the set with torchvision."""
