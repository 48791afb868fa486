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
    where several are: where the target is zero throughout, that is class 0. Sums are in a
    fixed order on every device, which those of PyTorch's own are not on a GPU.

    Source: NCAtorch, equation 8, as its code applies it.

    Args:
        scores: ``(B, classes, H, W)``, logits.
        target: of the same shape, one-hot planes.

    >>> import torch
    >>> even = torch.zeros(1, 4, 1, 1)
    >>> round(float(pixel_ce(even, even).exp()), 4)  # one of four
    4.0
    """
    right = class_planes(target).to(scores.dtype)
    return (scores.logsumexp(dim=1) - (scores * right).sum(dim=1)).mean()


def class_planes(target: Tensor) -> Tensor:
    """Return for each cell the class that it is of, as one-hot planes; ``(B, K, H, W)``.

    >>> import torch
    >>> class_planes(torch.tensor([0.0, 0.5, 0.0]).view(1, 3, 1, 1)).flatten().tolist()
    [0, 1, 0]
    """
    return F.one_hot(target.argmax(dim=1), target.shape[1]).movedim(-1, 1)
