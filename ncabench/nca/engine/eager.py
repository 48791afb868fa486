"""Plain PyTorch: the definition."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from torch import Tensor

from ncabench.nca.engine import Engine
from ncabench.nca.fires import Fires, drawn
from ncabench.nca.model import Automaton
from ncabench.nca.segments import rollout_in_segments


class Eager(Engine):
    """Does what is asked, operation by operation.

    Source: none; it is what every other engine is checked against.
    """

    name = "eager"

    def faster(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return function

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
        return rollout_in_segments(
            model,
            state,
            condition=condition,
            masks=drawn(masks),
            noises=noises,
            segments=segments,
        )

    def inference(self, model: Automaton) -> Automaton:
        return model

    def run(self, work: Callable[[], dict[str, Tensor]], *, key: Hashable) -> dict[str, Tensor]:  # noqa: ARG002 -- the contract's
        return work()
