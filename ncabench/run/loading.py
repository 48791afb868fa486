"""Builds a model and its task anew, and gives it the weights that a training left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file

from ncabench import outside
from ncabench.errors import RecordError
from ncabench.nca.model import Model
from ncabench.nca.task import Task
from ncabench.plan import assemble
from ncabench.run import folder
from ncabench.run.behind import WEIGHTS
from ncabench.run.folder import latest, named
from ncabench.run.outcome import Record


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A model as a training left it.

    Attributes:
        model: with the trained weights, in evaluation mode.
        task: what it was trained on: seeds, targets, conditions.
        record: of the training.
    """

    model: Model
    task: Task
    record: Record


def load(id: str, *, results: Path, device: str, data_root: Path | None) -> Trained:
    """Return the model that a training left; arguments are those of `ncabench.load`.

    Raises:
        RecordError: no record, or several, have such an id; it trains nothing; its weights
            are not here, or are not those of the record.
        NoData: the training's data is not on this machine.
    """
    place, record = latest(named(id, results))
    if record.role == "evaluation" and record.spec["training_id"]:
        place, record = latest(named(str(record.spec["training_id"]), results))
    if record.role != "training":
        raise RecordError(f"{record.role} {record.id}: trains nothing, so it left no model")
    return _read(place, record, device=device, data_root=data_root)


def _read(place: Path, record: Record, *, device: str, data_root: Path | None) -> Trained:
    if WEIGHTS not in record.artifacts:
        how = f"{record.outcome}: {record.reason}" if record.reason else record.outcome
        raise RecordError(f"training {record.id}: left no weights ({how})")
    weights = place / WEIGHTS
    if not weights.exists():
        raise RecordError(
            f"{weights}: is not here (a bundle may leave weights behind); import one that has "
            "them, or delete the training's folder and run it again"
        )
    if folder.digests(place, [WEIGHTS])[WEIGHTS] != record.artifacts[WEIGHTS]:
        raise RecordError(f"{weights}: is not what its record says (SHA-256 differs)")
    outside.refuse_absent(record.spec, role=record.role, id=record.id)
    parts = assemble.assemble(record.spec, root=data_root)
    parts.model.load_state_dict(load_file(weights))
    return Trained(
        model=parts.model.to(device).eval(), task=parts.task.to(device), record=record
    )
