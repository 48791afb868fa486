"""What a worker process is told; imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ncabench.run.outcome import Role


@dataclass(frozen=True, kw_only=True)
class Job:
    """One entry, bound to a device and a folder.

    Attributes:
        role: training, evaluation or profile.
        id: the entry's id.
        spec: all that was asked.
        labels: the grid points that it serves.
        folder: where the worker writes.
        training: folder of the training that an evaluation tests.
        device: ``"cpu"`` or ``"cuda:0"``.
        device_class: ``"cpu"`` or the GPU's name, in lower case with dashes.
        engine: the engine that the request resolved to.
        data_root: where data sets are looked for first, or None.
        sources: digests of the source files that decide the numbers.
        timeout_s: seconds of one attempt, or None.
        checkpoint_s: seconds between checkpoints.
        log_every: iterations between lines of the training's log.
    """

    role: Role
    id: str
    spec: Mapping[str, Any]
    labels: tuple[Mapping[str, Any], ...]
    folder: Path
    training: Path | None = None
    device: str
    device_class: str
    engine: str
    data_root: Path | None = None
    sources: Mapping[str, str]
    timeout_s: float | None = None
    checkpoint_s: float = 60.0
    log_every: int = 50

    @property
    def name(self) -> str:
        """How progress lines name the entry: what distinguishes it, then its id."""
        first = self.labels[0] if self.labels else {}
        words = [str(value) for value in first.values()]
        if self.role == "training" and "perturbation" in first:
            words = [str(value) for axis, value in first.items() if axis != "perturbation"]
        return f"{self.role} {' '.join(words)} [{self.id}]"
