"""What protocols on masked images refuse of what they are asked."""

from __future__ import annotations

from collections.abc import Mapping

from ncabench.nca.metric import Metric
from ncabench.nca.model import Automaton, Model
from ncabench.nca.task import Task
from ncabench.nca.task.denoising import Denoising


def fitting(model: Model, task: Task, *, by: str) -> tuple[Automaton, Denoising]:
    """Return what is stepped and what of.

    Args:
        model: the suite's.
        task: likewise.
        by: what is measured, as messages name it.

    Raises:
        TypeError: the model is no automaton, or the task has no masks.
    """
    if not isinstance(model, Automaton):
        raise TypeError(f"{by} needs an automaton, not {type(model).__name__}")
    if not isinstance(task, Denoising):
        raise TypeError(f"{by} needs a task of masks, not {type(task).__name__}")
    return model, task


def insist(**least: tuple[int | None, int]) -> None:
    """Refuse numbers that are too small; None is none of them.

    >>> insist(settle=(64, 1), rest=(0, 1))
    Traceback (most recent call last):
    ValueError: rest must be at least 1, not 0
    """
    for name, (value, minimum) in least.items():
        if value is not None and value < minimum:
            raise ValueError(f"{name} must be at least {minimum}, not {value}")


def refuse_own(metrics: Mapping[str, Metric], *, measures: tuple[str, ...], by: str) -> None:
    """Refuse metrics that are called like what a protocol measures itself.

    Raises:
        ValueError: there is one.

    >>> from ncabench.nca.metric.mse import MSE
    >>> refuse_own({"states": MSE()}, measures=("states",), by="unseen_masks")
    Traceback (most recent call last):
    ValueError: metric.states: unseen_masks itself measures the states
    """
    for name in measures:
        if name in metrics:
            raise ValueError(f"metric.{name}: {by} itself measures the {name}")
