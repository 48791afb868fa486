"""What becomes of an input that hides nothing, and of one that hides everything."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Model
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Measured, Protocol
from ncabench.nca.protocol._asked import fitting, insist, refuse_own
from ncabench.nca.protocol._cases import evaluating
from ncabench.nca.protocol._inputs import Inputs
from ncabench.nca.protocol._patched import Patches, patched
from ncabench.nca.protocol._unperturbed import refuse
from ncabench.nca.task import Task
from ncabench.nca.task.denoising import Denoising as DenoisingTask


class ExtremeMasks(Protocol):
    """Rolls an automaton out from whole test images, and from images of which nothing is left.

    The images are those of the protocol ``denoising``, in its order and its whole batches,
    and what is scored is clipped to [0, 1]. *Masked* here is every patch, with what the task
    masks with: under ``"gaussian"``, one standard normal value for each patch; under
    ``"dropout"``, black, so that all inputs are alike and answers differ by what fires alone.
    For each metric NAME the values are means over all images:

    - ``NAME/unmasked``: the answer to a whole image, against that image;
    - ``NAME/masked``: the answer to a masked one, against the image behind the mask;
    - ``NAME/masked_to_median``, ``NAME/masked_to_mean``: that answer against the median and
      the mean image;
    - ``NAME/median_to_images``, ``NAME/mean_to_images``: these against the images, for scale;
    - ``states/diverged_unmasked``, ``states/diverged_masked``: the share, from 0 to 1, of
      last states that are not finite or far out of range.

    Median and mean are those of each pixel over the training split; of an even number of
    images, the median is the lower of the two in the middle.

    A state that diverges is stepped on; where its answer is no number, it counts as black.
    Noise and what fires depend on the image's number alone, so every model meets the same
    ones. The first images have filmstrips: what was given, the states, the true image, and
    of masked ones the median and the mean image.

    Source: ViTCA, section 4.1.3 and figures 4 (g) and 6 (c), in pictures: unmasked, ViTCA
    autoencodes; masked, it answers with the median image. The numbers, and the size of the
    patches that mask everything, are ncabench's.

    Args:
        patch_px: side of the patches of which everything is masked.
        steps: updates until the answer.
        images: the first so many are tested on, and no part of a batch; None takes all.
        frames: times of a filmstrip, evenly spaced from the first state to the answer.
        films: images that have a filmstrip.

    Raises:
        ValueError: a number is too small; when called, something is to be perturbed, a
            metric is called ``states``, or there is no whole batch of images.
        TypeError: when called, the model is no automaton or the task has no masks.

    >>> ExtremeMasks(patch_px=0)
    Traceback (most recent call last):
    ValueError: patch_px must be at least 1, not 0
    """

    version = 1
    measures = ("states",)
    whole_batches = True

    def __init__(
        self,
        *,
        patch_px: int = 1,
        steps: int = 64,
        images: int | None = None,
        frames: int = 9,
        films: int = 4,
    ) -> None:
        insist(patch_px=(patch_px, 1), steps=(steps, 1))
        insist(images=(1 if images is None else images, 1))
        insist(frames=(frames, 2), films=(films, 0))
        self.patch_px, self.steps, self.images = patch_px, steps, images
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

        Nothing raises ``Diverged``: that a state diverged is a value.
        """
        automaton, denoising = fitting(model, task, by="extreme_masks")
        refuse(perturbation, by="extreme_masks")
        refuse_own(metrics, measures=self.measures, by="extreme_masks")
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
            for ended in inputs.rolled("unmasked", lambda part: denoising.target(part.old)):
                inputs.score(metrics, "unmasked", ended.answer, ended.truth)
            self._masked(inputs, denoising, metrics, draws)
        return inputs.measured()

    def _masked(
        self,
        inputs: Inputs,
        task: DenoisingTask,
        metrics: Mapping[str, Metric],
        draws: Draws,
    ) -> None:
        every = Patches(size=(self.patch_px,) * 2, coverage=1.0, noise=task.noise)
        middles = {"median": median_image(task), "mean": mean_image(task)}
        for ended in inputs.rolled(
            "masked",
            lambda part: patched(
                task.target(part.old), every, samples=part.samples, draws=draws
            ),
            beside=list(middles.values()),
        ):
            inputs.score(metrics, "masked", ended.answer, ended.truth)
            for name, image in middles.items():
                one = image[None].expand_as(ended.truth)
                inputs.score(metrics, f"masked_to_{name}", ended.answer, one)
                inputs.score(metrics, f"{name}_to_images", one, ended.truth)


def median_image(task: DenoisingTask) -> Tensor:
    """Return the median of each pixel over the images trained on, ``(planes, H, W)``.

    Of an even number of images it is the lower of the two in the middle.
    """
    rows = task.pixels[task.trained].unbind(2)  # one by one, to bound memory
    middle = (len(task.pixels[task.trained]) - 1) // 2
    medians = torch.stack([row.sort(dim=0).values[middle] for row in rows], dim=1)
    return medians / task.white


def mean_image(task: DenoisingTask) -> Tensor:
    """Return the mean of each pixel over the images trained on, ``(planes, H, W)``."""
    rows = task.pixels[task.trained].unbind(2)
    means = torch.stack([row.sum(dim=0) / len(row) for row in rows], dim=1)
    return (means / 255).to(task.white.dtype)
