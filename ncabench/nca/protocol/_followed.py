"""Rollouts from masked images that go on whatever becomes of their states."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite
from statistics import fmean

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Automaton
from ncabench.nca.protocol import Measured
from ncabench.nca.protocol._bounds import diverged
from ncabench.nca.protocol._cases import Cases
from ncabench.nca.protocol._enlarged import Maskable
from ncabench.nca.protocol._masked import Masked, given_and_true
from ncabench.nca.protocol._rollouts import Moment, Plan, Rollouts, curve

STATES = "states"  # the measure beside the metrics; its scores are 1 for a diverged state


class Followed(Masked):
    """One batch of masked images, stepped on although states diverge.

    A state's scores are those of its answer, what is not a number taken as 0 and the rest
    clipped to [0, 1], so that infinities become its ends. Whether the state diverged is the
    score ``states``, 1.0 or 0.0; frozen channels do not count.
    """

    def see(self, step: int, state: Tensor) -> None:
        """Score and picture ``state``, where the plan says so."""
        plan, layout = self._record.plan, self._record.task.layout
        if step not in plan.measured | plan.pictured:
            return
        if step in plan.measured:
            own = self._record.model.end(state)[:, layout.frozen :]
            moments = self._record.scores.setdefault(STATES, {})
            moments.setdefault((step, self._past), []).extend(diverged(own).float().tolist())
        super().see(step, mended(state))


def mended(state: Tensor) -> Tensor:
    """Return states with 0 for what is not a number, and the largest for infinities."""
    return state.nan_to_num(nan=0.0)


class Follower:
    """Follows the first whole batches of a task's tests, and holds what was seen.

    Args:
        model: what is stepped.
        task: what it is tested on.
        metrics: by name.
        draws: where chance comes from.
        measured: t of the states that metrics see.
        pictured: t of the states that filmstrips show.
        films: the first so many images have a filmstrip.
    """

    def __init__(
        self,
        model: Automaton,
        task: Maskable,
        *,
        metrics: Mapping[str, Metric],
        draws: Draws,
        measured: Iterable[int],
        pictured: Iterable[int],
        films: int,
    ) -> None:
        whole = frozenset(measured)
        plan = Plan(
            perturb_at=max(whole),  # whoever perturbs says so itself
            end=max(whole),
            measured=whole,
            pictured=frozenset(pictured),
            shown=frozenset(range(films)),
        )
        self.record = Rollouts(model, task, metrics=metrics, draws=draws, plan=plan)
        self.task, self.films = task, films
        self._shown: dict[int, list[tuple[int, Tensor]]] = {}

    def run(self, part: Cases) -> tuple[Followed, Tensor]:
        """Follow a batch from its seed states to the end; return who did, and the last."""
        stage = Followed(self.record, part)
        seed = self.task.seed_state(part.old, samples=part.samples, draws=self.record.draws)
        self.show(part, step=0)
        return stage, stage.run(seed, steps=self.record.plan.end)

    def show(self, part: Cases, *, step: int) -> None:
        """Keep what is given and what is true of the images that have a filmstrip."""
        for number, pair in given_and_true(self.task, part, films=self.films).items():
            self._shown.setdefault(number, []).append((step, pair))

    def scores(self, moment: Moment) -> Iterator[tuple[str, list[float]]]:
        """Yield the scores of a moment by the metric's name, ``states`` among them."""
        for name, moments in self.record.scores.items():
            yield name, moments[moment]

    def mean(self, name: str, moment: Moment) -> float:
        """Return the mean of a metric over the images at a moment."""
        return fmean(self.record.scores[name][moment])

    def picture(self, measured: Measured, *, suffix: str = "") -> None:
        """Add curves and filmstrips, whose names end with ``suffix``.

        Curves are named as metrics, that of ``states`` being the share that diverged;
        filmstrips as their images. What is given and true has a filmstrip beside each.
        """
        for name, moments in self.record.scores.items():
            measured.curves[f"{name}{suffix}"] = curve(moments)
        for number, seen in self.record.frames.items():
            film = [(step, frame) for (step, _), frame in sorted(seen.items(), key=_moment)]
            _strip(measured, f"image_{number}{suffix}", film)
        for number, pairs in self._shown.items():
            film = [(step, frame) for step, pair in pairs for frame in pair]
            _strip(measured, f"image_{number}_given_and_true", film)


def add(measured: Measured, name: str, scores: Sequence[float]) -> None:
    """Add a quantity: the mean over images, and their own scores; what is finite of them."""
    mean = fmean(scores)
    if isfinite(mean):
        measured.values[name] = mean
        measured.samples[name] = list(scores)


def _moment(item: tuple[Moment, Tensor]) -> Moment:
    return item[0]


def _strip(measured: Measured, name: str, film: Sequence[tuple[int, Tensor]]) -> None:
    if film:
        measured.frames[name] = torch.stack([frame for _, frame in film])
        measured.frame_steps[name] = [step for step, _ in film]
