"""Fill holes in images that were never trained on, and keep them filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from statistics import fmean

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Automaton, Model
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Measured, Protocol
from ncabench.nca.protocol._cases import Scores, cases, evaluating, tested
from ncabench.nca.protocol._filled import HOLE, Filled
from ncabench.nca.protocol._reconstructed import reconstructed
from ncabench.nca.protocol._rollouts import Plan, Rollouts, curve, film_times
from ncabench.nca.protocol._unperturbed import refuse
from ncabench.nca.task import Task
from ncabench.nca.task.inpainting import Inpainting as InpaintingTask

SHARE = "protocol/hole_share"


class Inpainting(Protocol):
    """Rolls an automaton out from test images with a hole, and on from there.

    For each metric NAME the values, means over images, are of the whole image; with ``_hole``
    at their end they are of the true image with the answer in its hole, so that what was
    known cannot count:

    - ``NAME/seed``: of the image with its hole, before anything is done;
    - ``NAME/flat``: of the image whose hole has the mean colour of all that is known;
    - ``NAME/start``, ``NAME/start_hole``: of the automaton's first state; on a latent grid, of
      the image with its hole, encoded and decoded;
    - ``NAME/answer``, ``NAME/answer_hole``: after ``steps`` updates;
    - ``NAME/final``, ``NAME/final_hole``: ``horizon`` updates later;
    - ``NAME/reconstruction``: of a latent automaton, the true image encoded and decoded;
      ``protocol/codes_used``: how many codes all true images need.

    ``protocol/hole_share`` is the share of an image that is missing. The curves are ``NAME``
    and ``NAME_hole`` over steps.

    Images, holes and fire masks depend on a test's number alone, so every model meets the
    same ones, and ``batch`` changes none.

    Source: NCAtorch, section 3.1.4 and figure 10 (faces completed over steps); it prints no
    number, so what is measured is ncabench's.

    Args:
        steps: updates until the answer.
        horizon: updates after it.
        rollouts: test images.
        batch: images rolled out together.
        curve_every: steps between the points of a curve, which has every other measured
            step besides.
        frames: times of a filmstrip, evenly spaced from the first state to the answer; the
            last state is shown besides.
        films: images that have a filmstrip, and beside it one of the seed and the target.

    Raises:
        ValueError: a number is too small; when called, something is to be perturbed.
        TypeError: when called, ``model`` is no automaton, or the task no inpainting.

    >>> Inpainting(steps=0)
    Traceback (most recent call last):
    ValueError: steps must be at least 1, not 0
    """

    version = 1

    def __init__(
        self,
        *,
        steps: int = 24,
        horizon: int = 72,
        rollouts: int = 200,
        batch: int = 20,
        curve_every: int = 1,
        frames: int = 6,
        films: int = 3,
    ) -> None:
        given = {"steps": steps, "horizon": horizon, "rollouts": rollouts, "batch": batch}
        least = dict.fromkeys(given, 1) | {"curve_every": 1, "frames": 2, "films": 0}
        given |= {"curve_every": curve_every, "frames": frames, "films": films}
        for name, value in given.items():
            if value < least[name]:
                raise ValueError(f"{name} must be at least {least[name]}, not {value}")
        self.steps, self.horizon = steps, horizon
        self.rollouts, self.batch = rollouts, batch
        self.curve_every, self.frames, self.films = curve_every, frames, films

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
        if not isinstance(model, Automaton):
            raise TypeError(f"inpainting needs an automaton, not {type(model).__name__}")
        if not isinstance(task, InpaintingTask):
            raise TypeError(f"inpainting needs a task of holes, not {type(task).__name__}")
        refuse(perturbation, by="inpainting")
        plan, pictures = self._plan(), dict[str, Tensor]()
        record = Rollouts(model, task, metrics=metrics, draws=draws, plan=plan)
        still: Scores = {SHARE: []}
        whole = tested(cases(perturbation, classes=1, rollouts=self.rollouts), task)
        with evaluating(model):
            for part in whole.split(self.batch):
                seed = task.seed_state(part.old, samples=part.samples, draws=draws)
                filled = Filled(record, task, part)
                filled.run(seed, steps=plan.end)
                _extend(still, "seed", filled.scores(seed))
                _extend(still, "flat", filled.scores(filled.flat()))
                still[SHARE] += filled.shares
                pictures |= self._pairs(task, part.samples, seed, task.target(part.old))
            measured = self._measured(record, still)
            measured.values.update(
                reconstructed(model, task, metrics, labels=whole.old, batch=self.batch)
            )
        self._show(measured, record, pictures)
        return measured

    def _plan(self) -> Plan:
        end = self.steps + self.horizon
        every = range(0, end, self.curve_every)
        return Plan(
            perturb_at=end,
            end=end,
            measured=frozenset({0, self.steps, end, *every}),
            pictured=frozenset({*film_times(self.steps, frames=self.frames), end}),
            shown=frozenset(range(min(self.films, self.rollouts))),
        )

    def _measured(self, record: Rollouts, still: Scores) -> Measured:
        lists = dict(still)
        for name, scores in record.scores.items():
            moments = {"start": 0, "answer": self.steps, "final": record.plan.end}
            for quantity, step in moments.items():
                lists[_key(name, quantity)] = scores[step, False]
        means = {name: fmean(each) for name, each in lists.items()}
        measured = Measured(values={name: one for name, one in means.items() if isfinite(one)})
        finite = {name: each for name, each in lists.items() if all(map(isfinite, each))}
        measured.samples.update(finite)
        for name, scores in record.scores.items():
            measured.curves[name.replace("/", "_")] = curve(scores)
        return measured

    def _pairs(
        self, task: Task, samples: Tensor, seed: Tensor, target: Tensor
    ) -> dict[str, Tensor]:
        """Return the strips of a batch that show what was given and what is true."""
        pairs = torch.stack([task.picture(seed), task.picture(target)], dim=1).float()
        numbers = enumerate(samples.tolist())
        return {
            f"image_{number}_given_and_true": pairs[row].cpu()
            for row, number in numbers
            if number < self.films
        }

    def _show(self, measured: Measured, record: Rollouts, pairs: Mapping[str, Tensor]) -> None:
        for number, moments in record.frames.items():
            seen = sorted(moments.items(), key=lambda item: item[0])
            film = f"image_{number}"
            measured.frames[film] = torch.stack([frame for _, frame in seen])
            measured.frame_steps[film] = [step for (step, _), _ in seen]
        for film, pair in pairs.items():
            measured.frames[film] = pair
            measured.frame_steps[film] = [0, self.steps]


def _extend(still: Scores, quantity: str, found: Mapping[str, Sequence[float]]) -> None:
    """Add the scores of images whose known part is true, and so the same in the hole."""
    for name, scores in found.items():
        if not name.endswith(HOLE):
            still.setdefault(f"{name}/{quantity}", []).extend(scores)


def _key(name: str, quantity: str) -> str:
    """Return ``NAME/quantity``, or of ``NAME/hole`` ``NAME/quantity_hole``."""
    metric, _, hole = name.partition("/")
    return f"{metric}/{quantity}_{hole}" if hole else f"{metric}/{quantity}"
