"""The style loss of Cells to Pixels: relaxed transport of VGG-16's features, part by part."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.losses.autocorrelation import autocorrelation_loss
from ncabench.nca.losses.relaxed_transport import chosen, moments, relaxed_transport
from ncabench.nca.networks import vgg
from ncabench.nca.objective import Objective
from ncabench.nca.objective._patches import crops, resized
from ncabench.nca.state import Layout

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
REGULAR = LAYERS[:3]
RGB = 3


class RelaxedStyle(Objective):
    """How far the features of an answer's parts are from those of a lesson, wherever they are.

    At scale 0 the whole answer is looked at, at scale s there are 2**s parts of it, with sides
    2**s times shorter, at places drawn for each iteration. Each is resized to ``patch_px``. The
    whole lesson is resized to ``2**s * patch_px``, so that a pixel of it and one of the parts
    are as large. At each of five layers of VGG-16 some places of the answer's maps and some of
    the lesson's are drawn, without replacement, and `relaxed_transport` plus `moments` compare
    their features. That is added up over layers, and averaged over parts, scales and samples.

    Channels come in threes, each a map that VGG-16 is shown as RGB: colours of a texture, or
    the several maps of a material. Where there are more than one, a mix of all channels is
    looked at as one map more, so that maps fit each other: of ``mixes`` mixes, which are drawn
    once, one is drawn for each scale and iteration. The average is over maps, too.

    Where ``regularity`` is above 0, the autocorrelations of the first three layers' maps of the
    whole answer and lesson are compared as well, added up over layers, averaged over maps.

    Source: Cells to Pixels, the loss of textures. How mixes are drawn (evenly among all whose
    shares are positive and add up to 1) and images resized is not known, and ncabench's; so is
    that all samples of a batch share their parts and places.

    Args:
        net: ``"vgg"``, trained on ImageNet, or the substitute ``"st_vgg"``, the one of
            ST-LPIPS, whose downsampling is blurred.
        patch_px: side of what VGG-16 is shown, at least 28; 256, of volumes 128.
        scales: number of scales; 1 looks at the whole answer alone.
        positions: places that are drawn, where there are more.
        weight: of the style.
        regularity: weight of the autocorrelations.
        mixes: to draw from, of a material; 0 does without.

    Raises:
        ValueError: a size or count is out of range, or a weight is negative; from `check`, an
            image is smaller than a patch or than a pixel of a part, or its channels do not come
            in threes.

    >>> RelaxedStyle(patch_px=20)
    Traceback (most recent call last):
    ValueError: patch_px must be at least 28, not 20
    """

    version = 1

    def __init__(
        self,
        *,
        net: Literal["vgg", "st_vgg"] = "vgg",
        patch_px: int = 256,
        scales: int = 3,
        positions: int = 1024,
        weight: float = 2.0,
        regularity: float = 0.0,
        mixes: int = 10,
    ) -> None:
        least = {"patch_px": vgg.LEAST_PX, "scales": 1, "positions": 1, "mixes": 0}
        found = {
            "patch_px": patch_px,
            "scales": scales,
            "positions": positions,
            "mixes": mixes,
        }
        for name, bound in least.items():
            if found[name] < bound:
                raise ValueError(f"{name} must be at least {bound}, not {found[name]}")
        if not min(weight, regularity) >= 0:
            raise ValueError(
                f"weight and regularity must be 0 or more, not {weight} and {regularity}"
            )
        self.net: vgg.Net = net
        self.patch_px, self.scales, self.positions = patch_px, scales, positions
        self.weight, self.regularity, self.mixes = weight, regularity, mixes
        self.network: vgg.Vgg16 | None = None

    def check(self, layout: Layout) -> None:
        """Raise ValueError where images are too small, or not of maps of three channels."""
        side, patch = min(layout.height, layout.width), self.patch_px
        if side < patch:
            raise ValueError(
                f"an exemplar of {layout.height} x {layout.width} px is smaller than a patch "
                f"of {patch} x {patch} px: make the exemplar larger, or patch_px smaller"
            )
        if side >> (self.scales - 1) < 1:
            raise ValueError(f"an image of {side} px cannot be halved {self.scales - 1} times")
        answer = layout.answer_slice
        if (channels := answer.stop - answer.start) % RGB:
            raise ValueError(f"maps have three channels each, so that {channels} are no maps")

    def prepare(self, device: torch.device) -> None:
        """Load the network."""
        instead = "name the substitute: --set train.loss.net=st_vgg"
        loaded = vgg.load(self.net, user=f"the style loss ({self.net})", instead=instead)
        self.network = loaded.to(device)

    def __call__(
        self, answer: Tensor, lesson: Tensor, *, draws: Draws, index: Tensor
    ) -> Tensor:
        """Return the loss, averaged over samples.

        A lesson that is one image, expanded to all samples, is looked at once.
        """
        if lesson.stride(0) == 0:
            lesson = lesson[:1]
        answer, lesson = answer.float(), lesson.float()
        costs = []
        for scale in range(self.scales):
            mix = self._mix(answer, scale, draws=draws, index=index)
            parts = self._parts(answer, scale, draws=draws, index=index)
            whole = resized(lesson, side_px=self.patch_px << scale)[None]
            seen, wanted = self._features(_maps(parts, mix)), self._known(_maps(whole, mix))
            style = self._apart(seen, wanted, scale, draws=draws, index=index)
            costs.append(self.weight / self.scales * style)
            if scale == 0 and self.regularity:
                costs.append(self.regularity * _regular(seen, wanted))
        return torch.stack(costs).sum()

    def _mix(self, answer: Tensor, scale: int, *, draws: Draws, index: Tensor) -> Tensor | None:
        """Return the shares of all channels in a map of three, ``(3, A)``, or None."""
        channels = answer.shape[1]
        if channels == RGB or not self.mixes:
            return None
        purpose, sample = "objective/relaxed_style", torch.arange(1, device=answer.device)
        number = draws.integers(
            f"{purpose}/mix/{scale}", low=0, high=self.mixes, samples=sample, index=index
        )
        drawn = draws.uniform(f"{purpose}/shares", samples=number, cells=RGB * channels)
        long = -torch.log1p(-drawn).view(RGB, channels)  # exponential
        return long / long.sum(dim=1, keepdim=True)

    def _parts(self, answer: Tensor, scale: int, *, draws: Draws, index: Tensor) -> Tensor:
        """Return what is looked at of an answer, ``(N, B, A, patch_px, patch_px)``."""
        if scale == 0:
            return resized(answer, side_px=self.patch_px)[None]
        samples = torch.arange(2**scale, device=answer.device)
        tops, lefts = (
            draws.uniform(
                f"objective/relaxed_style/{side}/{scale}", samples=samples, index=index
            )[:, 0, 0]
            for side in ("top", "left")
        )
        parts = crops(answer, divisor=2**scale, tops=tops, lefts=lefts)
        patches = resized(parts.flatten(0, 1), side_px=self.patch_px)
        return patches.view(*parts.shape[:2], *patches.shape[1:])

    def _apart(
        self,
        seen: dict[str, Tensor],
        wanted: dict[str, Tensor],
        scale: int,
        *,
        draws: Draws,
        index: Tensor,
    ) -> Tensor:
        """Return the cost of all layers."""
        costs = []
        for layer in LAYERS:
            there, here = (
                self._drawn(maps[layer], f"{side}/{scale}/{layer}", draws=draws, index=index)
                for side, maps in (("answer", seen), ("lesson", wanted))
            )
            sets = there.flatten(0, 2), here.expand(*there.shape[:3], -1, -1).flatten(0, 2)
            costs.append((relaxed_transport(*sets) + moments(*sets)).mean())
        return torch.stack(costs).sum()

    def _drawn(self, maps: Tensor, purpose: str, *, draws: Draws, index: Tensor) -> Tensor:
        """Return features of some places, or of all where there are few; ``(..., C, N)``."""
        cells = maps.shape[-2] * maps.shape[-1]
        if cells <= self.positions:
            return maps.flatten(-2)
        places = draws.choice(
            f"objective/relaxed_style/{purpose}",
            population=cells,
            count=self.positions,
            index=index,
            device=maps.device,
        )
        found = chosen(maps.flatten(0, 2), places)
        return found.view(*maps.shape[:3], *found.shape[1:])

    def _features(self, images: Tensor) -> dict[str, Tensor]:
        """Return the maps of each layer, by its name, ``(N, B, maps, C, h, w)``."""
        assert self.network is not None, "prepare comes first"
        found = self.network(images.flatten(0, 2))
        shape = images.shape[:3]
        return {name: found[name].view(*shape, *found[name].shape[1:]) for name in LAYERS}

    def _known(self, images: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            return self._features(images)


def _maps(images: Tensor, mix: Tensor | None) -> Tensor:
    """Return images' maps, and their mix as one more.

    Shape:
        images ``(N, B, A, H, W)``; mix ``(3, A)``; result ``(N, B, maps, 3, H, W)``.
    """
    count, batch, _, height, width = images.shape
    apart = images.view(count, batch, -1, RGB, height, width)
    if mix is None:
        return apart
    mixed = torch.einsum("kc,nbchw->nbkhw", mix, images)
    return torch.cat([apart, mixed[:, :, None]], dim=2)


def _regular(seen: dict[str, Tensor], wanted: dict[str, Tensor]) -> Tensor:
    """Return how far autocorrelations are apart, added up over layers."""
    costs = []
    for layer in REGULAR:
        there, here = seen[layer], wanted[layer]
        here = here.expand(*there.shape[:2], -1, -1, -1, -1)
        apart = autocorrelation_loss(there.flatten(0, 2), here.flatten(0, 2))
        costs.append(apart.mean())
    return torch.stack(costs).sum()
