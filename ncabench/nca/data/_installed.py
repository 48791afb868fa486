"""Images that come inside other packages, found without importing those."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import util
from pathlib import Path

from ncabench.errors import NoData
from ncabench.nca.data import Verified
from ncabench.nca.data._files import digest, refusal


@dataclass(frozen=True, kw_only=True)
class Installed:
    """An image inside a package.

    Attributes:
        package: what to import, such as ``"skimage"``.
        distribution: what to install, such as ``"scikit-image"``.
        file: path under the package's folder.
        sha256: the digest that it must have.
    """

    package: str
    distribution: str
    file: str
    sha256: str

    def path(self) -> Path:
        """Return where the file lies.

        Raises:
            NoData: the package is not installed, or came without the file.
        """
        spec = util.find_spec(self.package)
        folder = Path(spec.origin).parent if spec and spec.origin else Path(self.package)
        if not (folder / self.file).is_file():
            what = f"{self.distribution}'s {self.file} is not installed"
            raise NoData(what, f"python -m pip install --force-reinstall {self.distribution}")
        return folder / self.file

    def digest(self) -> str:
        """Return the file's SHA-256.

        Raises:
            NoData: the file is missing.
            ValueError: it is another file.
        """
        path = self.path()
        found = digest(path, algorithm="sha256")
        if found != self.sha256:
            mend = f"install another version of {self.distribution}"
            raise refusal(path, found=found, published=self.sha256, mend=mend)
        return found


def missing(files: Iterable[Installed]) -> str:
    """Return which of the files is missing and what mends it, or ``""``."""
    try:
        for one in files:
            one.path()
    except NoData as error:
        return str(error)
    return ""


def verify(files: Iterable[Installed]) -> tuple[Verified, ...]:
    """Return each file with its digest, found and expected. Raises NoData."""
    return tuple(
        Verified(
            what=str(one.path()),
            found=digest(one.path(), algorithm="sha256"),
            published=one.sha256,
        )
        for one in files
    )


def skimage(name: str, sha256: str) -> Installed:
    """Return an image that comes with scikit-image."""
    return Installed(
        package="skimage", distribution="scikit-image", file=f"data/{name}", sha256=sha256
    )


def sklearn(name: str, sha256: str) -> Installed:
    """Return a photograph that comes with scikit-learn."""
    return Installed(
        package="sklearn",
        distribution="scikit-learn",
        file=f"datasets/images/{name}",
        sha256=sha256,
    )
