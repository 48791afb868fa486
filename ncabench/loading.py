"""Gives a trained model back: what a user of the package calls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ncabench.run.loading import Trained


def load(
    id: str,
    *,
    results: str | Path = "results",
    device: str = "cpu",
    data: str | Path | None = None,
) -> Trained:
    """Return a trained model, its task and its record.

    Args:
        id: of a training or of an evaluation of one, or the id's beginning. Where several
            devices have trained it, the training that ended well last is taken.
        results: the results folder.
        device: where the model is put, as torch names it.
        data: the folder of data sets.

    Raises:
        RecordError: no record, or several, have such an id; it trains nothing; its weights
            are not here, or are not those of the record.
        NoData: the training's data is not on this machine.
    """
    from ncabench.run import loading  # with torch, which takes seconds to load

    root = None if data is None else Path(data)
    return loading.load(id, results=Path(results), device=device, data_root=root)
