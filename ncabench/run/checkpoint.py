"""Saves a training so that it can go on where it was cut off."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch

from ncabench.errors import RecordError
from ncabench.run.outcome import write_whole

NAME = "checkpoint.pt"


def save(state: dict[str, Any], *, folder: Path) -> None:
    """Write the checkpoint, whole or not at all; the previous one stays until then.

    Raises:
        MachineError: the disk is full, or the folder cannot be written.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_whole(folder / NAME, buffer.getvalue())


def load(folder: Path, *, device: str) -> dict[str, Any] | None:
    """Return the checkpoint of a run folder, or None where there is none.

    Raises:
        RecordError: it is there and cannot be read.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        loaded: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch raises what its formats raise
        raise RecordError(f"{path}: is damaged ({error}); delete it to start anew") from error
    return loaded


def remove(folder: Path) -> None:
    """Delete the checkpoint of a finished training."""
    (folder / NAME).unlink(missing_ok=True)
