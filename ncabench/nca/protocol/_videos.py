"""Batches of videos, rolled out frame after frame, scored and pictured."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ncabench.errors import Diverged
from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Automaton
from ncabench.nca.protocol._cases import Cases
from ncabench.nca.rollout import rollout
from ncabench.nca.task.video import Video

Scored = dict[str, Tensor]


class Rolled:
    """One batch of videos, rolled out from transition to transition.

    Attributes:
        pictures: what the model shows at the start and after each transition, ``(B, 1, H, W)``.
        truth: what it should show, likewise.
        numbers: the videos' numbers.
    """

    def __init__(
        self,
        model: Automaton,
        task: Video,
        *,
        metrics: Mapping[str, Metric],
        draws: Draws,
        videos: Cases,
    ) -> None:
        self.model, self.task, self.metrics, self.draws = model, task, metrics, draws
        self.samples, self.labels = videos.samples, videos.old
        self.numbers: list[int] = videos.samples.tolist()
        self.pictures: list[Tensor] = []
        self.truth: list[Tensor] = []
        self._lists: dict[str, list[Tensor]] = {}

    def run(self, *, transitions: int, steps: int) -> Scored:
        """Return NAME's scores ``(transitions, steps + 1, B)``, and ``NAME/...`` of the ends.

        Raises:
            Diverged: a state stopped being finite.
        """
        task = self.task
        first = task.window(self.labels)
        seed = task.seed_state(self.labels, samples=self.samples, draws=self.draws)
        state = self.model.begin(seed)
        self._show(first, first)
        for turn in range(transitions):
            target = task.target(self.labels + turn)
            state = self._transition(
                state, target, updates=range(turn * steps, turn * steps + steps)
            )
            shown = self._shown(state)
            self._show(shown, target)
            self._score("/newest", task.picture(shown), task.picture(target))
            self._score("/copied", first, target)
            self._score("/copied_newest", task.picture(first), task.picture(target))
            self._score("/empty", torch.zeros_like(target), target)
            newest = task.picture(target)
            self._score("/empty_newest", torch.zeros_like(newest), newest)
        scores = {name: torch.stack(each).cpu() for name, each in self._lists.items()}
        for name in self.metrics:
            scores[name] = scores[name].view(transitions, steps + 1, -1)
        return scores

    def _transition(self, state: Tensor, target: Tensor, *, updates: range) -> Tensor:
        def see(_: int, after: Tensor) -> None:
            self._score("", self._shown(after), target)

        see(updates.start, state)
        state = rollout(
            self.model,
            state,
            condition=None,
            masks=self._masks(state, updates),
            noises=self._noises(state, updates),
            observe=see,
            first_step=updates.start,
        )
        if not bool(state.isfinite().all()):
            raise Diverged(f"state_{updates.stop} of the evaluation is not finite")
        return state

    def _shown(self, state: Tensor) -> Tensor:
        return self.model.end(state)[:, self.task.layout.visible_slice]

    def _score(self, what: str, images: Tensor, targets: Tensor) -> None:
        for name, metric in self.metrics.items():
            self._lists.setdefault(name + what, []).append(metric(images, targets))

    def _show(self, images: Tensor, targets: Tensor) -> None:
        self.pictures.append(self.task.picture(images).float())
        self.truth.append(self.task.picture(targets).float())

    def _masks(self, state: Tensor, updates: range) -> Tensor:
        return self.draws.masks(
            "evaluation/fire",
            samples=self.samples,
            steps=updates,
            height=state.shape[2],
            width=state.shape[3],
            rate=self.model.fire_rate,
        )

    def _noises(self, state: Tensor, updates: range) -> Tensor | None:
        if not getattr(self.model, "noise", 0.0):
            return None
        drawn = self.draws.normal(
            "evaluation/noise", samples=self.samples, steps=updates, cells=state[0].numel()
        )
        return drawn.transpose(0, 1).reshape(len(updates), *state.shape)


class Films:
    """The newest frames of the first videos, as predicted and as they should be.

    Attributes:
        strips: name, such as ``"video_0"`` and ``"video_0_target"``: frames ``(1, H, W)``.
    """

    def __init__(self, *, count: int) -> None:
        self.count = count
        self.strips: dict[str, list[Tensor]] = {}

    def take(self, rolled: Rolled) -> None:
        """Keep what there is to show of a batch."""
        for row, video in enumerate(rolled.numbers):
            if video < self.count:
                self.strips[f"video_{video}"] = [one[row].cpu() for one in rolled.pictures]
                target = [one[row].cpu() for one in rolled.truth]
                self.strips[f"video_{video}_target"] = target
