"""What protocols have in common: which cases they test, and what they make of the scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import inf, isfinite
from statistics import fmean

import torch
from torch import Tensor, nn

from ncabench.nca.metric import Metric
from ncabench.nca.model import Model
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.task import Task

Pair = tuple[int, int]
Scores = dict[str, list[float]]  # quantity: one score for each sample

NOTHING = 1e-12
FILMS = 5


def cases(perturbation: Perturbation, *, classes: int, rollouts: int) -> list[Pair]:
    """Return (class before, class after) of each sample; pairs take turns.

    Raises:
        ValueError: ``rollouts`` does not give each pair as many samples.

    >>> from ncabench.nca.perturbation.none import Unperturbed
    >>> cases(Unperturbed(), classes=2, rollouts=4)
    [(0, 0), (1, 1), (0, 0), (1, 1)]
    """
    pairs = perturbation.pairs(classes)
    each, left = divmod(rollouts, len(pairs))
    if rollouts < 1 or left:
        fitting = sorted({max(each, 1) * len(pairs), (max(each, 1) + 1) * len(pairs)})
        raise ValueError(
            f"rollouts must be a multiple of the {len(pairs)} cases to test, "
            f"such as {fitting[0]} or {fitting[1]}, not {rollouts}"
        )
    return pairs * each


def films(pairs: Sequence[Pair], *, distinct: int) -> dict[int, str]:
    """Return which samples to show, up to five pairs evenly spaced, and their names.

    >>> films([(0, 0), (1, 1), (0, 0), (1, 1)], distinct=2)
    {0: 'class_0', 1: 'class_1'}
    """
    count = min(FILMS, distinct)
    shown = [index * distinct // count for index in range(count)]
    return {sample: _film(*pairs[sample]) for sample in shown}


def _film(old: int, new: int) -> str:
    return f"class_{old}" if old == new else f"class_{old}_to_{new}"


def recovery(*, before: float, damaged: float, final: float) -> float | None:
    """Return how much of the damage was made good, in percent; None where there was none.

    Source: NCAtorch, equation 3. It holds for any metric, since its direction cancels.

    >>> recovery(before=0.1, damaged=0.5, final=0.2)
    75.0
    """
    damage = damaged - before
    if not NOTHING <= abs(damage) < inf:
        return None
    return 100 * (damaged - final) / damage


def summarise(name: str, scores: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the means over samples, and recovery from them.

    ``recovery`` is that of the means, unclipped; ``recovery_clipped`` is the mean over the
    samples that were changed at all of their own recovery, at most 100. What is not finite
    or not defined is left out.
    """
    means = {quantity: fmean(each) for quantity, each in scores.items()}
    values: dict[str, float | None] = dict(means)
    stages = ("before", "damaged", "final")
    values["recovery"] = recovery(**{stage: means[stage] for stage in stages})
    rows = zip(*(scores[stage] for stage in stages), strict=True)
    ratios = (recovery(before=b, damaged=d, final=f) for b, d, f in rows)
    clipped = [min(ratio, 100.0) for ratio in ratios if ratio is not None]
    values["recovery_clipped"] = fmean(clipped) if clipped else None
    return {
        f"{name}/{quantity}": value
        for quantity, value in values.items()
        if value is not None and isfinite(value)
    }


def empty(metrics: Mapping[str, Metric], task: Task, pairs: Sequence[Pair]) -> dict[str, float]:
    """Return ``NAME/empty`` of each metric: an all-zero image against the classes before.

    A trained model should be far from it; a dead one scores exactly that.
    """
    old, _ = labels(sorted(set(pairs)), task)
    targets = task.target(old)
    means = {
        name: metric(torch.zeros_like(targets), targets).mean().item()
        for name, metric in metrics.items()
    }
    return {f"{name}/empty": mean for name, mean in means.items() if isfinite(mean)}


def kept(name: str, scores: Mapping[str, Sequence[float]]) -> Scores:
    """Return the scores behind the values, named as they are; not finite ones left out."""
    return {
        f"{name}/{quantity}": list(each)
        for quantity, each in scores.items()
        if all(isfinite(score) for score in each)
    }


def labels(pairs: Sequence[Pair], task: Task) -> tuple[Tensor, Tensor]:
    """Return the classes before and after, each ``(B,)``, on the task's device."""
    both = torch.tensor(pairs, device=task.seed_state(1).device)
    return both[:, 0], both[:, 1]


@contextmanager
def evaluating(model: Model) -> Iterator[None]:
    """Switch ``model`` to evaluation without gradients, and back as it was."""
    training: list[tuple[nn.Module, bool]] = [(one, one.training) for one in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, was in training:
            module.training = was
