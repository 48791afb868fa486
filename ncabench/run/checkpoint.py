"""Saves a training so that it can go on where it was cut off."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch

from ncabench.errors import RecordError
from ncabench.run.outcome import write_whole

NAME = "checkpoint.pt"
SHARE = 0.005  # of a training's time may go into saving


class Rhythm:
    """Says when the next checkpoint is due.

    It is due ``least_s`` after the last one, or later: so late that saving, which took some
    seconds the last time, takes no more than ``share`` of the time.

    Args:
        least_s: seconds from one checkpoint to the next, at least.
        now: the time, in seconds of any clock.
        share: of the time that may go into saving.

    >>> rhythm = Rhythm(least_s=60.0, now=0.0)
    >>> rhythm.due(60.0), rhythm.due(60.1)
    (False, True)
    >>> rhythm.saved(began=61.0, ended=63.0)  # 2 s, so not again within 400 s
    >>> rhythm.due(463.0), rhythm.due(463.1)
    (False, True)
    """

    def __init__(self, *, least_s: float, now: float, share: float = SHARE) -> None:
        self.least_s = self.wait_s = least_s
        self.share = share
        self.last = now
        self.saving_s = 0.0

    def due(self, now: float) -> bool:
        """Tell whether to save now."""
        return now - self.last > self.wait_s

    def saved(self, *, began: float, ended: float) -> None:
        """Take note of what a checkpoint cost."""
        self.last = ended
        self.saving_s += ended - began
        self.wait_s = max(self.least_s, (ended - began) / self.share)


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
