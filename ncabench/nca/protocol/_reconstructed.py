"""What is left of targets on a model's own grid: how good its answers can be."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from statistics import fmean

from torch import Tensor

from ncabench.nca.metric import Metric
from ncabench.nca.model import Automaton
from ncabench.nca.task import Task


def reconstructed(
    model: Automaton,
    task: Task,
    metrics: Mapping[str, Metric],
    *,
    labels: Tensor,
    batch: int,
) -> dict[str, float]:
    """Return ``NAME/reconstruction`` of each metric, and ``protocol/codes_used``.

    The codes are those that all targets need together. Empty for a model on its task's own
    grid, on which nothing is lost.

    Args:
        model: the automaton.
        task: gives the targets.
        metrics: by name.
        labels: ``(B,)``, of the targets.
        batch: targets encoded together.
    """
    scores: dict[str, list[float]] = {name: [] for name in metrics}
    codes: set[int] = set()
    for first in range(0, len(labels), batch):
        targets = task.target(labels[first : first + batch])
        images = model.reconstruct(targets)
        if images is None:
            return {}
        for name, metric in metrics.items():
            scores[name] += metric(images, targets).tolist()
        numbers = model.codes(targets)
        if numbers is not None:
            codes.update(numbers.flatten().tolist())
    means = {f"{name}/reconstruction": fmean(each) for name, each in scores.items()}
    values = {name: mean for name, mean in means.items() if isfinite(mean)}
    return {**values, "protocol/codes_used": float(len(codes))} if codes else values
