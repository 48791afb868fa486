"""A one-pass model as an automaton of a single step."""

from __future__ import annotations

import torch
from torch import Tensor

from ncabench.nca.model import Automaton, Model, OnePass
from ncabench.nca.state import Layout


class Once(Automaton):
    """Answers to the frozen channels in one step, whatever stood in the visible ones.

    So what trains and tests automata on images that are given does the same with the networks
    they are compared with. Weights are shared.

    Source: none.

    Args:
        model: maps the frozen channels to the visible ones.
        layout: the task's.

    >>> class Negative(OnePass):
    ...     trainers = protocols = ()
    ...     def forward(self, image, condition):
    ...         return 1 - image
    >>> layout = Layout(height=1, width=1, frozen=1, visible=1, hidden=1)
    >>> state = torch.tensor([0.25, 0.5, 9.0]).view(1, 3, 1, 1)
    >>> Once(Negative(), layout).step(state, condition=None, mask=None).flatten().tolist()
    [0.25, 0.75, 9.0]
    """

    trainers = ()
    protocols = ()
    fire_rate = 1.0
    noise = 0.0

    def __init__(self, model: OnePass, layout: Layout) -> None:
        super().__init__()
        self.model = model
        self.layout = layout

    def step(
        self,
        state: Tensor,
        *,
        condition: Tensor | None,
        mask: Tensor | None,  # noqa: ARG002 -- every cell is answered for
        noise: Tensor | None = None,  # noqa: ARG002 -- none is added
    ) -> Tensor:
        """Return the state with the answer in its visible channels."""
        given, rest = state[:, : self.layout.frozen], self.layout.visible_slice.stop
        answer = self.model(given, condition).to(state.dtype)
        return torch.cat([given, answer, state[:, rest:]], dim=1)


def as_automaton(model: Model, layout: Layout) -> Automaton:
    """Return what is stepped of a model: itself, or one pass as a step.

    Args:
        model: an automaton, or a model of one pass.
        layout: the task's.
    """
    if isinstance(model, OnePass):
        return Once(model, layout)
    assert isinstance(model, Automaton)
    return model
