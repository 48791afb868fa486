"""What protocols have in common: which cases they test, and what they make of the scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
        ValueError: ``rollouts`` does not give each pair as many samples, or the perturbation
            changes inputs, which is no matter of classes.

    >>> from ncabench.nca.perturbation.none import Unperturbed
    >>> cases(Unperturbed(), classes=2, rollouts=4)
    [(0, 0), (1, 1), (0, 0), (1, 1)]
    """
    if "inputs" in perturbation.needs:
        raise ValueError(
            f"{type(perturbation).__name__} changes the inputs of a batch, which only the "
            "protocol resilience follows"
        )
    pairs = perturbation.pairs(classes)
    each, left = divmod(rollouts, len(pairs))
    if rollouts < 1 or left:
        fitting = sorted({max(each, 1) * len(pairs), (max(each, 1) + 1) * len(pairs)})
        raise ValueError(
            f"rollouts must be a multiple of the {len(pairs)} cases to test, "
            f"such as {fitting[0]} or {fitting[1]}, not {rollouts}"
        )
    return pairs * each


@dataclass(frozen=True, kw_only=True)
class Cases:
    """What samples are about; all on the task's device.

    Attributes:
        samples: ``(B,)``, the samples' numbers.
        old: ``(B,)``, labels before the perturbation.
        new: ``(B,)``, labels after it.
    """

    samples: Tensor
    old: Tensor
    new: Tensor

    def split(self, batch: int) -> Iterator[Cases]:
        """Yield the samples in batches of at most that many."""
        for first in range(0, len(self.samples), batch):
            part = slice(first, first + batch)
            yield Cases(samples=self.samples[part], old=self.old[part], new=self.new[part])


def tested(pairs: Sequence[Pair], task: Task) -> Cases:
    """Return what to test for pairs of classes, one sample for each, numbered from 0."""
    old, new = zip(*pairs, strict=True)
    return Cases(
        samples=torch.arange(len(pairs), device=task.device),
        old=_labels(old, task),
        new=_labels(new, task),
    )


def _labels(classes: Sequence[int], task: Task) -> Tensor:
    met: Counter[int] = Counter()
    turns = []
    for one in classes:
        turns.append(met[one])
        met[one] += 1
    both = torch.tensor([classes, turns], device=task.device)
    return task.test_labels(both[0], turns=both[1])


def under(image: Tensor, state: Tensor, *, frozen: int) -> Tensor:
    """Return ``state`` with the frozen channels of ``image``, which lead both."""
    if not frozen:
        return state
    return torch.cat([image[:, :frozen], state[:, frozen:]], dim=1)


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
    targets = task.target(tested(sorted(set(pairs)), task).old)
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
