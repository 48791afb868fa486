"""Damage a settled state, or change its input, time after time, and watch what follows."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Model
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Measured, Protocol
from ncabench.nca.protocol._asked import fitting, insist, refuse_own
from ncabench.nca.protocol._cases import Cases, evaluating, recovery, under
from ncabench.nca.protocol._followed import STATES, Followed, Follower, add
from ncabench.nca.protocol._masked import whole_batches
from ncabench.nca.task import Task

ANEW = 2**24  # samples have other numbers each time, so that no two damages are alike


class Resilience(Protocol):
    """Lets an automaton settle on masked test images, and perturbs it again and again.

    The images are those of protocol ``denoising``, in whole batches under their own masks.
    After ``settle`` steps the state is perturbed, and ``rest`` steps follow, ``times`` times
    over. What is given, in frozen channels, is never damaged; a perturbation that changes the
    inputs puts those of other images there, which are then the target. For each metric NAME
    and k from 1 to ``times`` the values are

    - ``NAME/settled``: after ``settle`` steps;
    - ``NAME/damaged_K``: right after the k-th perturbation, with no further update;
    - ``NAME/recovered_K``: ``rest`` steps later;
    - ``NAME/recovery_K``: ``100 * (recovered - damaged) / (settled - damaged)`` of the means
      over images, unclipped; absent where damaged equals settled. It is about the state that
      had settled, also for the second time: who did not recover the first time has not done
      so by staying as bad;

    and ``states/diverged`` is the share of images whose state has diverged at the end: a value
    is not finite, or larger than 10 in size. Diverging is a result here and no failure: such
    a state is stepped on, and its answer scored, with 0 for what is not a number and the
    rest clipped to [0, 1] like any other. What is damaged of an automaton of larger cells
    is their pixels, and a cell keeps the hidden channels of its first pixel.

    Curves go over the steps, that of ``states`` being the share that diverged, and both
    states at a perturbation are on them. Filmstrips of the first images show each
    perturbation, and the steps 1, 4, 16 and so on after it.

    Masks, what fires and where damage falls depend on an image's number alone.

    Source: ViTCA, section 4.1.2, "Damage resilience" (twice in succession, figure 4 a), and
    section 4.1.3, "Adaptation to changing inputs" (figure 4 f). It shows images; the numbers,
    the steps between and the criterion of divergence are ncabench's.

    Args:
        settle: updates before the first perturbation.
        rest: updates after each.
        times: perturbations.
        images: the first so many are tested on, and no part of a batch; None takes all.
        curve_every: steps between the points of a curve, which has the ends besides.
        films: images that have a filmstrip.

    Raises:
        ValueError: a number is too small; when called, there is no whole batch of images, or
            the perturbation needs a larger one.
        TypeError: when called, the model is no automaton, or the task has no masks.

    >>> Resilience(times=0)
    Traceback (most recent call last):
    ValueError: times must be at least 1, not 0
    """

    version = 1
    measures = ("states",)
    whole_batches = True

    def __init__(
        self,
        *,
        settle: int = 64,
        rest: int = 64,
        times: int = 2,
        images: int | None = None,
        curve_every: int = 4,
        films: int = 4,
    ) -> None:
        insist(
            settle=(settle, 1),
            rest=(rest, 1),
            times=(times, 1),
            images=(images, 1),
            curve_every=(curve_every, 1),
            films=(films, 0),
        )
        self.settle, self.rest, self.times = settle, rest, times
        self.images, self.curve_every, self.films = images, curve_every, films

    def __call__(
        self,
        model: Model,
        task: Task,
        perturbation: Perturbation,
        metrics: Mapping[str, Metric],
        draws: Draws,
    ) -> Measured:
        """Measure ``model``; its weights, mode and device are left as they were."""
        stepped, masks = fitting(model, task, by="resilience")
        refuse_own(metrics, measures=self.measures, by="resilience")
        whole = whole_batches(masks, images=self.images)
        marks = [self.settle + turn * self.rest for turn in range(self.times + 1)]
        follower = Follower(
            stepped,
            masks,
            metrics=metrics,
            draws=draws,
            measured={*marks, *range(0, marks[-1], self.curve_every)},
            pictured=self._pictured(marks),
            films=self.films,
        )
        with evaluating(model):
            for part in whole.split(masks.batch):
                self._follow(follower, part, perturbation)
        return self._measured(follower)

    def _pictured(self, marks: list[int]) -> set[int]:
        """Return both ends of each rest, and the powers of 4 between."""
        after = {4**power for power in range(self.rest.bit_length()) if 4**power < self.rest}
        return {0, *marks, *(at + step for at in marks[:-1] for step in after)}

    def _follow(self, follower: Follower, part: Cases, perturbation: Perturbation) -> None:
        record, at = follower.record, self.settle
        seed = record.task.seed_state(part.old, samples=part.samples, draws=record.draws)
        state = record.model.begin(seed)
        stage = Followed(record, part)
        stage.see(0, state)
        follower.show(part, step=0)
        state = stage.advance(state, steps=range(at))
        for turn in range(1, self.times + 1):
            labels = perturbation.relabelled(part.old)
            if not labels.equal(part.old):
                part = Cases(samples=part.samples, old=labels, new=labels)
                follower.show(part, step=at)
            state = _perturbed(follower, state, perturbation, part, turn=turn)
            stage = Followed(record, part, past=turn)
            stage.see(at, state)
            state = stage.advance(state, steps=range(at, at + self.rest))
            at += self.rest

    def _measured(self, follower: Follower) -> Measured:
        measured = Measured(values={})
        names = [name for name in follower.record.scores if name != STATES]
        for name in names:
            scores = follower.record.scores[name]
            add(measured, f"{name}/settled", scores[self.settle, 0])
            for turn in range(1, self.times + 1):
                at = self.settle + (turn - 1) * self.rest
                add(measured, f"{name}/damaged_{turn}", scores[at, turn])
                add(measured, f"{name}/recovered_{turn}", scores[at + self.rest, turn])
                found = recovery(
                    before=follower.mean(name, (self.settle, 0)),
                    damaged=follower.mean(name, (at, turn)),
                    final=follower.mean(name, (at + self.rest, turn)),
                )
                if found is not None and isfinite(found):
                    measured.values[f"{name}/recovery_{turn}"] = found
        end = self.settle + self.times * self.rest, self.times
        add(measured, f"{STATES}/diverged", follower.record.scores[STATES][end])
        follower.picture(measured)
        return measured


def _perturbed(
    follower: Follower, state: Tensor, perturbation: Perturbation, part: Cases, *, turn: int
) -> Tensor:
    """Return the perturbed state, what is given being that of the samples' labels."""
    record = follower.record
    samples = part.samples + turn * ANEW
    pixels, _ = perturbation(record.model.end(state), samples=samples, draws=record.draws)
    given = record.task.image(part.old)
    return record.model.begin(under(given, pixels, frozen=record.task.layout.frozen))
