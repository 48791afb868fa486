"""A rollout that computes only the cells that fire.

A cell outside the mask keeps its state, whatever its percepts, so they are not computed: at
the usual fire rate of 1/2 that is half of all the arithmetic of a rollout. What is computed
is the same, up to the order of sums.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeGuard

import torch
from torch import Tensor

from ncabench.nca.engine import attending as attending  # registers its row forms
from ncabench.nca.engine import sampled as sampled  # likewise
from ncabench.nca.engine.cells import Firing, Grid, Taps, neighbours, spread
from ncabench.nca.engine.senses import (
    Fired,
    Sense,
    Thought,
    Wide,
    sense,
    think,
    torus,
)
from ncabench.nca.model import Automaton
from ncabench.nca.model.nca import NCA
from ncabench.nca.state import living

Step = Callable[..., Tensor]


class FiredRollout:
    """Rolls an automaton out by its firing cells.

    Args:
        model: what is rolled out.
        faster: makes the step faster; it is called once.
        fastest: likewise, where no gradient is wanted; None for ``faster``.
    """

    def __init__(
        self,
        model: NCA,
        faster: Callable[[Step], Step],
        *,
        fastest: Callable[[Step], Step] | None = None,
    ) -> None:
        found = sense(model.perception, model.layout.channels), think(model.update)
        assert found[0] is not None
        assert found[1] is not None
        self.model = model
        self.sense: Sense = found[0]
        self.thought: Thought = found[1]
        self.grid = Grid(batch=1, height=1, width=1)
        self.operands = torch.float32
        self.sensing = 0  # constants that are the perception's
        self.tables: dict[tuple[Taps, Grid], Tensor] = {}
        self.step = faster(self._step)
        self.step_alone = (fastest or faster)(self._step)

    @classmethod
    def takes(cls, model: Automaton) -> TypeGuard[NCA]:
        """Whether a model can be rolled out so."""
        return not cls.refused(model)

    @staticmethod
    def refused(model: Automaton) -> str:
        """Return why a model cannot be rolled out so, or ``""``."""
        if type(model) is not NCA:
            return f"no row form of the model {type(model).__name__}"
        if sense(model.perception, model.layout.channels) is None:
            return f"no row form of the perception {type(model.perception).__name__}"
        if think(model.update) is None:
            return f"no row form of the update {type(model.update).__name__}"
        if model.noise > 0 or model.normalise:
            return "noise and normalising touch every cell"
        if model.fire_rate > 0.9:
            return "all cells fire"
        if model.layout.condition and not torus(model.perception):
            return "a condition is not the same at the border of a grid that is no torus"
        return ""

    def __call__(
        self, state: Tensor, *, condition: Tensor | None, masks: Tensor, operands: torch.dtype
    ) -> Tensor:
        """Return the last state, of type float32 or wider.

        Args:
            state: ``(B, C, H, W)``.
            condition: ``(B, K)``, or None.
            masks: ``(T, B, 1, H, W)`` bool.
            operands: the type that weights are multiplied in.
        """
        batch, _, height, width = state.shape
        self.grid = Grid(batch=batch, height=height, width=width)
        self.operands = operands
        firing = Firing.of(masks, capacity=self.grid.capacity(self.model.fire_rate))
        weights = self._weights(condition, steps=len(masks))
        rows = self.grid.rows(state) + firing.excess.to(state.dtype)
        step = self.step if torch.is_grad_enabled() else self.step_alone
        for turn, constants in enumerate(weights):
            places = (firing.rows[turn], firing.place[turn], firing.valid[turn])
            rows = step(rows, *places, *constants)
        return self.grid.planes(rows)

    def _weights(self, condition: Tensor | None, *, steps: int) -> list[tuple[Tensor, ...]]:
        """Return every step's own view of the weights, so that gradients are added up once."""
        sensing = self.sense.constants(condition, self._around)
        self.sensing = len(sensing)
        views = [self._views(one, steps) for one in (*sensing, *self.thought.constants())]
        return [tuple(view[turn] for view in views) for turn in range(steps)]

    def _views(self, constant: Tensor | Wide, steps: int) -> Sequence[Tensor]:
        if isinstance(constant, Wide):
            cast = constant.values
        elif constant.is_floating_point():
            cast = constant.to(self.operands)
        else:
            return [constant] * steps
        return cast.expand(steps, *cast.shape).unbind(0)

    def _around(self, taps: Taps) -> Tensor:
        """Return the table of neighbours; kept, since a recorded program reads it again."""
        key = taps, self.grid
        if key not in self.tables:
            device = next(self.model.parameters()).device
            self.tables[key] = neighbours(taps, self.grid, device=device)
        return self.tables[key]

    def _step(
        self, values: Tensor, rows: Tensor, place: Tensor, valid: Tensor, *constants: Tensor
    ) -> Tensor:
        fired: Fired = (values, rows, place, self.grid, self.operands)
        percepts = self.sense.percepts(fired, constants[: self.sensing])
        change = self.thought.change(percepts, constants[self.sensing :]).to(values.dtype)
        if self.model.step_size != 1:
            change = change * self.model.step_size
        return self._bounded(values, spread(change, rows, place, valid))

    def _bounded(self, values: Tensor, change: Tensor) -> Tensor:
        frozen, alive = self.model.layout.frozen, self.model.layout.alive
        own = values[:, frozen:] + change[:, frozen:]
        if alive is not None:
            lives = living(self.grid.planes(values[:, alive : alive + 1]), channel=0)
            if alive >= frozen:
                after = own[:, alive - frozen : alive - frozen + 1]
                lives = lives & living(self.grid.planes(after), channel=0)
            own = own * self.grid.rows(lives)
        if self.model.clamp:
            own = own.clamp(-1, 1)
        return torch.cat([values[:, :frozen], own], dim=1) if frozen else own
