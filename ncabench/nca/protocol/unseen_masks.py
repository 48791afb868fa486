"""Make images whole that are masked as no training masked them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Literal

from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Model
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Measured, Protocol
from ncabench.nca.protocol._asked import fitting, insist, refuse_own
from ncabench.nca.protocol._cases import Cases, evaluating
from ncabench.nca.protocol._inputs import Inputs
from ncabench.nca.protocol._patched import Patches, patched
from ncabench.nca.protocol._unperturbed import refuse
from ncabench.nca.task import Task
from ncabench.nca.task.denoising import Denoising as DenoisingTask


class UnseenMasks(Protocol):
    """Rolls an automaton out from test images under patches that its training never drew.

    The images are those of the protocol ``denoising``, in its order and its whole batches,
    and what is scored is clipped to [0, 1]. For each metric NAME, and each H x W of
    ``patches``, the values are means over all images:

    - ``NAME/patch_HxW``: of the state after ``steps`` updates;
    - ``NAME/input_HxW``: of the masked image itself;
    - ``NAME/trained``, ``NAME/input``: likewise, of the same images under the task's own
      configurations, for scale; these are the protocol ``denoising``'s own masks;
    - ``states/diverged_HxW``, ``states/diverged_trained``: the share, from 0 to 1, of last
      states that are not finite or far out of range.

    Every patch is masked by itself, in all channels; at the lower and the right border it may
    be cut off. A state that diverges is stepped on; where its answer is no number, it counts
    as black. Masks, what they are filled with, and what fires depend on the image's number
    alone, so every model meets the same ones.

    The first images have filmstrips: what was given, the states, and the true image.

    Source: ViTCA, section 4.1.3 and figures 4 (e) and 6 (b): patches of 4x1 and 1x4 px of
    Gaussian noise at 65 % coverage, in pictures. The numbers, and which of the two is
    height, are ncabench's.

    Args:
        patches: height and width of each in pixels.
        coverage: chance that a patch is masked.
        noise: what masked patches are: one standard normal value each, ``"dropout"``: black,
            or ``"task"``: as the task has it.
        steps: updates until the answer.
        images: the first so many are tested on, and no part of a batch; None takes all.
        frames: times of a filmstrip, evenly spaced from the first state to the answer.
        films: images that have a filmstrip.

    Raises:
        ValueError: a number is out of range; when called, something is to be perturbed, a
            metric is called ``states``, or there is no whole batch of images.
        TypeError: when called, the model is no automaton or the task has no masks.

    >>> UnseenMasks(coverage=1.5)
    Traceback (most recent call last):
    ValueError: coverage must be above 0 and at most 1, not 1.5
    """

    version = 1
    measures = ("states",)
    whole_batches = True

    def __init__(
        self,
        *,
        patches: tuple[tuple[int, int], ...] = ((4, 1), (1, 4)),
        coverage: float = 0.65,
        noise: Literal["gaussian", "dropout", "task"] = "gaussian",
        steps: int = 64,
        images: int | None = None,
        frames: int = 9,
        films: int = 4,
    ) -> None:
        insist(steps=(steps, 1), frames=(frames, 2), films=(films, 0))
        insist(images=(1 if images is None else images, 1))
        if not patches or any(min(one) < 1 for one in patches):
            raise ValueError(
                "patches must be one or more, each at least 1 x 1 px, "
                f"not {[list(one) for one in patches]}"
            )
        if not 0 < coverage <= 1:
            raise ValueError(f"coverage must be above 0 and at most 1, not {coverage}")
        self.patches = tuple((height, width) for height, width in patches)
        self.coverage, self.noise = coverage, noise
        self.steps, self.images, self.frames, self.films = steps, images, frames, films

    def __call__(
        self,
        model: Model,
        task: Task,
        perturbation: Perturbation,
        metrics: Mapping[str, Metric],
        draws: Draws,
    ) -> Measured:
        """Measure ``model``; its weights, mode and device are left as they were.

        Nothing raises ``Diverged``: that a state diverged is a value.
        """
        automaton, denoising = fitting(model, task, by="unseen_masks")
        refuse(perturbation, by="unseen_masks")
        refuse_own(metrics, measures=self.measures, by="unseen_masks")
        inputs = Inputs(
            automaton,
            denoising,
            draws=draws,
            steps=self.steps,
            images=self.images,
            films=self.films,
            frames=self.frames,
        )
        with evaluating(model):
            for size in self.patches:
                name = "x".join(map(str, size))
                given = partial(self._masked, denoising, draws=draws, size=size)
                for ended in inputs.rolled(name, given):
                    inputs.score(metrics, f"patch_{name}", ended.answer, ended.truth)
                    inputs.score(metrics, f"input_{name}", ended.given, ended.truth)
            for ended in inputs.rolled("trained", lambda part: denoising.masked(part.old)):
                inputs.score(metrics, "trained", ended.answer, ended.truth)
                inputs.score(metrics, "input", ended.given, ended.truth)
        return inputs.measured()

    def _masked(
        self, task: DenoisingTask, part: Cases, *, draws: Draws, size: tuple[int, int]
    ) -> Tensor:
        noise = task.noise if self.noise == "task" else self.noise
        return patched(
            task.target(part.old),
            Patches(size=size, coverage=self.coverage, noise=noise),
            samples=part.samples,
            draws=draws,
        )
