"""Restore the corrupted images of the test split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from statistics import fmean

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Model, OnePass
from ncabench.nca.model._restoring import Restoring
from ncabench.nca.once import as_automaton
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Measured, Protocol
from ncabench.nca.protocol._asked import insist
from ncabench.nca.protocol._cases import Cases, Scores, evaluating
from ncabench.nca.protocol._rollouts import Rollouts, curve, to_the_answer
from ncabench.nca.protocol._unperturbed import refuse
from ncabench.nca.task import Task
from ncabench.nca.task.restoration import Restoration as RestorationTask


class Restoration(Protocol):
    """Rolls a model out from the corrupted images of the test split, in their order.

    Images are scored as they are, unclipped. For each metric NAME the values are

    - ``NAME/answer``: of the state after ``steps`` updates, the mean over all images;
    - ``NAME/input``: of the corrupted image itself, which a model that does nothing has;

    and of a model on a latent grid

    - ``NAME/reconstruction``: of the whole image, encoded and decoded;
    - ``NAME/oracle``: of the whole image's latent one, decoded with the skip connection of
      the corrupted image: what the automaton is trained to reach.

    The curve ``NAME`` goes over the steps of an automaton, and the first images alone. The
    first of them have filmstrips, and beside each the corrupted and the true image, and on a
    latent grid the oracle's. A model of one pass answers once, and has no curve.

    Corruptions and what fires depend on the image's number alone, so every model meets the
    same ones.

    Source: LNCA, "Training Procedure" (64 steps) and tables 1 and 2; that images are not
    clipped is its code's, which leaves out the images after the last whole batch. Inputs,
    reconstructions, oracles and curves are ncabench's.

    Args:
        steps: updates until the answer, of an automaton.
        images: the first so many are tested on; None takes all.
        batch: images at a time; no value depends on it.
        curve_images: the first so many are followed over the steps, in whole batches; 0 for
            none.
        curve_every: steps between the points of a curve, which has its ends besides.
        frames: times of a filmstrip, evenly spaced from the first state to the answer.
        films: images that have a filmstrip.

    Raises:
        ValueError: a number is too small; when called, something is to be perturbed.
        TypeError: when called, the task has no corrupted images.

    >>> Restoration(batch=0)
    Traceback (most recent call last):
    ValueError: batch must be at least 1, not 0
    """

    version = 1

    def __init__(
        self,
        *,
        steps: int = 64,
        images: int | None = None,
        batch: int = 64,
        curve_images: int = 256,
        curve_every: int = 4,
        frames: int = 9,
        films: int = 4,
    ) -> None:
        insist(
            steps=(steps, 1),
            images=(images, 1),
            batch=(batch, 1),
            curve_images=(curve_images, 0),
            curve_every=(curve_every, 1),
            frames=(frames, 2),
            films=(films, 0),
        )
        self.steps, self.images, self.batch = steps, images, batch
        self.curve_images, self.curve_every = curve_images, curve_every
        self.frames, self.films = frames, films

    def __call__(
        self,
        model: Model,
        task: Task,
        perturbation: Perturbation,
        metrics: Mapping[str, Metric],
        draws: Draws,
    ) -> Measured:
        """Measure ``model``; its weights, mode and device are left as they were.

        Raises:
            Diverged: a state stopped being finite; the message names the step.
        """
        if not isinstance(task, RestorationTask):
            raise TypeError(
                f"restoration needs a task of corrupted images, not {type(task).__name__}"
            )
        refuse(perturbation, by="restoration")
        once = isinstance(model, OnePass)
        stepped = as_automaton(model, task.layout)
        steps = 1 if once else self.steps
        followed = 0 if once else self.curve_images // self.batch * self.batch
        near, far = (
            Rollouts(stepped, task, metrics=metrics, draws=draws, plan=plan)
            for plan in (
                to_the_answer(steps, every=every, frames=self.frames, films=self.films)
                for every in (self.curve_every, None)
            )
        )
        scores, pictures = Scores(), dict[int, Tensor]()
        with evaluating(model):
            for part in _tests(task, images=self.images).split(self.batch):
                beside = _beside(model, task, part.old)
                true = task.target(part.old)
                for quantity, images in beside.items():
                    _extend(scores, quantity, images, true, metrics=metrics)
                (near if int(part.samples[0]) < followed else far).grow(part)
                pictures |= _pictures(part, beside, true, films=self.films)
        for name in metrics:  # the order of the images
            both = (record.scores[name].get((steps, False), []) for record in (near, far))
            scores[f"{name}/answer"] = [one for each in both for one in each]
        measured = _measured(scores)
        if followed:
            measured.curves.update({name: curve(one) for name, one in near.scores.items()})
        self._show(measured, near, far, pictures, steps=steps)
        return measured

    def _show(
        self,
        measured: Measured,
        near: Rollouts,
        far: Rollouts,
        pictures: Mapping[int, Tensor],
        *,
        steps: int,
    ) -> None:
        for number, still in pictures.items():
            seen = sorted({**near.frames[number], **far.frames[number]}.items(), key=_moment)
            film = f"image_{number}"
            measured.frames[film] = torch.stack([frame for _, frame in seen])
            measured.frame_steps[film] = [step for (step, _), _ in seen]
            measured.frames[f"{film}_given_and_true"] = still
            measured.frame_steps[f"{film}_given_and_true"] = [0, *[steps] * (len(still) - 1)]


def _moment(item: tuple[tuple[int, int], Tensor]) -> tuple[int, int]:
    return item[0]


def _tests(task: RestorationTask, *, images: int | None) -> Cases:
    """Return the first tests, each about an image of its own."""
    turns = torch.arange(min(task.tests, images or task.tests), device=task.device)
    labels = task.test_labels(torch.zeros_like(turns), turns=turns)
    return Cases(samples=turns, old=labels, new=labels)


def _beside(model: Model, task: RestorationTask, labels: Tensor) -> dict[str, Tensor]:
    """Return by quantity what answers are compared with, the input first; ``(B, V, H, W)``."""
    given = task.corrupted(labels)
    if not isinstance(model, Restoring):
        return {"input": given}
    true, coder = task.target(labels), model.autoencoder
    oracle = coder.join(coder.encode(true), coder.beside(given))
    return {"input": given, "reconstruction": model.reconstruct(true), "oracle": oracle}


def _pictures(
    part: Cases, beside: Mapping[str, Tensor], true: Tensor, *, films: int
) -> dict[int, Tensor]:
    """Return what is given, what is true and, where there is one, the oracle's answer.

    Returns:
        by the sample's number, ``(2 or 3, V, H, W)`` on the CPU, for the first ``films``.
    """
    shown = [beside["input"], true, *([beside["oracle"]] if "oracle" in beside else [])]
    rows = [row for row, number in enumerate(part.samples.tolist()) if number < films]
    stills = torch.stack([one[: len(rows)] for one in shown], dim=1).float().cpu()
    return {int(part.samples[row]): stills[row] for row in rows}


def _extend(
    scores: Scores,
    quantity: str,
    images: Tensor,
    true: Tensor,
    *,
    metrics: Mapping[str, Metric],
) -> None:
    for name, metric in metrics.items():
        scores.setdefault(f"{name}/{quantity}", []).extend(metric(images, true).tolist())


def _measured(scores: Mapping[str, Sequence[float]]) -> Measured:
    means = {name: fmean(each) for name, each in scores.items()}
    return Measured(
        values={name: mean for name, mean in means.items() if isfinite(mean)},
        samples={name: list(each) for name, each in scores.items() if all(map(isfinite, each))},
    )
