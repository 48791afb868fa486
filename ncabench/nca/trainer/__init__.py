"""Trainers: how weights are found, one iteration at a time.

A trainer's ``__init__`` takes ``model``, ``task``, ``draws`` and ``engine`` from the harness;
by keyword only, the recipe that ``[train]`` sets. It logs nothing, saves nothing and prints
nothing: whoever calls `advance` does.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ncabench.nca.draws import Draws
from ncabench.nca.engine import Engine


class Trainer(ABC):
    """A training in progress.

    What changes from one iteration to the next is decided in two places. `decide` does what
    only the host can: numbers that choose operations and shapes, such as the length of a
    rollout, and the learning rate. `work` does the rest on the device; it reads the
    iteration from `clock` and must not wait for the device, so that an engine may record it
    once for each answer of `decide` and replay it.

    Attributes:
        iteration: iterations done.
        iterations: iterations to do.
        clock: the same as ``iteration``, on the device, while `work` runs.
        worst: the greatest absolute loss since it was last set to 0, infinite after one that
            is not a number; on the device.
    """

    version: ClassVar[int] = 1
    iteration: int
    iterations: int

    def __init__(self, model: nn.Module, draws: Draws, engine: Engine) -> None:
        self._whole = model
        self.engine = engine
        self.device = next(model.parameters()).device
        self.draws = draws
        if engine.captures:
            self.draws = Draws(draws.rng_seed, faster=engine.faster)
        self._worse = engine.faster(_worse) if engine.captures else _worse
        self.iteration = 0
        self.clock = torch.zeros((), dtype=torch.int64, device=self.device)
        self.worst = torch.zeros((), device=self.device)

    def advance(self) -> dict[str, Tensor]:
        """Do one iteration and return its scalars, detached, on the device.

        ``"loss"`` is always among them. They hold until the next call. Nothing here waits
        for the device.
        """
        decided = self.decide()
        scalars = self.engine.run(lambda: self._turn(decided), key=decided)
        self.iteration += 1
        return scalars

    def trained(self) -> dict[str, nn.Parameter]:
        """Return the weights that change, by name: those of the model that are not frozen."""
        named = self._whole.named_parameters()
        return {name: weight for name, weight in named if weight.requires_grad}

    def _turn(self, decided: Hashable) -> dict[str, Tensor]:
        scalars = self.work(decided)
        self.worst.copy_(self._worse(self.worst, scalars["loss"]))
        self.clock += 1
        return scalars

    @abstractmethod
    def decide(self) -> Hashable:
        """Prepare the next iteration, and return what decides its operations and shapes."""

    @abstractmethod
    def work(self, decided: Any) -> dict[str, Tensor]:
        """Do an iteration on the device, as `decide` answered; return its scalars."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Return all that `load_state_dict` needs, weights included, to go on bit for bit."""

    @abstractmethod
    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take up where `state_dict` left off."""

    def go_to(self, iteration: int) -> None:
        """Let the next iteration be ``iteration``, counted from 0."""
        self.iteration = iteration
        self.clock.fill_(iteration)


def _worse(worst: Tensor, loss: Tensor) -> Tensor:
    """Return the greater of two losses, infinite where the second is not a number."""
    loss = loss.abs().float()
    return torch.maximum(worst, torch.where(loss.isfinite(), loss, math.inf))
