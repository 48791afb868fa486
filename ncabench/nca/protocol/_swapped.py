"""One automaton and one decoder: how they are rolled out together, and what is seen of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ncabench.nca.metric import Metric
from ncabench.nca.model import Automaton
from ncabench.nca.protocol import Measured
from ncabench.nca.protocol._rollouts import Moment, Rollouts
from ncabench.nca.protocol._squares import coarse, spectrum
from ncabench.nca.task import Task

LOOKS = {"layout": coarse, "detail": spectrum}  # what is compared of pictures


class Swapped(Automaton):
    """An automaton whose states are rendered by another's decoder.

    Args:
        automaton: begins and steps.
        decoder: the model that renders.
    """

    trainers = ()
    protocols = ()

    def __init__(self, automaton: Automaton, *, decoder: Automaton) -> None:
        super().__init__()
        self.fire_rate, self.noise = automaton.fire_rate, automaton.noise
        self.automaton, self.decoder = automaton, decoder

    def begin(self, seed: Tensor) -> Tensor:
        """Return the automaton's first state."""
        return self.automaton.begin(seed)

    def step(self, state: Tensor, **told: Any) -> Tensor:
        """Return the automaton's next state."""
        return self.automaton.step(state, **told)

    def end(self, state: Tensor) -> Tensor:
        """Return the image of a state as the other model sees it."""
        return self.decoder.end(state)


class Seen:
    """What was seen of one automaton and one decoder.

    Args:
        metrics: by name.
        square_px: side of a square.
        other: what pictures are compared with besides; None for nothing.

    Attributes:
        labels: of ``other``, one for each sample.
        scores: one for each sample, by the metric's name.
        to_other: the same against ``other``.
        looks: what is compared of pictures, by name; a sample in each row.
    """

    labels: Tensor

    def __init__(
        self, metrics: Mapping[str, Metric], *, square_px: int, other: Task | None
    ) -> None:
        self._metrics, self._square_px, self._other = metrics, square_px, other
        self._met = 0
        self.scores: dict[str, list[float]] = {}
        self.to_other: dict[str, list[float]] = {name: [] for name in metrics}
        self._parts: dict[str, list[Tensor]] = {name: [] for name in LOOKS}

    def see(self, _moment: Moment, answer: Tensor) -> None:
        """Look at the pictures of the next samples."""
        for name, look in LOOKS.items():
            self._parts[name].append(look(answer.float(), side_px=self._square_px).cpu())
        if self._other is not None:
            target = self._other.target(self.labels[self._met : self._met + len(answer)])
            for name, metric in self._metrics.items():
                self.to_other[name] += metric(answer, target).tolist()
        self._met += len(answer)

    def finish(self, record: Rollouts) -> None:
        """Take what was recorded of all samples."""
        end = record.plan.end
        self.scores = {name: found[end, False] for name, found in record.scores.items()}
        self.looks = {name: torch.cat(parts) for name, parts in self._parts.items()}
        self._films = record.frames

    def picture(self, measured: Measured, *, suffix: str) -> None:
        """Add the filmstrips, whose names end with ``suffix``."""
        for sample, seen in self._films.items():
            film = sorted(seen.items(), key=lambda item: item[0])
            name = f"image_{sample}{suffix}"
            measured.frames[name] = torch.stack([frame for _, frame in film])
            measured.frame_steps[name] = [step for (step, _), _ in film]
