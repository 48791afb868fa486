"""One engine for several trainers in turn, none of which replays what another recorded."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from torch import Tensor

from ncabench.nca.engine import Engine
from ncabench.nca.fires import Fires
from ncabench.nca.model import Automaton


class Staged(Engine):
    """An engine as one stage of a training sees it: its works are kept apart by its name.

    Source: none.

    Args:
        engine: what does the work.
        stage: the stage's name.
    """

    name = "staged"

    def __init__(self, engine: Engine, stage: str) -> None:
        super().__init__(engine.device, engine.amp)
        self.captures, self.notes = engine.captures, engine.notes
        self._engine, self._stage = engine, stage

    def faster(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return self._engine.faster(function)

    def rollout(
        self,
        model: Automaton,
        state: Tensor,
        *,
        condition: Tensor | None,
        masks: Tensor | Fires | None,
        noises: Tensor | None = None,
        segments: int = 0,
    ) -> Tensor:
        return self._engine.rollout(
            model,
            state,
            condition=condition,
            masks=masks,
            noises=noises,
            segments=segments,
        )

    def inference(self, model: Automaton) -> Automaton:
        return self._engine.inference(model)

    def run(self, work: Callable[[], dict[str, Tensor]], *, key: Hashable) -> dict[str, Tensor]:
        return self._engine.run(work, key=(self._stage, key))
