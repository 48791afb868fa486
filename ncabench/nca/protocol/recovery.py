"""Grow, perturb, watch: how much of a perturbation an automaton makes good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

import torch

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Automaton, Model
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Measured, Protocol
from ncabench.nca.protocol._cases import (
    Scores,
    cases,
    empty,
    evaluating,
    films,
    kept,
    summarise,
    tested,
)
from ncabench.nca.protocol._reconstructed import reconstructed
from ncabench.nca.protocol._rollouts import Moment, Plan, Rollouts, curve, film_times
from ncabench.nca.task import Task


class Recovery(Protocol):
    """Rolls an automaton out from the seed, perturbs it once, and follows it on.

    ``state_t`` is the state after t updates. For each metric NAME the values are:

    - ``NAME/stage_1``: mean over the steps of ``stage_1``, both ends included;
    - ``NAME/before``: of ``state_perturb_at``, against the class before;
    - ``NAME/damaged``: of the perturbed state, not yet updated, against the class after;
    - ``NAME/after_one``: one update later;
    - ``NAME/final``: ``horizon`` updates later;
    - ``NAME/empty``: of an all-zero image against the class before, for comparison;
    - ``NAME/recovery``: ``100 * (final - damaged) / (before - damaged)`` of the means over
      samples, unclipped; absent where damaged equals before;
    - ``NAME/recovery_clipped``: the mean of the samples' own ratios, each at most 100;
    - ``NAME/reconstruction``: of an automaton on a latent grid, the target encoded and decoded,
      which its answers can hardly surpass; ``protocol/codes_used``: how many codes all
      targets need.

    Where channels are frozen they are the image of what a sample is about: at the perturbation
    that of the class after is put under the state, whose other channels go on as they are.

    Samples take the perturbation's pairs of classes in turn. Their fire masks, noise and
    perturbations depend on the sample's number alone, so every model meets the same ones, and
    ``batch`` changes no draw. A value that is not finite is left out, as is its sample list;
    a curve leaves out the steps where it is not.

    Source: NCAtorch, section 3.1.2 and equation 3; table 1's stages. Which state counts as
    before and as damaged, and the number of samples, the paper leaves open; the choices here
    are ncabench's.

    Args:
        perturb_at: updates before the perturbation.
        horizon: updates after it.
        stage_1: first and last step of the first stage.
        rollouts: samples, a multiple of the perturbation's pairs.
        batch: samples rolled out together.
        curve_every: steps between the points of a curve, which has every other measured
            step besides.
        frames: times of a filmstrip, evenly spaced from the seed to the end; the states right
            before and after the perturbation are shown besides.

    Raises:
        ValueError: ``stage_1`` or ``curve_every`` does not fit before the perturbation, or a
            number is too small; when called, ``rollouts`` is no multiple of the pairs.
        TypeError: when called, ``model`` is no automaton.

    >>> Recovery(perturb_at=50)
    Traceback (most recent call last):
    ValueError: stage_1 must be 0 <= first <= last <= perturb_at, not (64, 96) for 50
    """

    def __init__(
        self,
        *,
        perturb_at: int = 149,
        horizon: int = 300,
        stage_1: tuple[int, int] = (64, 96),
        rollouts: int = 80,
        batch: int = 16,
        curve_every: int = 1,
        frames: int = 12,
    ) -> None:
        if not 0 <= stage_1[0] <= stage_1[1] <= perturb_at:
            raise ValueError(
                "stage_1 must be 0 <= first <= last <= perturb_at, "
                f"not {tuple(stage_1)} for {perturb_at}"
            )
        if not 1 <= curve_every <= max(perturb_at, 1):
            raise ValueError(
                f"curve_every must be from 1 to perturb_at, {perturb_at}, not {curve_every}"
            )
        least = {"horizon": (horizon, 1), "rollouts": (rollouts, 1), "batch": (batch, 1)}
        for name, (value, minimum) in {**least, "frames": (frames, 2)}.items():
            if value < minimum:
                raise ValueError(f"{name} must be at least {minimum}, not {value}")
        self.perturb_at = perturb_at
        self.horizon = horizon
        self.stage_1 = (stage_1[0], stage_1[1])
        self.rollouts = rollouts
        self.batch = batch
        self.curve_every = curve_every
        self.frames = frames

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
            raise TypeError(f"recovery needs an automaton, not {type(model).__name__}")
        pairs = cases(perturbation, classes=task.classes, rollouts=self.rollouts)
        shown = films(pairs, distinct=len(perturbation.pairs(task.classes)))
        plan = self._plan(frozenset(shown))
        rollouts = Rollouts(model, task, metrics=metrics, draws=draws, plan=plan)
        with evaluating(model):
            for batch in tested(pairs, task).split(self.batch):
                rollouts.run(perturbation, batch)
            measured = self._measured(rollouts, shown=shown)
            measured.values.update(empty(metrics, task, pairs))
            labels = tested([(one, one) for one in range(task.classes)], task).old
            measured.values.update(
                reconstructed(model, task, metrics, labels=labels, batch=self.batch)
            )
        return measured

    def _plan(self, shown: frozenset[int]) -> Plan:
        end = self.perturb_at + self.horizon
        marks = {0, self.perturb_at, self.perturb_at + 1, end}
        window = range(self.stage_1[0], self.stage_1[1] + 1)
        return Plan(
            perturb_at=self.perturb_at,
            end=end,
            measured=frozenset({*marks, *window, *range(0, end, self.curve_every)}),
            pictured=frozenset({*film_times(end, frames=self.frames), self.perturb_at}),
            shown=shown,
        )

    def _measured(self, rollouts: Rollouts, *, shown: Mapping[int, str]) -> Measured:
        measured = Measured(values={})
        for name, scores in rollouts.scores.items():
            quantities = self._quantities(scores)
            measured.values.update(summarise(name, quantities))
            measured.samples.update(kept(name, quantities))
            measured.curves[name] = curve(scores)
        for sample, film in shown.items():
            frames = sorted(rollouts.frames[sample].items(), key=lambda item: item[0])
            measured.frames[film] = torch.stack([frame for _, frame in frames])
            measured.frame_steps[film] = [step for (step, _), _ in frames]
        return measured

    def _quantities(self, scores: Mapping[Moment, Sequence[float]]) -> Scores:
        at, (first, last) = self.perturb_at, self.stage_1
        window = [scores[step, False] for step in range(first, last + 1)]
        return {
            "stage_1": [fmean(steps) for steps in zip(*window, strict=True)],
            "before": list(scores[at, False]),
            "damaged": list(scores[at, True]),
            "after_one": list(scores[at + 1, True]),
            "final": list(scores[at + self.horizon, True]),
        }
