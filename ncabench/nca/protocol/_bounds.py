"""Which states have diverged: not finite any more, or far out of the range of trainings."""

from __future__ import annotations

from torch import Tensor

BOUND = 10.0


def diverged(state: Tensor, *, bound: float = BOUND) -> Tensor:
    """Return which states diverged, ``(B,)``, bool.

    Trainings keep answers in [0, 1] and hidden channels in [-1, 1]; a state diverged where a
    value is not finite or its size exceeds ``bound``.

    Source: none. ViTCA shows divergence in pictures (figures 4 and 6) and gives no criterion.

    Args:
        state: ``(B, C, H, W)``; leave out what is given, which may be out of range.
        bound: the largest size of a value that did not diverge.

    >>> import torch
    >>> diverged(torch.tensor([0.5, -9.0, 11.0, float("nan")]).view(4, 1, 1, 1)).tolist()
    [False, False, True, True]
    """
    return ~(state.abs() <= bound).flatten(1).all(dim=1)
