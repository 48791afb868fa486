"""What all pools ask of the states they store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor


def good(state: Tensor) -> Tensor:
    """Return which states are finite and somewhere not zero, ``(B,)``."""
    largest = state.abs().flatten(1).amax(dim=1)
    return largest.isfinite() & (largest > 0)


def insist_that_it_fits(saved: Mapping[str, Any], *, size: int, states: Tensor) -> int:
    """Return how many states were saved; they must fit into a pool of ``size`` states.

    Raises:
        ValueError: they were saved of a larger pool, or are of another shape.
    """
    held, shape = len(saved["states"]), saved["states"].shape[1:]
    if held > size or shape != states.shape[1:]:
        raise ValueError(
            f"a pool of {size} states {tuple(states.shape[1:])} cannot hold "
            f"the saved {held} states {tuple(shape)}"
        )
    return held
