"""Rollouts whose activations are computed again in the backward pass."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from ncabench.nca.model import Automaton
from ncabench.nca.rollout import rollout


def rollout_in_segments(
    model: Automaton,
    state: Tensor,
    *,
    condition: Tensor | None,
    masks: Tensor | None,
    noises: Tensor | None = None,
    segments: int = 0,
) -> Tensor:
    """Return the final state, keeping only the states between segments for the gradient.

    Masks and noises are arguments, so what is computed again is the same. With 0 segments
    everything is kept.

    Source: Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016.

    Args:
        model: what is stepped.
        state: ``(B, C, H, W)``.
        condition: what the perception is told, or None.
        masks: ``(T, B, 1, H, W)``; gives the number of steps.
        noises: ``(T, B, C, H, W)`` where the model adds noise.
        segments: parts of the rollout, at most T are used.

    Raises:
        ValueError: segments are asked for and there are no masks to count steps by.
    """
    if segments < 1:
        return rollout(model, state, condition=condition, masks=masks, noises=noises)
    if masks is None:
        raise ValueError("segments need masks, whose first axis counts the steps")
    bounds = torch.linspace(0, len(masks), min(segments, len(masks)) + 1).long().tolist()
    for first, last in pairwise(bounds):
        part = None if noises is None else noises[first:last]

        def segment(
            start: Tensor, chosen: Tensor = masks[first:last], added: Tensor | None = part
        ) -> Tensor:
            return rollout(model, start, condition=condition, masks=chosen, noises=added)

        state = checkpoint(segment, state, use_reentrant=False, preserve_rng_state=False)
    return state
