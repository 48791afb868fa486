"""Stepping an automaton: the definition that every faster engine is checked against."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ncabench.nca.model import Automaton


def rollout(
    model: Automaton,
    state: Tensor,
    *,
    condition: Tensor | None,
    masks: Tensor | None,
    noises: Tensor | None = None,
    observe: Callable[[int, Tensor], None] | None = None,
    first_step: int = 0,
) -> Tensor:
    """Step ``model`` once for each mask, and return the last state.

    Source: none; the step itself is the model's.

    Args:
        model: what steps.
        state: ``(B, C, H, W)``, the state after ``first_step`` updates.
        condition: ``(B, K)`` or ``(B, K, h, w)``, told to every step, or None.
        masks: ``(T, B, 1, H, W)`` bool, the cells that update in each step. None lets every
            cell update, once for each of ``noises``.
        noises: ``(T, B, C, H, W)`` standard normal values, or None.
        observe: called as ``observe(t, state_t)`` after each step.
        first_step: updates that ``state`` has behind it, so that t goes on from there.

    Raises:
        ValueError: masks and noises differ in length, or both are None, so that the number
            of steps is unknown.

    Shape:
        result ``(B, C, H, W)``.
    """
    for offset in range(_length(masks, noises)):
        state = model.step(
            state,
            condition=condition,
            mask=None if masks is None else masks[offset],
            noise=None if noises is None else noises[offset],
        )
        if observe is not None:
            observe(first_step + offset + 1, state)
    return state


def _length(masks: Tensor | None, noises: Tensor | None) -> int:
    lengths = {len(each) for each in (masks, noises) if each is not None}
    if not lengths:
        raise ValueError("a rollout needs masks or noises, to know how many steps to take")
    if len(lengths) > 1:
        raise ValueError(f"masks and noises must be of equal length, not {sorted(lengths)}")
    return lengths.pop()
