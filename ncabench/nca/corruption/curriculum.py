"""How strong corruptions are over a training: LNCA's curriculum."""

from __future__ import annotations

SHARES = (0.25, 0.75)  # of the pixels that noise meets: at first, and in the end
SIDES_PX = (4, 10)  # of the kernel that blurs
LONGEST_PX = 15  # what its side would grow to, were there no end before


def noise_share(epoch: int, *, epochs: int) -> float:
    """Return the share of pixels that noise meets in an epoch, counted from 0.

    Source: LNCA, "Training Procedure", which says that corruption grows; its code for how.

    Raises:
        ValueError: there is no such epoch.

    >>> [noise_share(epoch, epochs=10) for epoch in range(10)]
    [0.25, 0.25, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.75]
    """
    _check(epoch, epochs)
    least, most = SHARES
    return min(max(epoch / epochs, least), most)


def blur_side_px(epoch: int, *, epochs: int) -> int:
    """Return the side of the kernel that blurs in an epoch, counted from 0.

    Source: as `noise_share`.

    Raises:
        ValueError: there is no such epoch.

    >>> [blur_side_px(epoch, epochs=10) for epoch in range(10)]
    [4, 4, 4, 4, 6, 7, 9, 10, 10, 10]
    """
    _check(epoch, epochs)
    least, most = SIDES_PX
    return min(max(LONGEST_PX * epoch // epochs, least), most)


def _check(epoch: int, epochs: int) -> None:
    if not 0 <= epoch < epochs:
        raise ValueError(f"epoch must be from 0 to {epochs - 1}, not {epoch}")
