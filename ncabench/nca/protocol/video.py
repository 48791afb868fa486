"""Frame after frame of a video, each predicted from what was predicted before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from statistics import fmean, stdev

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Automaton, Model
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.protocol import Curve, Measured, Protocol
from ncabench.nca.protocol._cases import cases, evaluating, kept, tested
from ncabench.nca.protocol._unperturbed import refuse
from ncabench.nca.protocol._videos import Films, Rolled, Scored
from ncabench.nca.task import Task
from ncabench.nca.task.video import Video as VideoTask

OF_ENDS = ("newest", "copied", "copied_newest", "empty", "empty_newest")


class Video(Protocol):
    """Starts from the first window of test videos, and goes on from the model's own states.

    A *transition* is ``steps`` updates, after which the state should show the next window of
    frames; the next transition starts from that state, hidden channels included. A score is
    of the whole window against the window that the transition leads to. For each metric NAME
    the values, means over videos, are:

    - ``NAME/start``: before the first update of a transition, mean over transitions;
    - ``NAME/first``, ``NAME/last``: at the end of the first and of the last transition;
    - ``NAME/mean``: at the end of a transition, mean over transitions;
    - ``NAME/newest``: likewise, of the window's newest frame alone, which is no copy;
    - ``NAME/copied``, ``NAME/copied_newest``: of the first window, in place of every
      prediction: what a model scores that changes nothing;
    - ``NAME/empty``, ``NAME/empty_newest``: of black frames, likewise.

    The curves are ``NAME``, over all updates, each state against what its own transition leads
    to, so that it jumps where the next begins; ``NAME_steps``, over the steps of a transition,
    mean over transitions; and ``NAME_frames``, over transitions, from 1. Filmstrips show the
    newest frame at the start and after each transition, and beside it what should be there.

    Fire masks and noise depend on the video's number and the update alone, so every model
    meets the same ones, and ``batch`` changes none.

    Source: NCAtorch, section 3.4 and figure 16 (the squared error over the steps of a
    transition, and frames predicted one after another); how many videos and frames it does
    not say.

    Args:
        steps: updates of a transition.
        transitions: frames predicted of each video.
        rollouts: videos, from the first on.
        batch: videos rolled out together.
        films: videos that have a filmstrip.

    Raises:
        ValueError: a number is below 1; when called, the videos are too short, or something
            is to be perturbed.
        TypeError: when called, ``model`` is no automaton, or the task none of videos.

    >>> Video(steps=0)
    Traceback (most recent call last):
    ValueError: steps must be at least 1, not 0
    """

    def __init__(
        self,
        *,
        steps: int = 16,
        transitions: int = 17,
        rollouts: int = 200,
        batch: int = 50,
        films: int = 2,
    ) -> None:
        given = {"steps": steps, "transitions": transitions, "rollouts": rollouts}
        for name, value in {**given, "batch": batch, "films": films}.items():
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        self.steps, self.transitions = steps, transitions
        self.rollouts, self.batch, self.films = rollouts, batch, films

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
            raise TypeError(f"video needs an automaton, not {type(model).__name__}")
        if not isinstance(task, VideoTask):
            raise TypeError(f"video needs a task of videos, not {type(task).__name__}")
        refuse(perturbation, by="video")
        if self.transitions > task.transitions:
            raise ValueError(
                f"transitions: the videos have {task.transitions}, not {self.transitions}"
            )
        films = Films(count=self.films)
        found: list[Scored] = []
        every = tested(cases(perturbation, classes=task.classes, rollouts=self.rollouts), task)
        with evaluating(model):
            for batch in every.split(self.batch):
                rolled = Rolled(model, task, metrics=metrics, draws=draws, videos=batch)
                found.append(rolled.run(transitions=self.transitions, steps=self.steps))
                films.take(rolled)
        scores = {name: torch.cat([one[name] for one in found], dim=-1) for name in found[0]}
        return self._measured(list(metrics), scores, films)

    def _measured(self, names: Sequence[str], scores: Scored, films: Films) -> Measured:
        measured = Measured(values={})
        for name in names:
            each = scores[name]  # (transitions, steps + 1, videos)
            ends = each[:, -1]
            quantities = {
                "start": each[:, 0].mean(dim=0),
                "first": ends[0],
                "last": ends[-1],
                "mean": ends.mean(dim=0),
                **{what: scores[f"{name}/{what}"].mean(dim=0) for what in OF_ENDS},
            }
            lists = {what: one.tolist() for what, one in quantities.items()}
            means = {f"{name}/{what}": fmean(one) for what, one in lists.items()}
            measured.values.update({key: one for key, one in means.items() if isfinite(one)})
            measured.samples.update(kept(name, lists))
            measured.curves.update(self._curves(name, each))
        for film, frames in films.strips.items():
            measured.frames[film] = torch.stack(frames)
            measured.frame_steps[film] = [self.steps * turn for turn in range(len(frames))]
        return measured

    def _curves(self, name: str, each: Tensor) -> dict[str, Curve]:
        updates = range(self.transitions * self.steps + 1)
        overall = torch.cat([each[0, :1], each[:, 1:].flatten(0, 1)])  # (updates, videos)
        return {
            name: _curve(updates, overall),
            f"{name}_steps": _curve(range(self.steps + 1), each.mean(dim=0)),
            f"{name}_frames": _curve(range(1, self.transitions + 1), each[:, -1]),
        }


def _curve(steps: Sequence[int], scores: Tensor) -> Curve:
    """Return the curve of scores ``(points, videos)``; points that are not finite left out."""
    points = [
        (step, one)
        for step, one in zip(steps, scores.tolist(), strict=True)
        if all(map(isfinite, one))
    ]
    return Curve(
        steps=[step for step, _ in points],
        values=[fmean(one) for _, one in points],
        spreads=[stdev(one) if len(one) > 1 else 0.0 for _, one in points],
    )
