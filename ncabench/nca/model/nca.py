"""The neural cellular automaton: perceive, change, and mask who changes and who lives."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from ncabench.nca.model import Automaton
from ncabench.nca.perception import Perception
from ncabench.nca.state import Layout, living, spread
from ncabench.nca.update import Update


class NCA(Automaton):
    """An automaton whose cells add a learned change to their state.

    One step, in this order: noise on the state (if so set); perception of state and
    condition; update; step size; noise on the change (if so set); only the cells of the mask
    change; cells that did not live before the step, or do not after it, become zero (where
    the layout has an alive channel; life before is judged ahead of any noise); normalising;
    clamping. Frozen channels are perceived and stay as they were, whatever the rest does.

    Source: NCAtorch, equation 2 and section 2.1; the order is its code's. Noise stands on
    the change in its first public versions, on the state in later ones; normalising is of
    the first, clamping of the later ones.

    Args:
        layout: what the channels mean.
        perception: built for ``layout.perceived`` channels.
        update: built for the perception's percepts and ``layout.channels`` channels.
        fire_rate: the chance that a cell updates in a step; whoever draws masks reads it.
        clamp: keep all channels within -1 and 1.
        noise: standard deviation of the noise; 0 for none.
        noise_at: where noise is added, before the perception or after the update.
        normalise: divide each sample by its standard deviation over channels and cells.
        step_size: factor on the change.

    Shape:
        `step` maps ``(B, C, H, W)`` to ``(B, C, H, W)``, same dtype.

    Raises:
        ValueError: ``fire_rate`` is not in (0, 1], or ``noise`` is negative; in `step`,
            noise or a condition is missing, or a condition is given that nobody reads.

    >>> from ncabench.nca.perception.sobel import Sobel
    >>> from ncabench.nca.update.mlp import MLP
    >>> layout = Layout(height=8, width=8, visible=4, hidden=12, condition=5, alive=3)
    >>> model = NCA(layout, Sobel(layout.perceived), MLP(84, layout.channels))
    >>> model.parameter_count()
    8096
    >>> told = torch.eye(5)[:2]
    >>> dead = model.step(torch.zeros(2, 16, 8, 8), condition=told, mask=None)
    >>> int(dead.count_nonzero())  # nothing grows where nothing lives
    0
    """

    version = 1
    parts = ("perception", "update")
    trainers: ClassVar[tuple[str, ...]] = ("rollout", "wgan_gp", "denoising")
    protocols: ClassVar[tuple[str, ...]] = (
        "recovery",
        "quality",
        "generation",
        "denoising",
        "resilience",
        "stability",
        "update_rates",
        "larger_grid",
        "linear_probe",
        "unseen_masks",
        "extreme_masks",
        "hidden_states",
    )

    def __init__(
        self,
        layout: Layout,
        perception: Perception,
        update: Update,
        *,
        fire_rate: float = 0.5,
        clamp: bool = False,
        noise: float = 0.0,
        noise_at: Literal["state", "update"] = "state",
        normalise: bool = False,
        step_size: float = 1.0,
    ) -> None:
        super().__init__()
        if not 0 < fire_rate <= 1:
            raise ValueError(f"fire_rate must be above 0 and at most 1, not {fire_rate}")
        if noise < 0:
            raise ValueError(f"noise must be 0 or more, not {noise}")
        self.layout = layout
        self.perception = perception
        self.update = update
        self.fire_rate = fire_rate
        self.clamp = clamp
        self.noise = noise
        self.noise_at = noise_at
        self.normalise = normalise
        self.step_size = step_size

    def step(
        self,
        state: Tensor,
        *,
        condition: Tensor | None,
        mask: Tensor | None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Return the next state, in the order that the class states."""
        if self.noise > 0 and noise is None:
            raise ValueError(f"this automaton adds noise of {self.noise}, but none was given")
        frozen = self.layout.frozen
        kept, own = state[:, :frozen], state[:, frozen:]
        shaken = self.noise * noise[:, frozen:] if noise is not None and self.noise else None
        if shaken is not None and self.noise_at == "state":
            own = own + shaken
        change = self._change(self._joined(kept, own), condition)[:, frozen:]
        if shaken is not None and self.noise_at == "update":
            change = change + shaken
        if mask is not None:
            change = change * mask
        own = self._bounded(self._survivors(state, own + change))
        return self._joined(kept, own)

    def features(self, shown: Tensor) -> Tensor:
        """Return the hidden channels of a state."""
        return shown[:, self.layout.hidden_slice]

    def _joined(self, kept: Tensor, own: Tensor) -> Tensor:
        return torch.cat([kept, own], dim=1) if self.layout.frozen else own

    def _change(self, state: Tensor, condition: Tensor | None) -> Tensor:
        planes = self.layout.condition
        if (condition is None) != (planes == 0):
            given = "none was given" if condition is None else "one was given"
            raise ValueError(f"the layout has {planes} condition channels, but {given}")
        if condition is not None:
            height, width = state.shape[-2:]
            told = spread(condition, height=height, width=width)
            percepts = self.perception(torch.cat([state, told], dim=1))
        else:
            percepts = self.perception(state)
        change: Tensor = self.update(percepts)
        return change if self.step_size == 1 else change * self.step_size

    def _survivors(self, before: Tensor, after: Tensor) -> Tensor:
        alive = self.layout.alive
        if alive is None:
            return after
        lives = living(before, channel=alive)
        if alive >= self.layout.frozen:  # a frozen alive channel is the same after the step
            lives = lives & living(after, channel=alive - self.layout.frozen)
        return after * lives

    def _bounded(self, own: Tensor) -> Tensor:
        if self.normalise:
            sd = own.std(dim=(1, 2, 3), keepdim=True)
            own = own / sd.clamp_min(1e-8)  # a dead grid stays zero
        return own.clamp(-1, 1) if self.clamp else own
