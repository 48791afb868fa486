"""How far a grown image is from its target, in colours and in shape."""

from __future__ import annotations

from torch import Tensor

ALPHA = 3
FACTOR = 2.0


def both(seen: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean absolute plus the mean squared difference of images; ``(B,)``.

    Source: Cells to Pixels, the loss of growing, terms "L1 + L2".

    Shape:
        seen and wanted ``(B, ...)``.

    >>> import torch
    >>> both(torch.tensor([[1.0, 3.0]]), torch.tensor([[1.0, 1.0]])).tolist()  # 2/2 + 4/2
    [3.0]
    """
    apart = (seen - wanted).flatten(1)
    return apart.abs().mean(dim=1) + apart.square().mean(dim=1)


def morphology(image: Tensor, target: Tensor, *, fine: Tensor) -> Tensor:
    """Return the loss of a grown image, but for its perceptual term; ``(B,)``.

    The image is compared with the target, and so is twice the interpolated alpha channel of
    the cells with the target's alpha, so that cells live where something is to be seen.

    Source: Cells to Pixels, the loss of growing, terms (i) and (ii), each of weight 1; the
    factor of 2 is of its authors' code alone.

    Args:
        image: ``(B, 4, H, W)``, rendered.
        target: ``(B, 4, H, W)``, premultiplied RGB and alpha.
        fine: ``(B, C, H, W)``, the cells' states, interpolated to pixels.

    >>> import torch
    >>> image = torch.zeros(1, 4, 1, 1)
    >>> target, fine = torch.ones(1, 4, 1, 1), torch.full((1, 4, 1, 1), 0.25)
    >>> morphology(image, target, fine=fine).tolist()  # 1 + 1, and 1/2 + 1/4
    [2.75]
    """
    shape = FACTOR * fine[:, ALPHA : ALPHA + 1]
    return both(image, target) + both(shape, target[:, ALPHA : ALPHA + 1])


def beyond(state: Tensor) -> Tensor:
    """Return how far a state lies outside of -1 to 1, on average; a scalar.

    Source: Cells to Pixels, the overflow loss of all its trainings, there of weight 100.

    >>> import torch
    >>> float(beyond(torch.tensor([0.5, -3.0, 1.5, 0.0])))  # (2 + 1/2) / 4
    0.625
    """
    return (state - state.clamp(-1, 1)).abs().mean()
