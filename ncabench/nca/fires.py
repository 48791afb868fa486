"""Which cells update, before it is drawn: an engine may draw it where it is needed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import overload

from torch import Tensor

from ncabench.nca.draws import Draws


@dataclass(frozen=True, kw_only=True)
class Fires:
    """The masks of a rollout by the names of their draws.

    Attributes:
        draws: where chance comes from.
        purpose: what the masks are for.
        samples: ``(B,)`` integers that name the samples; they must stay as they are until
            the masks are drawn.
        steps: the steps that are drawn together, without gaps.
        last: of these only the first so many are meant; None for all. Where shapes had better
            stay the same, the longest rollout's steps are drawn for every one.
        height: cells from top to bottom.
        width: cells from left to right.
        rate: the chance that a cell updates.

    >>> import torch
    >>> fires = Fires(
    ...     draws=Draws(0),
    ...     purpose="train/fire",
    ...     samples=torch.arange(2),
    ...     steps=range(3),
    ...     height=4,
    ...     width=5,
    ...     rate=0.5,
    ... )
    >>> len(fires), fires[:2].masks().shape, fires.below == 2**23
    (3, torch.Size([2, 2, 1, 4, 5]), True)
    """

    draws: Draws
    purpose: str
    samples: Tensor
    steps: range
    height: int
    width: int
    rate: float
    last: int | None = None

    def __getitem__(self, steps: slice) -> Fires:
        """Return the masks of the first steps, as a slice of a tensor's first axis would.

        Raises:
            ValueError: the slice does not begin with the first step.
        """
        if steps.start or steps.step:
            raise ValueError(f"masks are of the first steps, not of [{steps.start}:...]")
        return replace(self, last=len(range(len(self))[steps]))

    def __len__(self) -> int:
        return len(self.steps[: self.last])

    @property
    def key(self) -> tuple[int, int]:
        """The two words of the generator's key."""
        return self.draws.key(self.purpose)

    @property
    def below(self) -> int:
        """A cell updates where the upper 24 bits of its word lie below it."""
        return math.ceil(self.rate * 2**24)

    def masks(self) -> Tensor:
        """Draw the masks; ``(T, B, 1, H, W)`` bool."""
        masks = self.draws.masks(
            self.purpose,
            samples=self.samples,
            steps=self.steps,
            height=self.height,
            width=self.width,
            rate=self.rate,
        )
        return masks[: self.last]


@overload
def drawn(masks: Tensor | Fires) -> Tensor: ...


@overload
def drawn(masks: None) -> None: ...


def drawn(masks: Tensor | Fires | None) -> Tensor | None:
    """Return masks as a tensor, whatever they are given as."""
    return masks.masks() if isinstance(masks, Fires) else masks
