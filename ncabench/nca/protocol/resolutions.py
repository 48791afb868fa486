"""The same states rendered at several scales, each beside the target of that size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Automaton, Model
from ncabench.nca.model.cells_to_pixels import CellsToPixels
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Measured, Protocol
from ncabench.nca.protocol._asked import insist, refuse_own
from ncabench.nca.protocol._cases import Cases, cases, evaluating, tested
from ncabench.nca.protocol._followed import add
from ncabench.nca.protocol._rollouts import Rollouts, Stage, to_the_answer
from ncabench.nca.protocol._unperturbed import refuse
from ncabench.nca.protocol._views import Views, gradient_energy
from ncabench.nca.task import Task

SHARPNESS = "sharpness"  # the measure beside the metrics


class Resolutions(Protocol):
    """Rolls an automaton out once, and renders its last state at several scales.

    At scale S a cell has S x S pixels. What is rendered is compared with the target resized
    to as many pixels (bilinear, over as wide a window as a pixel where it shrinks). For each
    metric NAME and each S of ``scales`` the values, means over samples, are

    - ``NAME/scale_S``: of the rendered state against that target;
    - ``sharpness/scale_S``: the gradient energy of the rendered state over that of the target
      of the same size; 1 is as sharp, less is softer. The energy is the mean square of
      differences between pixels side by side, plus that of differences one below the other.

    Above the model's own scale the target has no more detail than it came with, so that only
    there a sharpness above 1 may be detail. Where the target is even there is no sharpness.

    Where a side would have more than ``largest_px`` pixels, only the cells in its middle are
    rendered, as many as fit, with the same pixels as in the whole; at the edge of the grid
    life ends there. The first samples have a filmstrip for each scale, and beside each the
    target of that size.

    Source: Cells to Pixels, its figures of other render scales (1 to 4 times, and 8192 x 8192
    px of 128 x 128 cells). It shows images; how they are compared is ncabench's.

    Args:
        scales: pixels along each side of a cell, rising.
        steps: updates until the state is rendered.
        rollouts: samples, a multiple of the task's classes.
        batch: samples rolled out together; they are rendered one by one.
        largest_px: of a rendered side, at least the largest scale.
        frames: times of a filmstrip, evenly spaced from the seed to the end.
        films: samples that have filmstrips.

    Raises:
        ValueError: ``scales`` do not rise from 1 or more, or a number is too small; when
            called, something is to be perturbed, a metric is called ``sharpness``, or
            ``rollouts`` is no multiple of the classes.
        TypeError: a scale is not whole; when called, the model does not render its cells at
            any scale.

    >>> Resolutions(scales=(0, 8))
    Traceback (most recent call last):
    ValueError: scales must rise from 1 or more, not (0, 8)
    """

    version = 1
    measures = ("sharpness",)

    def __init__(
        self,
        *,
        scales: tuple[int, ...] = (1, 2, 4, 8, 16, 64),
        steps: int = 96,
        rollouts: int = 8,
        batch: int = 4,
        largest_px: int = 1536,
        frames: int = 5,
        films: int = 1,
    ) -> None:
        fractions = [one for one in scales if not isinstance(one, int)]
        if fractions:
            raise TypeError(f"scales must be whole numbers of pixels, not {fractions[0]}")
        if not scales or scales[0] < 1 or list(scales) != sorted(set(scales)):
            raise ValueError(f"scales must rise from 1 or more, not {tuple(scales)}")
        insist(
            steps=(steps, 1),
            rollouts=(rollouts, 1),
            batch=(batch, 1),
            largest_px=(largest_px, scales[-1]),
            frames=(frames, 2),
            films=(films, 0),
        )
        self.scales, self.steps, self.largest_px = tuple(scales), steps, largest_px
        self.rollouts, self.batch = rollouts, batch
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
        views = Views(_rendering(model), scales=self.scales, largest_px=self.largest_px)
        assert isinstance(model, Automaton)
        refuse(perturbation, by="resolutions")
        refuse_own(metrics, measures=self.measures, by="resolutions")
        every = tested(cases(perturbation, classes=task.classes, rollouts=self.rollouts), task)
        plan = to_the_answer(self.steps, every=None, frames=self.frames, films=self.films)
        record = Rollouts(model, task, metrics=metrics, draws=draws, plan=plan)
        seen = _Seen(measured=Measured(values={}), scores={})
        with evaluating(model):
            for part in every.split(self.batch):
                seed = task.seed_state(part.old, samples=part.samples, draws=draws)
                state = model.begin(seed)
                stage = _Viewed(record, part, views=views, seen=seen)
                stage.see(0, state)
                stage.advance(state, steps=range(self.steps))
        for name, scores in seen.scores.items():
            add(seen.measured, name, scores)
        return seen.measured


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What was seen so far: filmstrips in ``measured``, each value's scores in ``scores``."""

    measured: Measured
    scores: dict[str, list[float]]

    def film(self, name: str, picture: Tensor, *, step: int) -> None:
        """Add a picture ``(1, V, H, W)`` to a filmstrip."""
        frames, one = self.measured.frames, picture.float().cpu()
        frames[name] = torch.cat([frames[name], one]) if name in frames else one
        self.measured.frame_steps.setdefault(name, []).append(step)


class _Viewed(Stage):
    """One batch, whose states are seen at every scale."""

    def __init__(self, record: Rollouts, part: Cases, *, views: Views, seen: _Seen) -> None:
        super().__init__(record, samples=part.samples, labels=part.old, past=0)
        self._views, self._seen = views, seen

    def see(self, step: int, state: Tensor) -> None:
        """Score the last state and picture some, one sample and one scale after another."""
        plan = self._record.plan
        self._finite.append((step, state.isfinite().all()))
        if step in plan.measured:
            self._check()
        for row, sample in enumerate(self._numbers):
            shown = step in plan.pictured and sample in plan.shown
            if shown or step in plan.measured:
                own, target = state[row : row + 1], self._target[row : row + 1]
                for scale, image, wanted in self._views.of(own, target):
                    if shown:
                        self._film(image, wanted, step=step, name=f"{sample}_scale_{scale}")
                    if step in plan.measured:
                        self._score(image, wanted, scale=scale)

    def _film(self, image: Tensor, wanted: Tensor, *, step: int, name: str) -> None:
        picture = self._record.task.picture
        self._seen.film(f"image_{name}", picture(image), step=step)
        if step in self._record.plan.measured:
            self._seen.film(f"image_{name}_target", picture(wanted), step=step)

    def _score(self, image: Tensor, wanted: Tensor, *, scale: int) -> None:
        found = {name: metric(image, wanted) for name, metric in self._record.metrics.items()}
        found[SHARPNESS] = gradient_energy(image) / gradient_energy(wanted)
        for name, score in found.items():
            self._seen.scores.setdefault(f"{name}/scale_{scale}", []).extend(score.tolist())


def _rendering(model: Model) -> CellsToPixels:
    """Return what renders; an engine's model has it inside."""
    for one in model.modules():
        if isinstance(one, CellsToPixels):
            return one
    raise TypeError(
        "resolutions needs an automaton that renders its cells on a plane at any scale "
        f"(cells_to_pixels), not {type(model).__name__}"
    )
