"""How far an answer is from what it should be, by the names that recipes use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

Distance = Callable[[Tensor, Tensor], Tensor]


def distance(name: Literal["mse", "l1", "pixel_ce"]) -> Distance:
    """Return the loss of that name; it maps two tensors ``(B, A, H, W)`` to a scalar.

    >>> import torch
    >>> float(distance("l1")(torch.zeros(1, 1, 1, 2), torch.full((1, 1, 1, 2), 3.0)))
    3.0
    """
    known: dict[str, Distance] = {"mse": F.mse_loss, "l1": F.l1_loss, "pixel_ce": pixel_ce}
    return known[name]


def pixel_ce(scores: Tensor, target: Tensor) -> Tensor:
    """Return the cross entropy of class scores, averaged over all cells; a scalar.

    The right class of a cell is the plane where the target is greatest, the first of them
    where several are: where the target is zero throughout, that is class 0.

    Source: NCAtorch, equation 8, as its code applies it.

    Args:
        scores: ``(B, classes, H, W)``, logits.
        target: of the same shape, one-hot planes.

    >>> import torch
    >>> even = torch.zeros(1, 4, 1, 1)
    >>> round(float(pixel_ce(even, even).exp()), 4)  # one of four
    4.0
    """
    return F.cross_entropy(scores, target.argmax(dim=1))
