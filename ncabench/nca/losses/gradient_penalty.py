"""The penalty that keeps a critic's slope near 1."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def gradient_penalty(
    scores: Callable[[Tensor], Tensor], real: Tensor, false: Tensor, *, share: Tensor
) -> Tensor:
    """Return how far a critic's slope is from 1 between real images and false; a scalar.

    The mean over samples of ``(|gradient| - 1)**2``, the gradient of the sum of a sample's
    scores by what the critic sees of it being taken at ``share * real + (1 - share) * false``,
    and its length over all channels and cells. It can itself be differentiated.

    Source: Gulrajani et al., "Improved Training of Wasserstein GANs", NIPS 2017, equation 3;
    of a map of scores, NCAtorch's code takes the sum.

    Args:
        scores: maps images ``(B, C, H, W)`` to scores, one or more of each.
        real: ``(B, C, H, W)``.
        false: of the same shape.
        share: ``(B,)`` in [0, 1], of the real one.

    >>> one = torch.ones(1, 1, 2, 2)
    >>> slope = lambda images: 2 * images.sum(dim=(1, 2, 3))  # 2 in each of 4 cells, so 4
    >>> float(gradient_penalty(slope, one, one, share=torch.tensor([0.5])))
    9.0
    """
    part = share.to(real.dtype).view(-1, 1, 1, 1)
    between = (part * real + (1 - part) * false).detach().requires_grad_()
    (slope,) = torch.autograd.grad(scores(between).sum(), between, create_graph=True)
    length: Tensor = torch.linalg.vector_norm(slope, dim=(1, 2, 3))
    return (length - 1).square().mean()
