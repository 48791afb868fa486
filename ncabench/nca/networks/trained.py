"""Weight files: where they lie, and whether they are what they should be."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import torch
from torch import Tensor

from ncabench.errors import NoData


def folder() -> Path:
    """Return where PyTorch keeps downloaded weights on this machine."""
    return Path(torch.hub.get_dir()) / "checkpoints"


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load(path: Path, *, expected: str, user: str, mend: str) -> dict[str, Tensor]:
    """Return the tensors of a weight file, on the CPU.

    Args:
        path: the file.
        expected: the first characters of its SHA-256, in hex.
        user: who needs it, for the message, such as ``"LPIPS (alex)"``.
        mend: the command that brings the file.

    Raises:
        NoData: the file cannot be read, or its digest is another.
    """
    try:
        found = digest(path)
        if not found.startswith(expected):
            raise NoData(
                f"{user}: {path} is damaged, its SHA-256 starts with "
                f"{found[: len(expected)]} and not with {expected}",
                mend=f"remove it, then {mend}",
            )
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as problem:
        raise NoData(f"{user}: {path} cannot be read ({problem})", mend=mend) from problem
    return {name: value for name, value in weights.items() if isinstance(value, Tensor)}
