"""Give an automaton another chance to fire: whether it still converges, and how fast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import fmean

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Automaton, Model
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Measured, Protocol
from ncabench.nca.protocol._asked import fitting, insist, refuse_own
from ncabench.nca.protocol._cases import Cases, evaluating
from ncabench.nca.protocol._followed import STATES, Follower, add
from ncabench.nca.protocol._masked import whole_batches
from ncabench.nca.protocol._unperturbed import refuse
from ncabench.nca.task import Task
from ncabench.nca.task.denoising import Denoising


class UpdateRates(Protocol):
    """Rolls an automaton out from masked test images, once for each chance to fire.

    The images are those of protocol ``denoising``, in whole batches under their own masks;
    the model and its weights are those that were trained at their own rate. For each metric
    NAME and each rate, R percent, the values are

    - ``NAME/rate_R_converged``: after ``steps`` updates, the mean over images;
    - ``NAME/rate_R_steps``: steps to converge, as defined below;
    - ``states/diverged_rate_R``: the share of images whose state has diverged by then: a value
      is not finite, or larger than 10 in size;

    and ``NAME/input`` of the masked images themselves. Steps to converge are the first t from
    which on the mean over images stays within ``tolerance`` times the whole way, which is the
    distance between the mean of the seed state and that of the last, of the last. They are
    absent where the mean has not stayed there for the last ``hold`` steps, where the whole
    way is none, where an image's state has diverged, and where the end is worse than the
    masked images: what does not get to a good answer has no speed. A mean that drifts away
    after it has been good settles late by this count; its curve shows when it was good.

    Diverging is a result here and no failure: such a state is stepped on, and its answer
    scored, with 0 for what is not a number and the rest clipped to [0, 1] like any other. A
    cell that fires in a step at one rate does so at every higher one.

    Curves ``NAME_rate_R`` go over all steps. The first images have filmstrips of the powers
    of 2 up to the end.

    Source: ViTCA, section 4.1.3, "Adaptation to varying update rates" (figure 4 d), and
    appendix A.3, which prints steps to converge and no definition of them: this one is
    ncabench's.

    Args:
        rates: chances to fire, rising, whole percents.
        steps: updates at each rate.
        tolerance: of the whole way.
        hold: steps for which the mean must have stayed at its end.
        images: the first so many are tested on, and no part of a batch; None takes all.
        films: images that have a filmstrip at each rate.

    Raises:
        ValueError: ``rates`` are not such, ``tolerance`` is not in (0, 1), or a number is too
            small; when called, something is to be perturbed, or there is no whole batch.
        TypeError: when called, the model is no automaton, or the task has no masks.

    >>> UpdateRates(rates=(0.5, 1.5))
    Traceback (most recent call last):
    ValueError: rates must be whole percents that rise above 0 up to 1, not (0.5, 1.5)
    """

    version = 1
    measures = ("states",)
    whole_batches = True

    def __init__(
        self,
        *,
        rates: tuple[float, ...] = (0.25, 0.5, 1.0),
        steps: int = 96,
        tolerance: float = 0.05,
        hold: int = 16,
        images: int | None = None,
        films: int = 4,
    ) -> None:
        percents = [round(100 * rate) for rate in rates]
        whole = all(
            abs(100 * rate - one) < 1e-9 for rate, one in zip(rates, percents, strict=True)
        )
        if not (percents and whole and percents == sorted(set(percents))) or not (
            percents[0] > 0 and percents[-1] <= 100
        ):
            raise ValueError(
                f"rates must be whole percents that rise above 0 up to 1, not {tuple(rates)}"
            )
        if not 0 < tolerance < 1:
            raise ValueError(f"tolerance must be above 0 and below 1, not {tolerance}")
        insist(steps=(steps, 1), hold=(hold, 0), images=(images, 1), films=(films, 0))
        self.rates, self.steps = tuple(rates), steps
        self.tolerance, self.hold = tolerance, hold
        self.images, self.films = images, films

    def __call__(
        self,
        model: Model,
        task: Task,
        perturbation: Perturbation,
        metrics: Mapping[str, Metric],
        draws: Draws,
    ) -> Measured:
        """Measure ``model``; its weights, rate, mode and device are left as they were."""
        stepped, masks = fitting(model, task, by="update_rates")
        refuse_own(metrics, measures=self.measures, by="update_rates")
        refuse(perturbation, by="update_rates")
        whole, measured = whole_batches(masks, images=self.images), Measured(values={})
        for rate in self.rates:
            follower = self._follower(stepped, masks, metrics, draws)
            with evaluating(model), firing(stepped, rate):
                given = self._follow(follower, whole, batch=masks.batch)
            for name, scores in given.items():  # the same at every rate
                add(measured, f"{name}/input", scores)
            self._add(measured, follower, metrics, given, rate=f"rate_{round(100 * rate)}")
        return measured

    def _follower(
        self, model: Automaton, task: Denoising, metrics: Mapping[str, Metric], draws: Draws
    ) -> Follower:
        powers = {2**power for power in range(16) if 2**power < self.steps}
        return Follower(
            model,
            task,
            metrics=metrics,
            draws=draws,
            measured=range(self.steps + 1),
            pictured={0, *powers, self.steps},
            films=self.films,
        )

    def _follow(
        self, follower: Follower, whole: Cases, *, batch: int
    ) -> dict[str, list[float]]:
        """Follow all images at the rate that the model has; return the inputs' scores."""
        given: dict[str, list[float]] = {}
        for part in whole.split(batch):
            stage, _ = follower.run(part)
            for name, scores in stage.scores(follower.task.masked(part.old)).items():
                given.setdefault(name, []).extend(scores)
        return given

    def _add(
        self,
        measured: Measured,
        follower: Follower,
        metrics: Mapping[str, Metric],
        given: Mapping[str, Sequence[float]],
        *,
        rate: str,
    ) -> None:
        diverged = follower.mean(STATES, (self.steps, 0)) > 0
        for name, scores in follower.scores((self.steps, 0)):
            if name == STATES:
                add(measured, f"{STATES}/diverged_{rate}", scores)
                continue
            add(measured, f"{name}/{rate}_converged", scores)
            course = [follower.mean(name, (step, 0)) for step in range(self.steps + 1)]
            more = course[-1] - fmean(given[name])
            worse = more < 0 if metrics[name].higher_is_better else more > 0
            steps = converged(course, tolerance=self.tolerance, hold=self.hold)
            if steps is not None and not diverged and not worse:
                measured.values[f"{name}/{rate}_steps"] = float(steps)
        follower.picture(measured, suffix=f"_{rate}")


def converged(course: Sequence[float], *, tolerance: float, hold: int) -> int | None:
    """Return the first step from which on a course stays near its end, or None.

    Near is within ``tolerance`` times the distance between its start and its end.

    Args:
        course: from step 0 on.
        tolerance: see above.
        hold: at least so many steps must follow.

    >>> course = [0.0, 8.0, 12.0, 9.8, 10.1, 10.0]
    >>> converged(course, tolerance=0.05, hold=2), converged(course, tolerance=0.05, hold=3)
    (3, None)
    """
    near = tolerance * abs(course[-1] - course[0])
    if near == 0:
        return None
    far = [step for step, value in enumerate(course) if not abs(value - course[-1]) <= near]
    first = far[-1] + 1
    return first if first + hold <= len(course) - 1 else None


@contextmanager
def firing(model: Automaton, rate: float) -> Iterator[None]:
    """Give a model another chance to fire, and then its own again.

    Who draws masks reads it from what is stepped, which may stand for the model.
    """
    own = model.fire_rate
    model.fire_rate = rate
    try:
        yield
    finally:
        model.fire_rate = own
