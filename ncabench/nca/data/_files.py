"""Files as they lie: their digests, and which of them are what was published."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ncabench.errors import NoData

Pixels = NDArray[np.uint8]

WORTH_BYTES = 16 * 2**20  # hashing less than this takes no longer than looking it up
MOST_BYTES = 2 * 2**30  # of images, as they are in memory
NOTES = ".ncabench"  # folder under a data root
AGAIN = "unpack or fetch the set again"
_ALGORITHMS: Mapping[int, str] = {32: "md5", 64: "sha256"}  # by the digits of the digest


def digest(path: Path, *, algorithm: str) -> str:
    """Return a file's digest, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def content(path: Path) -> bytes:
    """Return what a file holds, unpacked where its name ends with ``.gz``.

    Raises:
        ValueError: it is no gzip file, or breaks off.
    """
    raw = path.read_bytes()
    if path.suffix != ".gz":
        return raw
    try:
        return gzip.decompress(raw)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path}: no gzip file, or it breaks off ({error})") from None


def remembered(
    paths: Sequence[Path], *, what: str, notes: Path | None, make: Callable[[], str]
) -> str:
    """Return the digest that ``make`` gives of files, from a note where that takes long.

    A note is kept under the data root, by the files' paths, sizes and times of change, so
    that a plan does not hash gigabytes each time. Without a folder nothing is remembered.

    Args:
        paths: the files.
        what: which digest ``make`` gives; it is part of the note's name.
        notes: the data root, or None.
        make: reads the files and returns their digest.

    Raises:
        NoData: a file is missing or cannot be read.
    """
    key, size = _stand(paths)
    if notes is None or size < WORTH_BYTES:
        return _made(make)
    note = notes / NOTES / f"{what}-{key}"
    with contextlib.suppress(OSError):
        return note.read_text(encoding="ascii")
    found = _made(make)
    with contextlib.suppress(OSError):  # a root that cannot be written is hashed each time
        note.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=note.parent, delete=False) as partial:
            partial.write(found)
        Path(partial.name).replace(note)
    return found


def kept(name: str, *, notes: Path | None, make: Callable[[], Pixels]) -> Pixels:
    """Return the images that ``make`` reads, from a copy of them where there is one.

    A copy is kept under the data root, so that photographs need not be decoded by every
    training anew; not of more than 2 GiB, and not where there is no folder. A copy that is
    damaged is made again.

    Args:
        name: of the copy; it must change with what ``make`` returns.
        notes: the data root, or None.
        make: reads the images.
    """
    if notes is None:
        return make()
    copy = notes / NOTES / f"{name}.npz"
    with contextlib.suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        with copy.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            there: Pixels = arrays["images"]
        return there
    found = make()
    if found.nbytes <= MOST_BYTES:
        with contextlib.suppress(OSError):  # a root that cannot be written keeps no copy
            copy.parent.mkdir(exist_ok=True)
            with tempfile.NamedTemporaryFile("wb", dir=copy.parent, delete=False) as partial:
                np.savez(partial, images=found)
            Path(partial.name).replace(copy)
    return found


def _made(make: Callable[[], str]) -> str:
    try:
        return make()
    except OSError as error:
        raise NoData(f"{error.filename}: {error.strerror}", AGAIN) from None


def _stand(paths: Sequence[Path]) -> tuple[str, int]:
    total, size = hashlib.sha256(), 0
    for path in paths:
        try:
            found = path.stat()
        except OSError as error:
            raise NoData(f"{path}: {error.strerror}", AGAIN) from None
        size += found.st_size
        total.update(f"{path}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return total.hexdigest(), size


def together(paths: Sequence[Path], *, base: Path, notes: Path | None) -> str:
    """Return one SHA-256 of many files: of their names under ``base``, and their bytes.

    Raises:
        NoData: a file is missing or cannot be read.
    """

    def make() -> str:
        total = hashlib.sha256()
        for path in paths:
            own = digest(path, algorithm="sha256")
            total.update(f"{path.relative_to(base).as_posix()}\0{own}\n".encode())
        return total.hexdigest()

    return remembered(paths, what="together", notes=notes, make=make)


def summary(canonical: str, digests: Mapping[str, str]) -> str:
    """Return the SHA-256 that names a selection and what is read for it."""
    lines = [canonical, *(f"{name}\0{found}" for name, found in digests.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def found_as(published: str, path: Path, *, notes: Path | None) -> str:
    """Return a file's digest by the algorithm of the published one."""
    name = _ALGORITHMS[len(published)]
    return remembered([path], what=name, notes=notes, make=lambda: digest(path, algorithm=name))


def refusal(path: Path, *, found: str, published: str, mend: str) -> ValueError:
    """Return what to raise of a file that is not what was published."""
    name = _ALGORITHMS[len(published)].upper()
    return ValueError(
        f"{path}: not the published file, or cut short; its {name} is {found}, "
        f"published is {published}\n  to mend it: {mend}"
    )
