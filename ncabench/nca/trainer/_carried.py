"""Rollouts of what a model changes of its state, without what it only carries along."""

from __future__ import annotations

import torch
from torch import Tensor

from ncabench.nca.engine import Engine
from ncabench.nca.fires import Fires
from ncabench.nca.model import Automaton
from ncabench.nca.model._restoring import Restoring


def rolled(
    engine: Engine,
    model: Automaton,
    state: Tensor,
    *,
    condition: Tensor | None,
    masks: Tensor | Fires | None,
    noises: Tensor | None = None,
    segments: int = 0,
) -> Tensor:
    """Return the last state, as ``engine.rollout`` does.

    Channels that a model on a latent grid carries for its decoder are no part of the rollout,
    so that no step copies them or keeps them for its gradient.
    """
    core, carried = (model.core, model.carried) if isinstance(model, Restoring) else (model, 0)
    last = engine.rollout(
        core,
        state[:, carried:] if carried else state,
        condition=condition,
        masks=masks,
        noises=noises,
        segments=segments,
    )
    return torch.cat([state[:, :carried], last], dim=1) if carried else last
