"""How good an answer is, step after step of a rollout that nothing disturbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from statistics import fmean

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Automaton, Model
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Measured, Protocol
from ncabench.nca.protocol._cases import Cases, Scores, cases, evaluating, kept, tested
from ncabench.nca.protocol._reconstructed import reconstructed
from ncabench.nca.protocol._rollouts import Plan, Rollouts, curve
from ncabench.nca.protocol._unperturbed import refuse
from ncabench.nca.task import Task


class Quality(Protocol):
    """Rolls an automaton out from the seed, and scores its states along the way.

    ``state_t`` is the state after t updates. For each metric NAME the values, means over
    samples, are:

    - ``NAME/start``: of the seed state;
    - ``NAME/step_T``: of ``state_T``, for each T of ``steps``;
    - ``NAME/window``: mean over the steps of ``window``, both ends included;
    - ``NAME/empty``: of an all-zero image, for comparison;
    - ``NAME/reconstruction``: of an automaton on a latent grid, the target encoded and decoded;
      ``protocol/codes_used``: how many codes all targets need.

    The curve ``NAME`` runs from the seed to the last of all these steps. Samples take the
    classes in turn, and of each class the task's tests in their order. The first of them have
    filmstrips, and beside each the target. Fire masks and noise depend on the sample's number
    alone, so every model meets the same ones, and ``batch`` changes no draw. A value that is
    not finite is left out, as is its sample list.

    Source: NCAtorch, section 3.1.3 and figure 7 (LPIPS over time); the number of samples and
    the steps it does not say.

    Args:
        steps: updates after which there is a value.
        window: first and last step of the mean.
        rollouts: samples, a multiple of the task's classes.
        batch: samples rolled out together.
        curve_every: steps between the points of a curve, which has every other measured
            step besides.
        films: samples that have a filmstrip.
        frames: times of a filmstrip, evenly spaced from the seed to the end.

    Raises:
        ValueError: steps or window are empty or negative, or a number is too small; when
            called, ``rollouts`` is no multiple of the classes, or something is to be perturbed.
        TypeError: when called, ``model`` is no automaton.

    >>> Quality(steps=())
    Traceback (most recent call last):
    ValueError: steps must be one or more, each at least 0, not []
    """

    def __init__(
        self,
        *,
        steps: tuple[int, ...] = (24, 48),
        window: tuple[int, int] = (20, 24),
        rollouts: int = 100,
        batch: int = 50,
        curve_every: int = 1,
        films: int = 5,
        frames: int = 12,
    ) -> None:
        if not steps or min(steps) < 0:
            raise ValueError(f"steps must be one or more, each at least 0, not {list(steps)}")
        if not 0 <= window[0] <= window[1]:
            raise ValueError(f"window must be 0 <= first <= last, not {list(window)}")
        least = {
            "rollouts": (rollouts, 1),
            "batch": (batch, 1),
            "curve_every": (curve_every, 1),
        }
        for name, (value, minimum) in {
            **least,
            "films": (films, 0),
            "frames": (frames, 2),
        }.items():
            if value < minimum:
                raise ValueError(f"{name} must be at least {minimum}, not {value}")
        self.steps, self.window = tuple(steps), (window[0], window[1])
        self.rollouts, self.batch, self.curve_every = rollouts, batch, curve_every
        self.films, self.frames = films, frames

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
            raise TypeError(f"quality needs an automaton, not {type(model).__name__}")
        refuse(perturbation, by="quality")
        every = tested(cases(perturbation, classes=task.classes, rollouts=self.rollouts), task)
        rollouts = Rollouts(model, task, metrics=metrics, draws=draws, plan=self._plan())
        blank: dict[str, list[float]] = {name: [] for name in metrics}
        with evaluating(model):
            for batch in every.split(self.batch):
                rollouts.grow(batch)
                target = task.target(batch.old)
                for name, metric in metrics.items():
                    blank[name] += metric(torch.zeros_like(target), target).tolist()
            measured = self._measured(
                rollouts, blank=blank, truth=_truth(task, every, self.films)
            )
            measured.values.update(
                reconstructed(model, task, metrics, labels=every.old, batch=self.batch)
            )
        return measured

    def _plan(self) -> Plan:
        end = max(*self.steps, self.window[1])
        marks = {0, end, *self.steps, *range(self.window[0], self.window[1] + 1)}
        return Plan(
            perturb_at=end,
            end=end,
            measured=frozenset({*marks, *range(0, end, self.curve_every)}),
            pictured=frozenset(round(k * end / (self.frames - 1)) for k in range(self.frames)),
            shown=frozenset(range(min(self.films, self.rollouts))),
        )

    def _measured(
        self, rollouts: Rollouts, *, blank: Mapping[str, Sequence[float]], truth: Tensor
    ) -> Measured:
        measured = Measured(values={})
        for name, scores in rollouts.scores.items():
            window = [scores[t, False] for t in range(self.window[0], self.window[1] + 1)]
            quantities: Scores = {
                "start": scores[0, False],
                **{f"step_{t}": scores[t, False] for t in self.steps},
                "window": [fmean(each) for each in zip(*window, strict=True)],
                "empty": list(blank[name]),
            }
            means = {f"{name}/{what}": fmean(each) for what, each in quantities.items()}
            measured.values.update({key: one for key, one in means.items() if isfinite(one)})
            measured.samples.update(kept(name, quantities))
            measured.curves[name] = curve(scores)
        for sample, seen in rollouts.frames.items():
            frames = sorted(seen.items(), key=lambda item: item[0])
            measured.frames[f"image_{sample}"] = torch.stack([frame for _, frame in frames])
            measured.frame_steps[f"image_{sample}"] = [step for (step, _), _ in frames]
            measured.frames[f"image_{sample}_target"] = truth[sample : sample + 1]
            measured.frame_steps[f"image_{sample}_target"] = [rollouts.plan.end]
        return measured


def _truth(task: Task, every: Cases, count: int) -> Tensor:
    """Return the pictures of the first targets, on the CPU."""
    labels, layout = every.old[:count], task.layout
    target = task.target(labels)
    shape = (len(labels), layout.channels, layout.height, layout.width)
    state = target.new_zeros(shape)
    state[:, layout.answer_slice] = target
    state[:, : layout.frozen] = task.image(labels)[:, : layout.frozen]
    return task.picture(state).float().cpu()
