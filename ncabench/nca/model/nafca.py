"""An automaton whose cells multiply where those of ViTCA attend: NAFCA."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from ncabench.nca.glorot import glorot
from ncabench.nca.model._changing import Changing
from ncabench.nca.model._channel_norm import ChannelNorm, gated
from ncabench.nca.state import Layout
from ncabench.nca.weights import Keyed

EPSILON = 1e-6


class NAFCA(Changing):
    """A synchronous automaton without activation functions: LNCA's lighter core.

    A step has three parts; c is the number of channels of a cell, its condition included, and
    a gate multiplies the first half of the channels by the second.

    - Perception: a norm over channels, 1x1 to 2c, 1x1 that makes two of each channel, a gate;
      times a 3x3 convolution to one channel, the only look at neighbours; 1x1 to c. The state
      plus this, times a factor for each channel.
    - Update: a norm, 1x1 to 4c, a gate, 1x1 to c; likewise added, with factors of its own.
    - Head: a norm, and 1x1 to what output and hidden channels change by.

    Factors start at 0, and the head as other layers do, so that first steps change much. The
    border is zero, and every cell lives, whatever the task's layout says of that.

    Source: LNCA, "Architecture", "Neural Cellular Automata"; the grouped convolution, the
    factors, the widths and the first weights are those of its code, the text being silent.

    Args:
        layout: the task's: frozen channels are the input.
        fire_rate: chance that a cell updates in a step; 1.0 updates all, synchronously.
        dropout: only 0. The code drops a tenth of what perception and update add while it
            trains; a step here is handed no chance to do so.
        init: of the kernels: ``"glorot"``, as Keras does, with biases of zero, or
            ``"pytorch"``, as PyTorch does.

    Shape:
        state ``(B, C, H, W)``; a step keeps that.

    Raises:
        ValueError: ``dropout`` is not 0, ``fire_rate`` is not in (0, 1]; in `step`, a
            condition is missing or not read.

    >>> NAFCA(Layout(height=8, width=8, frozen=16, visible=16, hidden=32)).parameter_count()
    46769
    """

    version = 1
    trainers = ("rollout",)
    protocols = ("recovery", "quality")

    def __init__(
        self,
        layout: Layout,
        *,
        fire_rate: float = 1.0,
        dropout: float = 0.0,
        init: Literal["glorot", "pytorch"] = "glorot",
    ) -> None:
        super().__init__(layout, fire_rate=fire_rate)
        if dropout != 0:
            raise ValueError(f"dropout must be 0, not {dropout}: a step is handed no chance")
        self.init = init
        cell, changed = layout.perceived, layout.channels - layout.frozen
        self.before_perception = ChannelNorm(cell, epsilon=EPSILON)
        self.widen = nn.Conv2d(cell, 2 * cell, 1)
        self.split = nn.Conv2d(2 * cell, 4 * cell, 1, groups=2 * cell)
        self.look = nn.Conv2d(2 * cell, 1, 3, padding=1)
        self.perceive = nn.Conv2d(2 * cell, cell, 1)
        self.perception_factor = nn.Parameter(torch.zeros(cell, 1, 1))
        self.before_update = ChannelNorm(cell, epsilon=EPSILON)
        self.expand = nn.Conv2d(cell, 4 * cell, 1)
        self.narrow = nn.Conv2d(2 * cell, cell, 1)
        self.update_factor = nn.Parameter(torch.zeros(cell, 1, 1))
        self.before_head = ChannelNorm(cell, epsilon=EPSILON)
        self.head = nn.Conv2d(cell, changed, 1)

    def initialise(self, keyed: Keyed) -> None:
        """Draw the kernels as ``init`` says, and start from factors of zero."""
        if self.init == "glorot":
            glorot(self, keyed)
        nn.init.zeros_(self.perception_factor)
        nn.init.zeros_(self.update_factor)

    def change(self, shown: Tensor) -> Tensor:
        """Return the head's answer."""
        wide = gated(self.split(self.widen(self.before_perception(shown))))  # (B, 2c, H, W)
        seen = self.perceive(wide * self.look(wide))
        cells = shown + self.perception_factor * seen
        thought = self.narrow(gated(self.expand(self.before_update(cells))))
        cells = cells + self.update_factor * thought
        answer: Tensor = self.head(self.before_head(cells))
        return answer
