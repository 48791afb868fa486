"""Make test images whole of which patches are masked, each under one configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from statistics import fmean

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Model, OnePass
from ncabench.nca.once import as_automaton
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Measured, Protocol
from ncabench.nca.protocol._asked import insist
from ncabench.nca.protocol._cases import Scores, evaluating
from ncabench.nca.protocol._masked import Masked, given_and_true, whole_batches
from ncabench.nca.protocol._rollouts import Moment, Rollouts, curve, to_the_answer
from ncabench.nca.protocol._unperturbed import refuse
from ncabench.nca.task import Task
from ncabench.nca.task import _masking as masking
from ncabench.nca.task.denoising import Denoising as DenoisingTask


class Denoising(Protocol):
    """Rolls a model out from the masked images of the test split, in their order.

    Metrics see whole batches, each under one configuration, and images that are clipped to
    [0, 1]; a metric of a batch may so give all its images one value. What is left of a batch
    at the end of the split is not looked at. For each metric NAME the values are

    - ``NAME/answer``: of the state after ``steps`` updates, the mean over all images;
    - ``NAME/coverage_C_patch_P``: likewise, over those with C percent coverage by patches of
      P px, for each configuration that is met;
    - ``NAME/input``: of the masked image itself.

    The curve ``NAME`` goes over the steps of an automaton, and the first images alone. The
    first of them have filmstrips, and beside each the masked and the true image. A model of
    one pass answers once, and has no curve.

    Masks and what fires depend on the image's number alone, so every model meets the same
    ones.

    Source: ViTCA, section 4.1 and its appendix; its code for the batches, whose size, the
    task's, is part of what is measured. Values for each configuration are ncabench's.

    Args:
        steps: updates until the answer, of an automaton.
        images: the first so many are tested on, and no part of a batch; None takes all.
        curve_images: the first so many are followed over the steps, likewise in whole
            batches; 0 for none.
        curve_every: steps between the points of a curve, which has its ends besides.
        frames: times of a filmstrip, evenly spaced from the first state to the answer.
        films: images that have a filmstrip.

    Raises:
        ValueError: a number is too small; when called, something is to be perturbed, or
            there is no whole batch of images.
        TypeError: when called, the task has no masks.

    >>> Denoising(steps=0)
    Traceback (most recent call last):
    ValueError: steps must be at least 1, not 0
    """

    version = 1
    whole_batches = True

    def __init__(
        self,
        *,
        steps: int = 64,
        images: int | None = None,
        curve_images: int = 320,
        curve_every: int = 1,
        frames: int = 9,
        films: int = 4,
    ) -> None:
        insist(
            steps=(steps, 1),
            images=(images, 1),
            curve_images=(curve_images, 0),
            curve_every=(curve_every, 1),
            frames=(frames, 2),
            films=(films, 0),
        )
        self.steps, self.images = steps, images
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
        if not isinstance(task, DenoisingTask):
            raise TypeError(f"denoising needs a task of masks, not {type(task).__name__}")
        refuse(perturbation, by="denoising")
        once, whole = isinstance(model, OnePass), whole_batches(task, images=self.images)
        stepped = as_automaton(model, task.layout)
        steps = 1 if once else self.steps
        followed = 0 if once else self.curve_images // task.batch * task.batch
        near, far = (
            Rollouts(stepped, task, metrics=metrics, draws=draws, plan=plan)
            for plan in (
                to_the_answer(steps, every=every, frames=self.frames, films=self.films)
                for every in (self.curve_every, None)
            )
        )
        scores, pairs = Scores(), dict[int, Tensor]()
        with evaluating(model):
            for part in whole.split(task.batch):
                first = int(part.samples[0])
                batch = Masked(near if first < followed else far, part)
                _extend(scores, "input", batch.scores(task.masked(part.old)))
                batch.run(
                    task.seed_state(part.old, samples=part.samples, draws=draws), steps=steps
                )
                pairs |= given_and_true(task, part, films=self.films)
        for record in (near, far):  # the order of the images
            answers = {name: one.get((steps, False), []) for name, one in record.scores.items()}
            _extend(scores, "answer", answers)
        measured = _measured(scores, task.configurations(whole.old).tolist())
        if followed:
            measured.curves.update({name: curve(one) for name, one in near.scores.items()})
        frames = {number: near.frames[number] | far.frames[number] for number in near.frames}
        self._show(measured, frames, pairs, steps=steps)
        return measured

    def _show(
        self,
        measured: Measured,
        frames: Mapping[int, Mapping[Moment, Tensor]],
        pairs: Mapping[int, Tensor],
        *,
        steps: int,
    ) -> None:
        for number, moments in frames.items():
            seen = sorted(moments.items(), key=lambda item: item[0])
            if not seen:
                continue
            film = f"image_{number}"
            measured.frames[film] = torch.stack([frame for _, frame in seen])
            measured.frame_steps[film] = [step for (step, _), _ in seen]
        for number, pair in pairs.items():
            film = f"image_{number}_given_and_true"
            measured.frames[film] = pair
            measured.frame_steps[film] = [0, steps]


def _extend(scores: Scores, quantity: str, found: Mapping[str, Sequence[float]]) -> None:
    for name, each in found.items():
        scores.setdefault(f"{name}/{quantity}", []).extend(each)


def _measured(scores: Scores, configurations: Sequence[int]) -> Measured:
    """Return the means of scores, those of answers for each configuration besides."""
    means = {name: fmean(each) for name, each in scores.items()}
    for name, each in scores.items():
        metric, quantity = name.rsplit("/", 1)
        for one in sorted(set(configurations)) if quantity == "answer" else ():
            some = [
                value for value, own in zip(each, configurations, strict=True) if own == one
            ]
            means[f"{metric}/{masking.name(one)}"] = fmean(some)
    return Measured(
        values={name: mean for name, mean in means.items() if isfinite(mean)},
        samples={name: each for name, each in scores.items() if all(map(isfinite, each))},
    )
