"""The rollouts of a recovery: stepping, perturbing, scoring and picturing them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import fmean, stdev

import torch
from torch import Tensor

from ncabench.errors import Diverged
from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Automaton
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Curve
from ncabench.nca.protocol._cases import Cases, under
from ncabench.nca.rollout import rollout
from ncabench.nca.task import Task

Moment = tuple[int, int]  # t, and how many perturbations are past; sorts by time
Observer = Callable[[Moment, Tensor], None]  # is shown answers (B, A, H, W), batch by batch
VALUES_AT_ONCE = 2**20  # random values drawn in one call, to bound memory


@dataclass(frozen=True, kw_only=True)
class Plan:
    """When things happen, in updates since the seed state.

    Attributes:
        perturb_at: t of the perturbation.
        end: t of the last state.
        measured: t of the states that metrics see; at ``perturb_at``, both of them.
        pictured: t of the states that filmstrips show; likewise.
        shown: samples that have a filmstrip.
    """

    perturb_at: int
    end: int
    measured: frozenset[int]
    pictured: frozenset[int]
    shown: frozenset[int]


def film_times(end: int, *, frames: int) -> frozenset[int]:
    """Return so many times, evenly spaced from 0 to the end, each rounded.

    >>> sorted(film_times(5, frames=3))
    [0, 2, 5]
    """
    return frozenset(round(turn * end / (frames - 1)) for turn in range(frames))


def to_the_answer(steps: int, *, every: int | None, frames: int, films: int) -> Plan:
    """Return a plan without a perturbation.

    Args:
        steps: updates until the answer, which is measured.
        every: steps between what is measured besides, from the first state on; None for none.
        frames: times of a filmstrip, evenly spaced from the first state to the answer.
        films: the first so many samples have one.

    >>> plan = to_the_answer(8, every=4, frames=3, films=1)
    >>> sorted(plan.measured), sorted(plan.pictured)
    ([0, 4, 8], [0, 4, 8])
    """
    return Plan(
        perturb_at=steps,
        end=steps,
        measured=frozenset({steps, *(range(0, steps, every) if every else ())}),
        pictured=film_times(steps, frames=frames),
        shown=frozenset(range(films)),
    )


class Stage:
    """One batch on one side of the perturbation: steps it, and looks at every state.

    Args:
        record: where scores and frames go.
        samples: ``(B,)``, the samples' numbers.
        labels: ``(B,)``, what they are about.
        past: how many perturbations are past.
    """

    def __init__(self, record: Rollouts, *, samples: Tensor, labels: Tensor, past: int) -> None:
        self._record = record
        self._samples = samples
        self._numbers = samples.tolist()
        self._condition = record.task.condition(labels)
        self._target = record.task.target(labels)
        self._past = past
        self._finite: list[tuple[int, Tensor]] = []

    def advance(self, state: Tensor, *, steps: range) -> Tensor:
        """Return ``state`` after ``steps``, random values being drawn a few steps at a time."""
        model, size = self._record.model, state.shape
        noise = getattr(model, "noise", 0.0) > 0
        values = size[0] * size[2] * size[3] * (size[1] if noise else 1)
        at_once = max(1, VALUES_AT_ONCE // values)
        for start in range(steps.start, steps.stop, at_once):
            now = range(start, min(start + at_once, steps.stop))
            state = rollout(
                model,
                state,
                condition=self._condition,
                masks=self._masks(state, steps=now),
                noises=self._noises(state, steps=now) if noise else None,
                observe=self.see,
                first_step=start,
            )
        self._check()
        return state

    def see(self, step: int, state: Tensor) -> None:
        """Score and picture ``state``, where the plan says so."""
        plan = self._record.plan
        self._finite.append((step, state.isfinite().all()))
        if step in plan.measured | plan.pictured:
            state = self._record.model.end(state)
        if step in plan.measured:
            self._check()
            answer = state[:, self._record.task.layout.answer_slice]
            for name, found in self._scores(answer).items():
                moments = self._record.scores.setdefault(name, {})
                moments.setdefault((step, self._past), []).extend(found)
            if self._record.observe is not None:
                self._record.observe((step, self._past), answer)
        if step in plan.pictured and plan.shown.intersection(self._numbers):
            picture = self._record.task.picture(state)
            for row, sample in enumerate(self._numbers):
                if sample in plan.shown:
                    frame = picture[row].float().cpu().clone()
                    self._record.frames[sample][step, self._past] = frame

    def _scores(self, answer: Tensor) -> dict[str, list[float]]:
        """Return one score for each sample, by the metric's name."""
        metrics = self._record.metrics.items()
        return {name: metric(answer, self._target).tolist() for name, metric in metrics}

    def _check(self) -> None:
        flags = torch.stack([flag for _, flag in self._finite]).tolist() if self._finite else []
        for (step, _), finite in zip(self._finite, flags, strict=True):
            if not finite:
                raise Diverged(f"state_{step} of the evaluation is not finite")
        self._finite.clear()

    def _masks(self, state: Tensor, *, steps: range) -> Tensor:
        return self._record.draws.masks(
            "evaluation/fire",
            samples=self._samples,
            steps=steps,
            height=state.shape[2],
            width=state.shape[3],
            rate=self._record.model.fire_rate,
        )

    def _noises(self, state: Tensor, *, steps: range) -> Tensor:
        cells = state[0].numel()
        drawn = self._record.draws.normal(
            "evaluation/noise", samples=self._samples, steps=steps, cells=cells
        )
        return drawn.transpose(0, 1).reshape(len(steps), *state.shape)


