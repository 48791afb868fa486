"""The perceptual loss of growing: LPIPS of a drawing's inside, three channels at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ncabench.nca.draws import Draws
from ncabench.nca.metric import lpips
from ncabench.nca.networks import imagenet, shift_tolerant
from ncabench.nca.objective import Objective
from ncabench.nca.state import Layout

RGB = 3
LEAST_PX = {"lpips": 16, "st_lpips": 28}


class Perceptual(Objective):
    """LPIPS of VGG-16 between answer and lesson, averaged over samples.

    The network is shown three channels, rescaled from [0, 1] to [-1, 1]. Where there are four,
    premultiplied RGB and alpha, one is left out: which is drawn for each iteration and place in
    the batch, and the same in answer and lesson. Samples of each part of a batch draw alike.

    Source: Cells to Pixels, the loss of growing, term (iii); Zhang et al., "The Unreasonable
    Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018, equation 1.

    Args:
        net: ``"lpips"``, whose VGG-16 is torchvision's, or the substitute ``"st_lpips"``.
        margin_px: what is left out on each side of an image, as the padding of a drawing.

    Raises:
        ValueError: ``margin_px`` is negative; from `check`, what is left is too small, or there
            are other than three or four channels.

    >>> Perceptual(margin_px=-1)
    Traceback (most recent call last):
    ValueError: margin_px must be at least 0, not -1
    """

    version = 1

    def __init__(
        self, *, net: Literal["lpips", "st_lpips"] = "lpips", margin_px: int = 0
    ) -> None:
        if margin_px < 0:
            raise ValueError(f"margin_px must be at least 0, not {margin_px}")
        self.net: Literal["lpips", "st_lpips"] = net
        self.margin = margin_px
        self._apart: Callable[[Tensor, Tensor], Tensor] | None = None

    def check(self, layout: Layout) -> None:
        """Raise ValueError where the inside is too small, or channels are too few or many."""
        height, width = (side - 2 * self.margin for side in (layout.height, layout.width))
        least = LEAST_PX[self.net]
        if min(height, width) < least:
            raise ValueError(
                f"{self.net} needs sides of {least} px or more, and within a margin of "
                f"{self.margin} px there are {height} x {width}"
            )
        answer = layout.answer_slice
        if (channels := answer.stop - answer.start) not in (RGB, RGB + 1):
            raise ValueError(
                f"{self.net} compares three channels of RGB or RGBA, not {channels}"
            )

    def prepare(self, device: torch.device) -> None:
        """Load the network."""
        network, self._apart = self._load()
        network.to(device)

    def __call__(
        self, answer: Tensor, lesson: Tensor, *, draws: Draws, index: Tensor
    ) -> Tensor:
        """Return the loss, averaged over samples."""
        assert self._apart is not None, "prepare comes first"
        left_out = self._left_out(answer, draws=draws, index=index)
        seen, wanted = (self._shown(each, left_out) for each in (answer, lesson))
        return self._apart(seen, wanted).mean()

    def _load(self) -> tuple[nn.Module, Callable[[Tensor, Tensor], Tensor]]:
        user = f"the perceptual loss ({self.net})"
        if self.net == "st_lpips":
            weights = shift_tolerant.published("vgg", user=user)
            tolerant = shift_tolerant.ShiftTolerant("vgg", weights)
            return tolerant, tolerant.apart
        instead = "name the substitute: --set train.perceptual.net=st_lpips"
        trunk = imagenet.features("vgg", user=user, instead=instead)
        network: Any = lpips.network("vgg", trunk)
        return network, network

    def _left_out(self, answer: Tensor, *, draws: Draws, index: Tensor) -> Tensor:
        """Return which of four channels is not shown of each sample, ``(B, 1, 1, 1)``."""
        samples = torch.arange(len(answer), device=answer.device)
        purpose = "objective/perceptual/left_out"
        drawn = draws.integers(purpose, low=0, high=RGB + 1, samples=samples, index=index)
        return drawn.view(-1, 1, 1, 1)

    def _shown(self, images: Tensor, left_out: Tensor) -> Tensor:
        """Return three channels, in their order, without the margin, in [-1, 1]."""
        height, width = (side - self.margin for side in images.shape[-2:])
        inner = images[..., self.margin : height, self.margin : width].float() * 2 - 1
        if inner.shape[1] == RGB:
            return inner
        place = torch.arange(RGB, device=images.device).view(1, -1, 1, 1)
        return torch.where(place < left_out, inner[:, :RGB], inner[:, 1:])
