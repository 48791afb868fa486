"""Many images grown of each class: whether they are recognised, and how much they differ."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from statistics import fmean

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Automaton, Model
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Measured, Protocol
from ncabench.nca.protocol._cases import cases, empty, evaluating, tested
from ncabench.nca.protocol._grown import Assessment, Grown
from ncabench.nca.protocol._rollouts import Moment, Plan, Rollouts, curve
from ncabench.nca.protocol._unperturbed import refuse
from ncabench.nca.task import Task
from ncabench.nca.task.grow_digit import GrowDigit


class Generation(Protocol):
    """Rolls an automaton out from the seed of each class many times, and judges what grows.

    ``state_t`` is the state after t updates. Samples take the classes in turn, each with seed
    noise and fire masks of its own, and where a condition is told, that of another test image
    (the first of its class, the second, ...). What grows is judged as an image of the set: the
    mean of RGB, clamped to [0, 1], without padding. The values are:

    - ``accuracy/grown``, ``accuracy/later``: the share of samples, in %, in which a judge sees
      the class of the seed, at ``state_grown_at`` and ``state_later_at``;
    - ``accuracy/real``: the judge's own accuracy, on all test images of the set;
    - ``variance/grown``, ``variance/later``: of each pixel over the samples of a class (the
      unbiased estimate), averaged over pixels, then over classes;
    - ``variance/real``: the same of the test images, as many of each class as there are
      samples, or all where there are fewer;
    - ``NAME/grown``, ``NAME/later``: each metric against the test image that the sample is
      about; ``NAME/empty``: of an all-zero image.

    The judge is a small convolutional network that learns the training images of the same set
    for ``judge_iterations`` batches, on the CPU, within the evaluation; see
    ``ncabench.nca.networks.judge``. All models meet the same judge.

    Filmstrips: ``digits``, the classes one under another, from the seed on; ``samples``,
    several of each class at ``grown_at``; ``variance``, four times the variance of each pixel,
    so that white is the most that can be, at both times.

    Draws depend on the sample's number alone, and ``batch`` changes none. A metric's value
    that is not finite is left out. Behind a variance stands a list of classes, not of samples.

    Source: NCAtorch, section A.5 and figure 18 (accuracy of a classifier, heat maps of pixel
    variance); when, over how many samples and by which classifier it does not say.

    Args:
        grown_at: updates until the first look.
        later_at: updates until the last look.
        rollouts: samples, a multiple of the classes and two at least of each.
        batch: samples rolled out together.
        curve_every: steps between the points of a curve.
        frames: times of the filmstrip ``digits``, evenly spaced.
        columns: samples of each class in the filmstrip ``samples``.
        judge_iterations: batches of 100 images that the judge learns.

    Raises:
        ValueError: ``later_at`` is not after ``grown_at``, or a number is too small; when
            called, ``rollouts`` does not give each class its samples, something is to be
            perturbed, or a metric is called like what is measured here.
        TypeError: when called, ``model`` is no automaton, or the task is another.

    >>> Generation(grown_at=100, later_at=50)
    Traceback (most recent call last):
    ValueError: later_at must be above grown_at, 100, not 50
    """

    measures = ("accuracy", "variance")

    def __init__(
        self,
        *,
        grown_at: int = 62,
        later_at: int = 449,
        rollouts: int = 200,
        batch: int = 50,
        curve_every: int = 10,
        frames: int = 12,
        columns: int = 8,
        judge_iterations: int = 1000,
    ) -> None:
        if later_at <= grown_at:
            raise ValueError(f"later_at must be above grown_at, {grown_at}, not {later_at}")
        least = {"grown_at": (grown_at, 1), "rollouts": (rollouts, 2), "batch": (batch, 1)}
        least |= {"curve_every": (curve_every, 1), "frames": (frames, 2)}
        least |= {"columns": (columns, 1), "judge_iterations": (judge_iterations, 1)}
        for name, (value, minimum) in least.items():
            if value < minimum:
                raise ValueError(f"{name} must be at least {minimum}, not {value}")
        self.grown_at, self.later_at = grown_at, later_at
        self.rollouts, self.batch = rollouts, batch
        self.curve_every, self.frames, self.columns = curve_every, frames, columns
        self.judge_iterations = judge_iterations

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
        if not isinstance(model, Automaton):
            raise TypeError(f"generation needs an automaton, not {type(model).__name__}")
        if not isinstance(task, GrowDigit):
            raise TypeError(
                f"generation needs the task grow_digit, not one of {type(task).__name__}"
            )
        self._check(perturbation, metrics, classes=task.classes)
        pairs = cases(perturbation, classes=task.classes, rollouts=self.rollouts)
        plan = self._plan(shown=min(self.columns * task.classes, self.rollouts))
        grown = Grown(task)
        rollouts = Rollouts(
            model, task, metrics=metrics, draws=draws, plan=plan, observe=grown.see
        )
        with evaluating(model):
            for batch in tested(pairs, task).split(self.batch):
                rollouts.grow(batch)
            values = empty(metrics, task, pairs)
        assessment = grown.assessed(judge_iterations=self.judge_iterations, draws=draws)
        measured = Measured(values=values | assessment.real)
        own = {"accuracy": assessment.right, "variance": assessment.variance}
        for name, scores in (rollouts.scores | own).items():
            measured.curves[name] = curve(scores)
            self._add(measured, name, scores)
        self._add_frames(measured, rollouts, assessment, classes=task.classes)
        return measured

    def _check(
        self, perturbation: Perturbation, metrics: Mapping[str, Metric], *, classes: int
    ) -> None:
        refuse(perturbation, by="generation")
        for name in self.measures:
            if name in metrics:
                raise ValueError(f"metric.{name}: generation itself measures the {name}")
        if self.rollouts < 2 * classes:
            raise ValueError(
                f"rollouts must give each of {classes} classes two samples at least, "
                f"so {2 * classes}, not {self.rollouts}"
            )

    def _plan(self, *, shown: int) -> Plan:
        points = range(0, self.later_at, self.curve_every)
        last = self.frames - 1
        frames = {round(turn * self.later_at / last) for turn in range(self.frames)}
        return Plan(
            perturb_at=self.later_at,
            end=self.later_at,
            measured=frozenset({*points, self.grown_at, self.later_at}),
            pictured=frozenset({*frames, self.grown_at}),
            shown=frozenset(range(shown)),
        )

    def _add(self, measured: Measured, name: str, scores: Mapping[Moment, list[float]]) -> None:
        for when, step in (("grown", self.grown_at), ("later", self.later_at)):
            each = scores[step, False]
            if all(map(isfinite, each)):
                measured.values[f"{name}/{when}"] = fmean(each)
                measured.samples[f"{name}/{when}"] = each

    def _add_frames(
        self, measured: Measured, rollouts: Rollouts, assessment: Assessment, *, classes: int
    ) -> None:
        frames = rollouts.frames
        times = sorted(step for step, _ in frames[0])
        columns = len(frames) // classes

        def column(turn: int, step: int) -> Tensor:
            first = turn * classes
            every = [frames[first + one][step, False] for one in range(classes)]
            return torch.cat(every, dim=1)  # one under another

        both = [self.grown_at, self.later_at]
        strips = {
            "digits": ([column(0, step) for step in times], times),
            "samples": (
                [column(turn, self.grown_at) for turn in range(columns)],
                [self.grown_at] * columns,
            ),
            "variance": (
                [4 * assessment.maps[step, False].flatten(0, 1)[None] for step in both],
                both,
            ),
        }
        for film, (shown, steps) in strips.items():
            measured.frames[film] = torch.stack(shown)
            measured.frame_steps[film] = steps
