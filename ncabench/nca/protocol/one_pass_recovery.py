"""Recovery, as far as a network that answers in one pass has one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ncabench.errors import Diverged
from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Model, OnePass
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Measured, Protocol
from ncabench.nca.protocol._cases import (
    Cases,
    Scores,
    cases,
    empty,
    evaluating,
    films,
    kept,
    summarise,
    tested,
    under,
)
from ncabench.nca.task import Task

STAGES = ("before", "damaged", "final")


class OnePassRecovery(Protocol):
    """Passes an intact image and a perturbed one through a one-pass model.

    The intact image is the target of the class before. For each metric NAME the values are:

    - ``NAME/before``: of the model's answer to the intact image, told the class before;
    - ``NAME/empty``: of an all-zero image against the class before, for comparison;
    - ``NAME/damaged``: of the perturbed image itself, against the class after; of class
      scores, of the answer to the intact image, since an image is none;
    - ``NAME/final``: of the model's answer to the perturbed image, told the class after;
    - ``NAME/recovery`` and ``NAME/recovery_clipped``, as the protocol ``recovery`` has them.

    There is no first stage. Frozen channels are the image of what a sample is about, as
    ``recovery`` has them, so that a mutation shows an image of the class after. Samples, pairs
    and perturbations are those of ``recovery``: the same sample number meets the same image
    and the same perturbation. Filmstrips show the intact image, its answer, the perturbed
    image and its answer, at t of 0, 1, 0 and 1.

    Source: NCAtorch, table 1, rows U-Net and GAN, whose "-" in stage 1 says that there is
    none; how the other stages were taken is not said, and this definition is ncabench's.

    Args:
        rollouts: samples, a multiple of the perturbation's pairs.
        batch: samples passed together.

    Raises:
        ValueError: a number is below 1; when called, ``rollouts`` is no multiple of the pairs.
        TypeError: when called, ``model`` is no one-pass model.

    >>> OnePassRecovery(batch=0)
    Traceback (most recent call last):
    ValueError: rollouts and batch must be at least 1, not 80 and 0
    """

    def __init__(self, *, rollouts: int = 80, batch: int = 16) -> None:
        if rollouts < 1 or batch < 1:
            raise ValueError(
                f"rollouts and batch must be at least 1, not {rollouts} and {batch}"
            )
        self.rollouts = rollouts
        self.batch = batch

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
            Diverged: an answer is not finite.
        """
        if not isinstance(model, OnePass):
            raise TypeError(
                f"one_pass_recovery needs a one-pass model, not {type(model).__name__}"
            )
        pairs = cases(perturbation, classes=task.classes, rollouts=self.rollouts)
        shown = films(pairs, distinct=len(perturbation.pairs(task.classes)))
        scores: dict[str, Scores] = {name: {stage: [] for stage in STAGES} for name in metrics}
        measured = Measured(values={})
        with evaluating(model):
            for some in tested(pairs, task).split(self.batch):
                batch = _Batch(some, task=task)
                images = batch.images(model, perturbation, draws=draws)
                batch.score(images, metrics, scores=scores)
                batch.picture(images, shown, measured=measured)
            measured.values.update(empty(metrics, task, pairs))
        for name, quantities in scores.items():
            measured.values.update(summarise(name, quantities))
            measured.samples.update(kept(name, quantities))
        return measured


class _Batch:
    """Some samples; a model that answers with class scores is tested on images alone."""

    def __init__(self, cases: Cases, *, task: Task) -> None:
        self._task = task
        self._cases = cases

    def images(
        self, model: OnePass, perturbation: Perturbation, *, draws: Draws
    ) -> list[Tensor]:
        """Return the intact image, its answer, the perturbed image and its answer."""
        task, cases = self._task, self._cases
        intact = task.image(cases.old)
        perturbed, _ = perturbation(intact, samples=cases.samples, draws=draws)
        perturbed = under(task.image(cases.new), perturbed, frozen=task.layout.frozen)
        before = model(intact, task.condition(cases.old))
        final = model(perturbed, task.condition(cases.new))
        for name, answer in (("intact", before), ("perturbed", final)):
            if not answer.isfinite().all():
                raise Diverged(f"the answer to the {name} image is not finite")
        return [intact, before, perturbed, final]

    def score(
        self,
        images: Sequence[Tensor],
        metrics: Mapping[str, Metric],
        *,
        scores: dict[str, Scores],
    ) -> None:
        """Add the samples' scores to those there are."""
        _, before, perturbed, final = images
        damaged = perturbed if self._task.layout.visible else before
        old, new = (self._task.target(one) for one in (self._cases.old, self._cases.new))
        stages = zip(STAGES, (before, damaged, final), (old, new, new), strict=True)
        for stage, image, target in stages:
            for name, metric in metrics.items():
                scores[name][stage] += metric(image, target).tolist()

    def picture(
        self, images: Sequence[Tensor], shown: Mapping[int, str], *, measured: Measured
    ) -> None:
        """Keep the filmstrips of the samples that are shown."""
        pictures = images if self._task.layout.visible else self._coloured(images)
        for row, sample in enumerate(self._cases.samples.tolist()):
            if sample in shown:
                strip = torch.stack([picture[row].float().cpu() for picture in pictures])
                measured.frames[shown[sample]] = strip
                measured.frame_steps[shown[sample]] = [0, 1, 0, 1]

    def _coloured(self, images: Sequence[Tensor]) -> list[Tensor]:
        """Return the task's pictures of images, and of the class scores answered to them."""
        intact, before, perturbed, final = images
        nothing = torch.zeros_like(before)
        pairs = ((intact, nothing), (intact, before), (perturbed, nothing), (perturbed, final))
        return [self._task.picture(self._state(*pair)) for pair in pairs]

    def _state(self, image: Tensor, scores: Tensor) -> Tensor:
        batch, _, height, width = image.shape
        hidden = image.new_zeros(batch, self._task.layout.hidden, height, width)
        return torch.cat([image, hidden, scores], dim=1)
