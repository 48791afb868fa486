"""Images under patches of any height and width, as many as one likes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ncabench.nca.draws import Draws


@dataclass(frozen=True, kw_only=True)
class Patches:
    """What is masked, and with what.

    Attributes:
        size: height and width of a patch in pixels.
        coverage: chance that a patch is masked, in [0, 1].
        noise: ``"gaussian"``, one standard normal value for each patch, the same in all its
            pixels and channels; or ``"dropout"``, 0.
    """

    size: tuple[int, int]
    coverage: float
    noise: str


def patched(images: Tensor, patches: Patches, *, samples: Tensor, draws: Draws) -> Tensor:
    """Return masked images; patches at the lower and the right border may be cut off.

    Chance depends on the sample, the size of patches and the patch alone: with more coverage
    the same patches stay masked, and more come.

    Args:
        images: ``(B, planes, H, W)``.
        patches: what is masked.
        samples: ``(B,)``, the images' numbers.
        draws: where chance comes from.

    >>> image, first = torch.ones(1, 1, 2, 2), torch.tensor([0])
    >>> whole = Patches(size=(2, 1), coverage=1.0, noise="dropout")
    >>> patched(image, whole, samples=first, draws=Draws(0)).sum()
    tensor(0.)
    """
    height, width = images.shape[-2:]
    down, across = patches.size
    rows, columns = (torch.arange(n, device=images.device) for n in (height, width))
    wide = -(-width // across)
    places = (rows[:, None] // down * wide + columns // across).flatten()
    count, purpose = -(-height // down) * wide, f"patched/{down}x{across}"

    def spread(drawn: Tensor) -> Tensor:
        return drawn[:, 0, places].view(-1, 1, height, width)

    mask = spread(draws.uniform(f"{purpose}/mask", samples=samples, cells=count))
    fill = torch.zeros_like(mask)
    if patches.noise == "gaussian":
        fill = spread(draws.normal(f"{purpose}/noise", samples=samples, cells=count))
    return torch.where(mask < patches.coverage, fill.to(images.dtype), images)
