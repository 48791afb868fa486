"""Trains in two stages: first one part of a model, then another."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from torch import Tensor, nn

from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine
from ncabench.nca.engine.staged import Staged
from ncabench.nca.model import Model
from ncabench.nca.task import Task
from ncabench.nca.trainer import Trainer


class Stages(Trainer):
    """Lets a second trainer begin when a first has done its iterations.

    They have the same model, task and draws; each counts its own iterations from 0, so its
    schedule ends with its stage. The iterations of both are those of this one. What is
    saved is the stage that runs.

    Source: NCAtorch, section 3.1.4 and appendix A.2: an autoencoder is trained and frozen,
    then the automaton.

    Args:
        first: the trainer of the first stage, such as ``autoencoder``.
        then: the trainer of the second, such as ``rollout``.

    >>> Stages.version
    1
    """

    version = 1

    def __init__(
        self,
        model: Model,
        task: Task,
        draws: Draws,
        engine: Engine,
        *,
        first: Trainer,
        then: Trainer,
    ) -> None:
        super().__init__(model, draws, engine)
        self.model, self.task = model, task
        self.first, self.then = first, then
        self.iterations = first.iterations + then.iterations
        for name, stage in (("first", first), ("then", then)):
            stage.engine = Staged(engine, name)
            stage.worst = self.worst  # one, whichever runs

    @property
    def running(self) -> Trainer:
        """The trainer of the next iteration."""
        return self.first if self.iteration < self.first.iterations else self.then

    def trained(self) -> dict[str, nn.Parameter]:
        return {**self.first.trained(), **self.then.trained()}

    def advance(self) -> dict[str, Tensor]:
        """Do one iteration of the stage that runs; see the contract."""
        scalars = self.running.advance()
        self.iteration += 1
        self.clock += 1
        return scalars

    def decide(self) -> Hashable:
        """Return what the stage that runs decides."""
        return self.running.decide()

    def work(self, decided: Any) -> dict[str, Tensor]:
        return self.running.work(decided)

    def state_dict(self) -> dict[str, Any]:
        return {"iteration": self.iteration, "running": self.running.state_dict()}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        self.go_to(saved["iteration"])
        self.running.load_state_dict(saved["running"])

    def go_to(self, iteration: int) -> None:
        super().go_to(iteration)
        length = self.first.iterations
        self.first.go_to(min(iteration, length))
        self.then.go_to(max(iteration - length, 0))
