"""What one-pass baselines are trained on: an image to be made whole, and what it should be."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation.random_disc import RandomDisc
from ncabench.nca.task import Task


@dataclass(frozen=True, kw_only=True)
class RepairBatch:
    """Images, what they are told, and what they should become.

    Attributes:
        image: ``(B, visible, H, W)``; of a classification ``(B, frozen, H, W)``.
        condition: ``(B, K)``, or None.
        target: ``(B, visible, H, W)``; of a classification ``(B, classes, H, W)``.
    """

    image: Tensor
    condition: Tensor | None
    target: Tensor


def repair_batch(
    task: Task, draws: Draws, *, samples: Tensor, damage: RandomDisc
) -> RepairBatch:
    """Return a batch of seeds, damaged targets and targets of another class, drawn evenly.

    Another class is any but the sample's own; with a single class there are only seeds and
    damaged targets. A classification, where nothing is visible, has nothing to mend: its
    batch is intact images and what they should be classified as.

    Source: ours (the paper publishes no recipe for its baselines): the three kinds of input
    that an automaton meets in the recovery protocol.
    """
    labels = task.training_labels(samples, draws=draws)
    if not task.layout.visible:
        image, target = task.image(labels), task.lesson(labels)
        return RepairBatch(image=image, condition=task.condition(labels), target=target)
    kinds = draws.integers(
        "train/input", low=0, high=3 if task.classes > 1 else 2, samples=samples
    )
    target = task.lesson(labels)
    start = task.seed_state(labels, samples=samples, draws=draws)
    seed = start[:, task.layout.visible_slice]
    damaged, _ = damage(target, samples=samples, draws=draws)
    others = [seed, damaged]
    if task.classes > 1:
        shift = draws.integers("train/other", low=1, high=task.classes, samples=samples)
        others.append(task.target((labels + shift) % task.classes))
    stacked = torch.stack(others)  # (kinds, B, visible, H, W)
    image = stacked[kinds, torch.arange(len(samples), device=samples.device)]
    return RepairBatch(image=image, condition=task.condition(labels), target=target)
