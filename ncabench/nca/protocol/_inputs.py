"""Test images rolled out from whatever input a protocol makes, to the end whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import fmean

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Automaton
from ncabench.nca.protocol import Measured
from ncabench.nca.protocol._bounds import diverged
from ncabench.nca.protocol._cases import Cases, Scores, under
from ncabench.nca.protocol._followed import mended
from ncabench.nca.protocol._masked import whole_batches
from ncabench.nca.protocol._rollouts import Plan, Rollouts, Stage, film_times
from ncabench.nca.task.denoising import Denoising as DenoisingTask


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A batch of images after its rollout.

    Attributes:
        cases: which images they are.
        given: what they were rolled out from, ``(B, planes, H, W)``.
        truth: what they should become, ``(B, planes, H, W)``.
        answer: what they became, finite and in [0, 1]; likewise.
        last: the model's own last state, as it is.
        pixels: it, as the task has it, as it is.
        diverged: ``(B,)``, bool.
    """

    cases: Cases
    given: Tensor
    truth: Tensor
    answer: Tensor
    last: Tensor
    pixels: Tensor
    diverged: Tensor


Given = Callable[[Cases], Tensor]  # the frozen channels of a batch, (B, planes, H, W)


class Inputs:
    """Rolls out whole batches of test images, whose frozen channels are what one makes them.

    A state that diverges is stepped on. Which cells fire depends on an image's number alone,
    so that all inputs of an image, and all models, meet the same fire masks.

    Args:
        model: what is rolled out; it must be in evaluation, without gradients.
        task: whose images.
        draws: where chance comes from.
        steps: updates until the answer.
        images: the first so many, and no part of a batch; None takes all.
        films: images that have a filmstrip.
        frames: its times, evenly spaced from the first state to the answer.

    Attributes:
        scores: quantity, such as ``"psnr/unmasked"``: one score for each image.
        cases: the images.

    Raises:
        ValueError: there is no whole batch of images.
    """

    def __init__(
        self,
        model: Automaton,
        task: DenoisingTask,
        *,
        draws: Draws,
        steps: int,
        images: int | None,
        films: int = 0,
        frames: int = 2,
    ) -> None:
        self.model, self.task, self.draws, self.steps = model, task, draws, steps
        self.films, self.frames = films, frames
        self.cases = whole_batches(task, images=images)
        self.scores: Scores = {}
        self._films: dict[str, tuple[list[int], Tensor]] = {}

    def rolled(
        self, name: str, given: Given, *, beside: Sequence[Tensor] = ()
    ) -> Iterator[Ended]:
        """Yield batch after batch; ``states/diverged_NAME`` says which states diverged.

        A filmstrip shows what was given, the states, the true image, and what stands beside.

        Args:
            name: of the input; filmstrips are called by it.
            given: makes the input.
            beside: images ``(V, H, W)`` for the end of each filmstrip.
        """
        record = Rollouts(
            self.model, self.task, metrics={}, draws=self.draws, plan=self._plan()
        )
        for part in self.cases.split(self.task.batch):
            ended = self._ended(record, part, given(part))
            flags = ended.diverged.float().tolist()
            self.scores.setdefault(f"states/diverged_{name}", []).extend(flags)
            yield ended
            for row, number in enumerate(part.samples.tolist()):
                if number < self.films:
                    seen = sorted(record.frames[number].items(), key=lambda item: item[0])
                    states = [frame for _, frame in seen]
                    frames = [ended.given[row], *states, ended.truth[row], *beside]
                    ends = [self.steps] * (1 + len(beside))
                    steps = [0, *(step for (step, _), _ in seen), *ends]
                    self.show(f"{name}_{number}", frames, steps=steps)

    def score(
        self, metrics: Mapping[str, Metric], quantity: str, images: Tensor, truth: Tensor
    ) -> None:
        """Add the scores of a batch, settled in [0, 1], to the quantity of each metric."""
        for name, metric in metrics.items():
            found = metric(settled(images), truth).tolist()
            self.scores.setdefault(f"{name}/{quantity}", []).extend(found)

    def show(self, film: str, frames: list[Tensor], *, steps: list[int]) -> None:
        """Add a filmstrip of pictures ``(V, H, W)``; what is no number in them is black."""
        pictures = torch.stack([one.float().cpu() for one in frames])
        self._films[film] = steps, pictures.nan_to_num(nan=0.0)

    def measured(self) -> Measured:
        """Return the means of all scores; what is not finite, or of no image, is left out."""
        means = {name: fmean(each) for name, each in self.scores.items() if each}
        return Measured(
            values={name: mean for name, mean in means.items() if isfinite(mean)},
            samples={
                name: each
                for name, each in self.scores.items()
                if name in means and all(map(isfinite, each))
            },
            frames={name: frames for name, (_, frames) in self._films.items()},
            frame_steps={name: steps for name, (steps, _) in self._films.items()},
        )

    def _ended(self, record: Rollouts, part: Cases, given: Tensor) -> Ended:
        task, layout = self.task, self.task.layout
        seed = task.seed_state(part.old, samples=part.samples, draws=self.draws)
        first = self.model.begin(under(given, seed, frozen=layout.frozen))
        last = Enduring(record, part).run(first, steps=self.steps)
        pixels = self.model.end(last)
        return Ended(
            cases=part,
            given=given,
            truth=task.target(part.old),
            answer=settled(pixels[:, layout.visible_slice]),
            last=last,
            pixels=pixels,
            diverged=diverged(pixels[:, layout.frozen :]),
        )

    def _plan(self) -> Plan:
        return Plan(
            perturb_at=self.steps,
            end=self.steps,
            measured=frozenset(),
            pictured=film_times(self.steps, frames=self.frames),
            shown=frozenset(range(self.films)),
        )


class Enduring(Stage):
    """One batch of any input: steps it and takes its pictures, finite or not."""

    def __init__(self, record: Rollouts, cases: Cases) -> None:
        super().__init__(record, samples=cases.samples, labels=cases.old, past=False)

    def run(self, state: Tensor, *, steps: int) -> Tensor:
        """Return the state after ``steps``."""
        self.see(0, state)
        return self.advance(state, steps=range(steps))

    def _check(self) -> None:
        self._finite.clear()


def settled(images: Tensor) -> Tensor:
    """Return images in [0, 1]: what is no number is 0, infinities are clipped as any value.

    >>> settled(torch.tensor([float("nan"), float("inf"), -2.0, 0.5]))
    tensor([0.0000, 1.0000, 0.0000, 0.5000])
    """
    return mended(images).clamp(0, 1)
