"""Principal components of many long vectors, and how well classes keep apart in them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

AT_ONCE = 2048  # features that are worked on together, to bound memory


@dataclass(frozen=True, kw_only=True)
class Components:
    """The first principal components of N vectors.

    Attributes:
        places: ``(N, K)``, where each vector lies along them, in float64.
        explained: ``(K,)``, each one's share of the variance.
    """

    places: Tensor
    explained: Tensor


def gram(vectors: Tensor) -> Tensor:
    """Return the products of vectors ``(N, F)`` with each other, about their mean, ``(N, N)``.

    In float64, a part of the features at a time.

    >>> gram(torch.tensor([[1.0, 5.0], [3.0, 5.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]], dtype=torch.float64)
    """
    found = torch.zeros(len(vectors), len(vectors), dtype=torch.float64, device=vectors.device)
    for first in range(0, vectors.shape[1], AT_ONCE):
        one = vectors[:, first : first + AT_ONCE].double()
        one = one - one.mean(dim=0)
        found += one @ one.T
    return found


def components(products: Tensor, *, count: int) -> Components:
    """Return the first principal components of vectors, from `gram` of them.

    The sign of each component is such that the vector farthest out along it lies on its
    positive side; of several as far out, the first. Components without variance are 0.

    Args:
        products: ``(N, N)``, from `gram`.
        count: K, at most N.

    >>> found = components(gram(torch.tensor([[0.0, 0.0], [3.0, 4.0], [9.0, 12.0]])), count=2)
    >>> found.places[:, 0].mul(3).round().tolist()  # 20 / 3 below the mean of 0, 5 and 15
    [-20.0, -5.0, 25.0]
    >>> found.explained.round().tolist()
    [1.0, 0.0]
    """
    variances, directions = torch.linalg.eigh(products)
    variances, directions = variances.flip(0)[:count].clamp(min=0), directions.flip(1)
    directions = directions[:, :count]
    sizes = directions.abs()
    farthest = (sizes >= sizes.amax(dim=0) * (1 - 1e-9)).int().argmax(dim=0)
    signs = directions.gather(0, farthest[None]).sign()
    total = products.diagonal().sum().clamp(min=torch.finfo(torch.float64).tiny)
    return Components(places=directions * signs * variances.sqrt(), explained=variances / total)


def separation(products: Tensor, classes: Tensor, *, neighbours: int) -> float:
    """Return how often its nearest others are of an image's own class, in %.

    Each vector is given the class that most of its nearest others have; of classes with as
    many, the one that has the nearest. The result is the share of vectors that are so given
    their own class.

    Args:
        products: ``(N, N)``, from `gram`; distances are those between the vectors.
        classes: ``(N,)``, integers from 0.
        neighbours: how many others vote, below N.

    >>> line = torch.tensor([[0.0], [1.0], [2.5], [10.0], [11.0]])
    >>> separation(gram(line), torch.tensor([0, 0, 1, 1, 1]), neighbours=1)
    80.0
    """
    sizes = products.diagonal()
    distances = sizes[:, None] + sizes - 2 * products
    distances.fill_diagonal_(torch.inf)
    nearest = distances.sort(dim=1, stable=True).indices[:, :neighbours]
    ranks = torch.arange(neighbours, device=products.device)
    votes = (1 + 0.25 * 0.5**ranks).double().expand(len(products), -1)  # below half in all
    counts = votes.new_zeros(len(products), int(classes.max()) + 1)
    counts.scatter_add_(1, classes[nearest], votes)
    right: float = (counts.argmax(dim=1) == classes).double().mean().item()
    return 100 * right
