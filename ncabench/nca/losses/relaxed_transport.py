"""How far two sets of features are apart, when each may go to the nearest of the other."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def relaxed_transport(seen: Tensor, wanted: Tensor) -> Tensor:
    """Return the relaxed transport cost between sets of features; ``(B,)``.

    The distance of two features is one minus the cosine between them. Where each feature of
    one set goes to the nearest of the other, the cost is a mean of least distances; of the two
    sets' costs the greater counts.

    Source: Kolkin et al., "Style Transfer by Relaxed Optimal Transport and Self-Similarity",
    2019, equations 5 and 6; Cells to Pixels, the loss of textures.

    Shape:
        seen ``(B, C, N)``, wanted ``(B, C, M)``.

    Raises:
        ValueError: the sets differ in samples or in features.

    >>> seen = torch.tensor([[[1.0, 1.0], [0.0, 0.0]]])  # twice the same direction
    >>> wanted = torch.tensor([[[2.0, 0.0], [0.0, 3.0]]])  # that, and one across it
    >>> relaxed_transport(seen, wanted).tolist()  # the second is far from all that is seen
    [0.5]
    """
    _check(seen, wanted)
    far = 1 - F.normalize(seen, dim=1).transpose(1, 2) @ F.normalize(wanted, dim=1)
    there, back = far.amin(dim=2).mean(dim=1), far.amin(dim=1).mean(dim=1)
    return torch.maximum(there, back)


def moments(seen: Tensor, wanted: Tensor) -> Tensor:
    """Return how far means and covariances of sets of features are apart; ``(B,)``.

    Absolute differences, averaged over features, and over pairs of features. A covariance is
    divided by the number of features in the set, less one.

    Source: Kolkin et al., 2019, equation 7; Cells to Pixels, the loss of textures. By what a
    covariance is divided is nowhere stated.

    Shape:
        seen ``(B, C, N)``, wanted ``(B, C, M)``.

    Raises:
        ValueError: the sets differ in samples or in features.

    >>> seen, wanted = torch.tensor([[[1.0, 3.0]]]), torch.tensor([[[5.0, 5.0]]])
    >>> moments(seen, wanted).tolist()  # means 2 and 5, variances 2 and 0
    [5.0]
    """
    _check(seen, wanted)
    (mean, spread), (other, others_spread) = _moments(seen), _moments(wanted)
    apart: Tensor = (mean - other).abs().mean(dim=(1, 2))
    return apart + (spread - others_spread).abs().mean(dim=(1, 2))


def chosen(maps: Tensor, places: Tensor) -> Tensor:
    """Return the features at some cells of maps.

    Shape:
        maps ``(B, C, H, W)``; places ``(N,)``, cells counted row by row; result ``(B, C, N)``.

    >>> chosen(torch.arange(6.0).view(1, 1, 2, 3), torch.tensor([0, 4])).tolist()
    [[[0.0, 4.0]]]
    """
    return maps.flatten(2).index_select(2, places)


def _moments(features: Tensor) -> tuple[Tensor, Tensor]:
    mean = features.mean(dim=2, keepdim=True)
    centred = features - mean
    return mean, centred @ centred.transpose(1, 2) / max(features.shape[2] - 1, 1)


def _check(seen: Tensor, wanted: Tensor) -> None:
    if seen.shape[:2] != wanted.shape[:2]:
        sizes = f"{tuple(seen.shape)} and {tuple(wanted.shape)}"
        raise ValueError(f"sets must be of equal samples and features, not {sizes}")
