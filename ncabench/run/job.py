"""What a worker process is told; imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
        donor: folder of another training, that an evaluation takes part of or a training
            begins with.
        device: ``"cpu"`` or ``"cuda:0"``.
        device_class: ``"cpu"`` or the GPU's name, in lower case with dashes.
        engine: the engine that the request resolved to.
        requested: the engine that was asked for.
        why: the reason for the one that runs.
        warnings: what the record should say of it.
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
    donor: Path | None = None
    device: str
    device_class: str
    engine: str
    requested: str = "auto"
    why: str = ""
    warnings: tuple[str, ...] = ()
    data_root: Path | None = None
    sources: Mapping[str, str]
    timeout_s: float | None = None
    checkpoint_s: float = 60.0
    log_every: int = 50

    @property
    def behind(self) -> dict[str, Path]:
        """The folders of the trainings that must have ended well, by what they are to it."""
        found = {"training": self.training, "donor": self.donor}
        return {name: place for name, place in found.items() if place is not None}

    @property
    def asked(self) -> dict[str, str]:
        """The engine that was asked for, the one that runs, and why; for the record."""
        return {"requested": self.requested, "resolved": self.engine, "why": self.why}

    def under(self, engine: str, *, why: str, sources: Mapping[str, str]) -> Job:
        """Return the same entry under another engine, which has a folder of its own.

        Args:
            engine: its name.
            why: what kept the entry from the engine that it had.
            sources: digests of what then decides the numbers.
        """
        return replace(
            self,
            engine=engine,
            folder=self.folder.with_name(f"{self.device_class}-{engine}"),
            why=why,
            warnings=(*self.warnings, f"{self.requested}: {engine}, because {why}"),
            sources=sources,
        )

    @property
    def name(self) -> str:
        """How progress lines name the entry: what distinguishes it, then its id."""
        first = self.labels[0] if self.labels else {}
        unsaid = ("perturbation", "protocol") if self.role == "training" else ()
        words = [str(value) for axis, value in first.items() if axis not in unsaid]
        return f"{self.role} {' '.join(words)} [{self.id}]"
