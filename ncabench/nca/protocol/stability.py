"""Step on long after training's horizon, and see whether the answer stays."""

from __future__ import annotations

from collections.abc import Mapping

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Model
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Measured, Protocol
from ncabench.nca.protocol._asked import fitting, insist, refuse_own
from ncabench.nca.protocol._cases import evaluating
from ncabench.nca.protocol._followed import STATES, Follower, add
from ncabench.nca.protocol._masked import whole_batches
from ncabench.nca.protocol._unperturbed import refuse
from ncabench.nca.task import Task


class Stability(Protocol):
    """Rolls an automaton out from masked test images, and looks at it time after time.

    The images are those of protocol ``denoising``, in whole batches under their own masks.
    The last of ``looks`` is the end. For each metric NAME and each T of ``looks`` the values
    are

    - ``NAME/at_T``: of ``state_T``, the mean over images;
    - ``NAME/drift``: that of the last look less that of the first;
    - ``states/diverged_at_T``, ``states/diverged``: the share of images whose state has
      diverged by then and at the end: a value is not finite, or larger than 10 in size.

    Diverging is a result here and no failure: such a state is stepped on, and its answer
    scored, with 0 for what is not a number and the rest clipped to [0, 1] like any other.

    Curves go over the steps, at the looks and at ``points`` steps spaced evenly by their
    logarithm; that of ``states`` is the share that diverged. The first images have
    filmstrips of the looks and of the powers of 4 between.

    Source: ViTCA, section 4.1.2, "Convergence stability" (figure 4 b, 2784 updates). It shows
    images; the numbers, the earlier looks and the criterion of divergence are ncabench's.

    Args:
        looks: numbers of updates, rising.
        points: of a curve, at most.
        images: the first so many are tested on, and no part of a batch; None takes all.
        films: images that have a filmstrip.

    Raises:
        ValueError: ``looks`` do not rise from 1 or more, or a number is too small; when
            called, something is to be perturbed, or there is no whole batch of images.
        TypeError: when called, the model is no automaton, or the task has no masks.

    >>> Stability(looks=(64, 64))
    Traceback (most recent call last):
    ValueError: looks must rise from 1 or more, not (64, 64)
    """

    version = 1
    measures = ("states",)
    whole_batches = True

    def __init__(
        self,
        *,
        looks: tuple[int, ...] = (64, 256, 1024, 2784),
        points: int = 32,
        images: int | None = None,
        films: int = 4,
    ) -> None:
        if not looks or looks[0] < 1 or list(looks) != sorted(set(looks)):
            raise ValueError(f"looks must rise from 1 or more, not {tuple(looks)}")
        insist(points=(points, 2), images=(images, 1), films=(films, 0))
        self.looks, self.points = tuple(looks), points
        self.images, self.films = images, films

    def __call__(
        self,
        model: Model,
        task: Task,
        perturbation: Perturbation,
        metrics: Mapping[str, Metric],
        draws: Draws,
    ) -> Measured:
        """Measure ``model``; its weights, mode and device are left as they were."""
        stepped, masks = fitting(model, task, by="stability")
        refuse_own(metrics, measures=self.measures, by="stability")
        refuse(perturbation, by="stability")
        whole, end = whole_batches(masks, images=self.images), self.looks[-1]
        follower = Follower(
            stepped,
            masks,
            metrics=metrics,
            draws=draws,
            measured={*self.looks, *spaced(end, points=self.points)},
            pictured={0, *self.looks, *(4**power for power in range(16) if 4**power < end)},
            films=self.films,
        )
        with evaluating(model):
            for part in whole.split(masks.batch):
                follower.run(part)
        return self._measured(follower)

    def _measured(self, follower: Follower) -> Measured:
        measured, (first, last) = Measured(values={}), (self.looks[0], self.looks[-1])
        for look in self.looks:
            for name, scores in follower.scores((look, 0)):
                quantity = "diverged_at" if name == STATES else "at"
                add(measured, f"{name}/{quantity}_{look}", scores)
        for name, scores in follower.scores((last, 0)):
            if name == STATES:
                add(measured, f"{STATES}/diverged", scores)
                continue
            both = [measured.values.get(f"{name}/at_{look}") for look in (first, last)]
            if both[0] is not None and both[1] is not None:
                measured.values[f"{name}/drift"] = both[1] - both[0]
        follower.picture(measured)
        return measured


def spaced(end: int, *, points: int) -> set[int]:
    """Return 0 and steps up to ``end``, evenly spaced by the logarithm of one more.

    >>> sorted(spaced(15, points=5))
    [0, 1, 3, 7, 15]
    """
    return {round((end + 1) ** (turn / (points - 1))) - 1 for turn in range(points)}
