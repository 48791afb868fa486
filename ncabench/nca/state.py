"""What the channels of a state mean, which cells live, and how a condition is spread."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The channels of a state, in their order, and the size of its grid.

    Frozen channels (an input image) come first and are never updated; then the visible
    ones, which are compared with the target; then the hidden ones; class scores come last,
    and are what is compared where nothing is visible.
    A condition is told to the perception and is no part of the state.

    Args:
        height: cells from top to bottom.
        width: cells from left to right.
        frozen: channels that no step changes.
        visible: channels that are compared with the target.
        hidden: channels that only the automaton uses.
        classes: class scores.
        condition: channels of the condition.
        alive: the channel whose neighbourhood maximum decides which cells live, or None.

    >>> layout = Layout(height=80, width=80, visible=4, hidden=12, condition=5, alive=3)
    >>> layout.channels, layout.perceived
    (16, 21)
    """

    height: int
    width: int
    frozen: int = 0
    visible: int = 0
    hidden: int = 0
    classes: int = 0
    condition: int = 0
    alive: int | None = None

    @property
    def channels(self) -> int:
        """Channels of the state, C."""
        return self.frozen + self.visible + self.hidden + self.classes

    @property
    def perceived(self) -> int:
        """Channels that a perception sees: the state's and the condition's."""
        return self.channels + self.condition

    @property
    def visible_slice(self) -> slice:
        """Where the visible channels stand."""
        return slice(self.frozen, self.frozen + self.visible)

    @property
    def hidden_slice(self) -> slice:
        """Where the hidden channels stand.

        >>> Layout(height=32, width=32, frozen=3, visible=3, hidden=32).hidden_slice
        slice(6, 38, None)
        """
        start = self.visible_slice.stop
        return slice(start, start + self.hidden)

    @property
    def answer_slice(self) -> slice:
        """Where the channels stand that are compared with the target.

        They are the visible ones, or the class scores where there are none.

        >>> Layout(height=52, width=52, frozen=1, hidden=9, classes=10, alive=0).answer_slice
        slice(10, 20, None)
        """
        if self.visible:
            return self.visible_slice
        return slice(self.channels - self.classes, self.channels)


def living(state: Tensor, *, channel: int, threshold: float = 0.1) -> Tensor:
    """Return which cells live: some cell within one of them has ``channel`` above 0.1.

    The grid's edge counts as dead, also where perception is circular.

    Source: NCAtorch, section 2, "Living mask", as its code has it (dilated by one cell).

    Shape:
        state ``(B, C, H, W)``; result ``(B, 1, H, W)``, bool.

    >>> import torch
    >>> state = torch.zeros(1, 1, 1, 5)
    >>> state[0, 0, 0, 1] = 1.0
    >>> living(state, channel=0)[0, 0, 0].tolist()
    [True, True, True, False, False]
    """
    alpha = state[:, channel : channel + 1]
    return F.max_pool2d(alpha, kernel_size=3, stride=1, padding=1) > threshold


def spread(condition: Tensor, *, height: int, width: int) -> Tensor:
    """Return the condition as planes over the grid.

    A vector per sample is the same in every cell; an image or mask of another size is
    resized bilinearly.

    Shape:
        condition ``(B, K)`` or ``(B, K, h, w)``; result ``(B, K, H, W)``.

    >>> import torch
    >>> spread(torch.tensor([[0.0, 1.0]]), height=2, width=3).shape
    torch.Size([1, 2, 2, 3])
    """
    if condition.ndim == 2:
        return condition[:, :, None, None].expand(-1, -1, height, width)
    if condition.shape[-2:] == (height, width):
        return condition
    return F.interpolate(condition, size=(height, width), mode="bilinear", align_corners=False)
