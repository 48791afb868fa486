"""Gaussian noise on a part of an image's pixels, the same in all of its channels."""

from __future__ import annotations

import torch
from torch import Tensor

from ncabench.nca.draws import Draws


def masked_noise(
    image: Tensor,
    *,
    share: float | Tensor,
    deviation: float = 0.2,
    purpose: str = "corruption",
    samples: Tensor,
    draws: Draws,
    index: int | Tensor = 0,
) -> Tensor:
    """Return images with noise on about a share of their pixels, within [0, 1].

    Each pixel is met by itself, with ``share`` as chance; the value that is added to it is the
    same in all channels.

    Source: LNCA, "Datasets", for noise that is the same in all channels; that a share of the
    pixels is met and that this share is what grows, the deviation and the bounds are those of
    its code.

    Args:
        image: ``(B, V, H, W)``, in [0, 1].
        share: chance that a pixel is met, in [0, 1]; or one for each image, ``(B,)``, which is
            not looked at before it is used.
        deviation: the noise's standard deviation, at least 0.
        purpose: what is drawn for.
        samples: ``(B,)``, the images' numbers.
        draws: where chance comes from.
        index: names a repetition, such as the iteration.

    Raises:
        ValueError: ``share`` is not in [0, 1], or ``deviation`` is below 0.

    >>> grey, one = torch.full((1, 3, 2, 2), 0.5), torch.zeros(1, dtype=torch.int64)
    >>> noisy = masked_noise(grey, share=1.0, samples=one, draws=Draws(0))
    >>> bool((noisy == noisy[:, :1]).all()), bool((noisy != grey).all())
    (True, True)
    """
    if not isinstance(share, Tensor) and not 0 <= share <= 1:
        raise ValueError(f"share must be from 0 to 1, not {share}")
    if deviation < 0:
        raise ValueError(f"deviation must be at least 0, not {deviation}")
    batch, _, height, width = image.shape
    cells, shape = height * width, (batch, 1, height, width)
    chance = draws.uniform(f"{purpose}/mask", samples=samples, cells=cells, index=index)
    noise = draws.normal(f"{purpose}/noise", samples=samples, cells=cells, index=index)
    limit = share.view(-1, 1, 1) if isinstance(share, Tensor) else share
    added = torch.where(chance < limit, deviation * noise, 0.0).view(shape)
    return (image + added.to(image.dtype)).clamp(0, 1)
