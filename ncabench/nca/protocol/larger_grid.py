"""The same automaton on a grid several times larger than it was trained on."""

from __future__ import annotations

from collections.abc import Mapping

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Model
from ncabench.nca.model._encoder import Encoder
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Measured, Protocol
from ncabench.nca.protocol._asked import fitting, insist, refuse_own
from ncabench.nca.protocol._cases import evaluating
from ncabench.nca.protocol._enlarged import Enlarged
from ncabench.nca.protocol._followed import STATES, Follower, add, mended
from ncabench.nca.protocol._masked import whole_batches
from ncabench.nca.protocol._rollouts import film_times
from ncabench.nca.protocol._unperturbed import refuse
from ncabench.nca.task import Task


class LargerGrid(Protocol):
    """Makes masked test images whole at ``factor`` times their size, with the same weights.

    The images are those of protocol ``denoising``, in whole batches under their own masks.
    A pixel of the masked image becomes a square of ``factor`` x ``factor`` cells with its
    value, so that what is masked stays masked, its noise one value over a patch, and nothing
    of the true image is there that was masked. The target is the true image, enlarged
    bilinearly: the image as smooth as its pixels allow. For each metric NAME the values are

    - ``NAME/answer``: of the state after ``steps`` updates against that target;
    - ``NAME/input``: of the enlarged masked image, likewise;
    - ``NAME/original_size``: of the answer averaged over those squares against the true image
      as it is, to be compared with protocol ``denoising``;
    - ``states/diverged``: the share of images whose state has diverged by then: a value is not
      finite, or larger than 10 in size.

    Diverging is a result here and no failure: such a state is stepped on, and its answer
    scored, with 0 for what is not a number and the rest clipped to [0, 1] like any other.

    Where cells are told their place, the grid's edges are as far apart as they were, so that
    steps between cells are smaller; numbered cells have numbers up to the larger count.
    Curves go over the steps; the first images have filmstrips, and beside each the masked
    and the true image.

    Source: ViTCA, section 4.1.3, "Spatial interpolation" (figure 4 h): 32 x 32 to 128 x 128,
    an identical resolution of the grid of cells. It shows images; how inputs are enlarged it
    does not say, and numbers it has none: both are ncabench's.

    Args:
        factor: of both sides, at least 2.
        steps: updates until the answer.
        images: the first so many are tested on, and no part of a batch; None takes all.
        curve_every: steps between the points of a curve, which has its ends besides.
        frames: times of a filmstrip, evenly spaced from the first state to the answer.
        films: images that have a filmstrip.

    Raises:
        ValueError: a number is too small; when called, the model learned a place for each
            cell, something is to be perturbed, or there is no whole batch of images.
        TypeError: when called, the model is no automaton, or the task has no masks.

    >>> LargerGrid(factor=1)
    Traceback (most recent call last):
    ValueError: factor must be at least 2, not 1
    """

    version = 1
    measures = ("states",)
    whole_batches = True

    def __init__(
        self,
        *,
        factor: int = 4,
        steps: int = 64,
        images: int | None = None,
        curve_every: int = 8,
        frames: int = 5,
        films: int = 4,
    ) -> None:
        insist(
            factor=(factor, 2),
            steps=(steps, 1),
            images=(images, 1),
            curve_every=(curve_every, 1),
            frames=(frames, 2),
            films=(films, 0),
        )
        self.factor, self.steps, self.images = factor, steps, images
        self.curve_every, self.frames, self.films = curve_every, frames, films

    def __call__(
        self,
        model: Model,
        task: Task,
        perturbation: Perturbation,
        metrics: Mapping[str, Metric],
        draws: Draws,
    ) -> Measured:
        """Measure ``model``; its weights, mode and device are left as they were."""
        stepped, masks = fitting(model, task, by="larger_grid")
        refuse_own(metrics, measures=self.measures, by="larger_grid")
        refuse(perturbation, by="larger_grid")
        _check_places(model)
        whole = whole_batches(masks, images=self.images)
        enlarged = Enlarged(masks, factor=self.factor)
        follower = Follower(
            stepped,
            enlarged,
            metrics=metrics,
            draws=draws,
            measured={*range(0, self.steps, self.curve_every), self.steps},
            pictured=film_times(self.steps, frames=self.frames),
            films=self.films,
        )
        beside: dict[str, list[float]] = {}
        with evaluating(model):
            for part in whole.split(masks.batch):
                stage, state = follower.run(part)
                given = stage.scores(enlarged.masked(part.old))
                answer = mended(stepped.end(state))[:, masks.layout.visible_slice]
                small, true = enlarged.reduced(answer.clamp(0, 1)), masks.target(part.old)
                for name, metric in metrics.items():
                    beside.setdefault(f"{name}/input", []).extend(given[name])
                    scores = metric(small, true).tolist()
                    beside.setdefault(f"{name}/original_size", []).extend(scores)
        measured = Measured(values={})
        for name, scores in follower.scores((self.steps, 0)):
            quantity = "diverged" if name == STATES else "answer"
            add(measured, f"{name}/{quantity}", scores)
        for name, scores in beside.items():
            add(measured, name, scores)
        follower.picture(measured)
        return measured


def _check_places(model: Model) -> None:
    """Refuse a model that learned a place for each cell of its own grid."""
    for part in model.modules():
        if isinstance(part, Encoder) and part.learned and part.places is not None:
            raise ValueError(
                "larger_grid needs cells that are told their place on a grid of any size, "
                f"and places were learned for {len(part.places)} cells"
            )
