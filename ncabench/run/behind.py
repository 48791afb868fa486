"""The weights that the trainings behind an entry left."""

from __future__ import annotations

from safetensors.torch import load_file
from torch import Tensor

from ncabench.errors import RecordError
from ncabench.run.job import Job

WEIGHTS = "weights.safetensors"


def weights(job: Job, name: str) -> dict[str, Tensor]:
    """Return the weights of one of the trainings behind an entry, on its device.

    Args:
        job: the entry.
        name: what the training is to it: ``"training"`` or ``"donor"``.

    Raises:
        RecordError: none is named, or its weights are missing.
    """
    place = job.behind.get(name)
    if place is None:
        raise RecordError(f"{job.role} {job.id}: no {name} is named")
    path = place / WEIGHTS
    try:
        return load_file(path, device=job.device)
    except FileNotFoundError as error:
        raise RecordError(
            f"{path}: the {name}'s weights are missing (a bundle may leave them behind); "
            "import one that has them, or delete the training's folder to run it again"
        ) from error
