"""Torchvision's ImageNet classifiers: their published weight files, found or downloaded."""

from __future__ import annotations

import http.client
import shutil
import tempfile
import urllib.request
from pathlib import Path
from typing import Literal

from torch import Tensor

from ncabench.errors import NoData
from ncabench.nca.networks import trained

Net = Literal["alex", "vgg", "vgg19", "squeeze"]

SOURCE = "https://download.pytorch.org/models"
FILES = {  # name-<first characters of the SHA-256>.pth, as PyTorch names such files
    "alex": "alexnet-owt-7be5be79.pth",
    "vgg": "vgg16-397923af.pth",
    "vgg19": "vgg19-dcbb9e9d.pth",
    "squeeze": "squeezenet1_1-b8a52dc0.pth",
}
TIMEOUT_S = 10.0


def features(net: Net, *, user: str, instead: str = "") -> dict[str, Tensor]:
    """Return the weights of a network's convolutional part, named from ``features.0`` on.

    The file is looked for in ``trained.folder()``; where it is missing it is downloaded
    there once. Without a network that fails within seconds.

    Source: none; the files are torchvision's, as the ``lpips`` package uses them.

    Args:
        net: AlexNet, VGG-16, VGG-19 or SqueezeNet 1.1.
        user: who needs it, for the message, such as ``"LPIPS (alex)"``.
        instead: what else a user might do, for the message.

    Raises:
        NoData: the file is missing and cannot be downloaded, or it is damaged.
    """
    name = FILES[net]
    path = trained.folder() / name
    mend = f"download {SOURCE}/{name} to {path.parent}"
    if instead:
        mend = f"{mend}, or {instead}"
    expected = path.stem.rpartition("-")[2]
    if not path.exists():
        missing = f"{user} needs torchvision's ImageNet weights {name}"
        _download(f"{SOURCE}/{name}", path, expected=expected, missing=missing, mend=mend)
    weights = trained.load(path, expected=expected, user=user, mend=mend)
    return {key: value for key, value in weights.items() if key.startswith("features.")}


def _download(url: str, path: Path, *, expected: str, missing: str, mend: str) -> None:
    where = f"{missing}, looked for in {path.parent}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as beside:
            partial = Path(beside) / path.name  # so that no half file ever bears the name
            with (
                urllib.request.urlopen(url, timeout=TIMEOUT_S) as reply,
                partial.open("wb") as f,
            ):
                shutil.copyfileobj(reply, f)
            if not trained.digest(partial).startswith(expected):
                raise NoData(f"{where}; what {url} sent is damaged", mend=mend)
            partial.replace(path)
    except (OSError, http.client.HTTPException) as problem:
        raise NoData(f"{where}; the download failed: {problem}", mend=mend) from problem