class Rollouts:
    """Rolls out batches of samples, and holds what was seen of them.

    Args:
        model: what is rolled out.
        task: what it is tested on.
        metrics: by name.
        draws: where chance comes from.
        plan: when things happen.
        observe: is shown what metrics see, besides them.

    Attributes:
        scores: metric's name, then moment: one score for each sample so far.
        frames: sample, then moment: the task's picture ``(V, H, W)`` on the CPU.
    """

    def __init__(
        self,
        model: Automaton,
        task: Task,
        *,
        metrics: Mapping[str, Metric],
        draws: Draws,
        plan: Plan,
        observe: Observer | None = None,
    ) -> None:
        self.model = model
        self.task = task
        self.metrics = metrics
        self.draws = draws
        self.plan = plan
        self.observe = observe
        self.scores: dict[str, dict[Moment, list[float]]] = {name: {} for name in metrics}
        self.frames: dict[int, dict[Moment, Tensor]] = {sample: {} for sample in plan.shown}

    def grow(self, cases: Cases) -> Tensor:
        """Roll out a batch of samples up to the perturbation, and return its state.

        Raises:
            Diverged: a state stopped being finite.
        """
        samples = cases.samples
        seed = self.task.seed_state(cases.old, samples=samples, draws=self.draws)
        state = self.model.begin(seed)
        before = Stage(self, samples=samples, labels=cases.old, past=False)
        before.see(0, state)
        return before.advance(state, steps=range(self.plan.perturb_at))

    def run(self, perturbation: Perturbation, cases: Cases) -> None:
        """Roll out a batch of samples; frozen channels are always those of the label.

        Raises:
            Diverged: a state stopped being finite.
        """
        task, samples, at = self.task, cases.samples, self.plan.perturb_at
        state = self.grow(cases)
        state, _ = perturbation(state, samples=samples, draws=self.draws)
        frozen = task.layout.frozen
        state = under(task.image(cases.new), state, frozen=frozen) if frozen else state
        after = Stage(self, samples=samples, labels=cases.new, past=True)
        after.see(at, state)
        after.advance(state, steps=range(at, self.plan.end))


def curve(scores: Mapping[Moment, Sequence[float]]) -> Curve:
    """Return the means of scores over samples; steps where one is not finite are left out."""
    points = [
        (step, each)
        for (step, _), each in sorted(scores.items(), key=lambda item: item[0])
        if all(isfinite(score) for score in each)
    ]
    return Curve(
        steps=[step for step, _ in points],
        values=[fmean(each) for _, each in points],
        spreads=[stdev(each) if len(each) > 1 else 0.0 for _, each in points],
    )
