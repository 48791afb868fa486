"""From the edges of a photograph to the photograph."""

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from ncabench.nca.data import Pairs
from ncabench.nca.draws import Draws
from ncabench.nca.state import Layout
from ncabench.nca.task import Task

ALIVE = 3


class EdgeToImage(Task):
    """The edge-to-handbag task of NCAtorch: edges on white become what they are the edges of.

    Both images are made premultiplied RGB and alpha, the visible channels: alpha is 0 where
    all of RGB are above ``white``, and 1 elsewhere. Alpha decides which cells live; hidden
    channels start at zero. The edges are told in one of two ways:

    - ``"seed"``: they are the visible channels of the seed state, and there is no condition;
    - ``"condition"``: their four channels are planes of the condition. The seed state is then
      alpha 1 in every cell and zero in all other channels, so that every cell lives at first.

    A label is the number of a pair. Trainings draw from the split ``train`` alone, all its
    pairs alike; the k-th test is the k-th pair of the other split, and they begin again after
    the last. There is one class.

    Source: NCAtorch, section 3.1.3, which says that the automaton is conditioned on the edges;
    its code makes them the seed, and alpha as here. The seed beside a condition is ncabench's.

    Args:
        data: the pairs of ``dataset`` that ``pairs`` selects, grey or RGB.
        draws: not needed here; nothing of a seed state is drawn.
        dataset: the set, such as ``"edges2handbags"`` or ``"edges_to_bags"``.
        pairs: the selection; it must hold the split train and one other.
        edges: how the edges are told.
        padding_px: empty cells added on each side.
        channels: C of the state, at least 4.
        white: background begins above this value, of 255, in all of RGB.

    Raises:
        TypeError: the set does not load pairs.
        ValueError: there are other splits than two, no train among them, or a number is out
            of range.

    >>> from ncabench.nca.data.edges_to_bags import EdgesToBags
    >>> data = EdgesToBags().load({"per_class": 2})
    >>> task = EdgeToImage(data, Draws(0), dataset="edges_to_bags", padding_px=2)
    >>> bag = task.test_labels(torch.tensor([0]), turns=torch.tensor([0]))
    >>> task.target(bag).shape, int(bag)  # the first after two to train on
    (torch.Size([1, 4, 32, 32]), 2)
    """

    version = 1
    reads = ("dataset", "pairs")
    inputs: Tensor  # (N, 1 or 3, h, w), uint8
    outputs: Tensor  # likewise
    scale: Tensor

    def __init__(
        self,
        data: Pairs,
        draws: Draws,  # noqa: ARG002 - the contract's, not needed here
        *,
        dataset: str = "edges2handbags",  # noqa: ARG002 - the harness reads it
        pairs: str | dict[str, Any] = "all",  # noqa: ARG002 - likewise
        edges: Literal["seed", "condition"] = "seed",
        padding_px: int = 0,
        channels: int = 16,
        white: int = 220,
    ) -> None:
        super().__init__()
        _check(data, padding_px=padding_px, channels=channels, white=white)
        (held_out,) = (split for split in data.parts if split != "train")
        self.trained, self.tested = data.parts["train"], data.parts[held_out]
        self.classes = 1
        self.edges, self.padding_px, self.white = edges, padding_px, white
        height, width = data.inputs.shape[1:3]
        self.layout = Layout(
            height=height + 2 * padding_px,
            width=width + 2 * padding_px,
            visible=4,
            hidden=channels - 4,
            condition=4 if edges == "condition" else 0,
            alive=ALIVE,
        )
        self.register_buffer("inputs", _planes(data.inputs))
        self.register_buffer("outputs", _planes(data.targets))
        self.register_buffer("scale", torch.tensor(255.0))  # it also holds the type of floats

    def training_labels(self, samples: Tensor, *, draws: Draws) -> Tensor:
        """Return the pair that each sample is about, ``(B,)``."""
        low, high = self.trained.start, self.trained.stop
        return draws.integers("train/label", low=low, high=high, samples=samples)

    def test_labels(self, classes: Tensor, *, turns: Tensor) -> Tensor:  # noqa: ARG002 -- one
        """Return the held-out pairs at ``turns``, ``(B,)``."""
        first: int = self.tested.start
        count: int = self.tested.stop - first
        return first + turns % count

    def seed_state(
        self,
        labels: Tensor,
        *,
        samples: Tensor,  # noqa: ARG002 - the contract's, not needed here
        draws: Draws,  # noqa: ARG002 - likewise
    ) -> Tensor:
        """Return the edges, or living cells that show nothing; ``(B, C, H, W)``."""
        layout = self.layout
        shape = (len(labels), layout.channels, layout.height, layout.width)
        state = torch.zeros(shape, dtype=self.scale.dtype, device=self.scale.device)
        if self.edges == "seed":
            state[:, :4] = self.drawn_edges(labels)
        else:
            state[:, ALIVE] = 1.0
        return state

    def condition(self, labels: Tensor) -> Tensor | None:
        """Return the edges ``(B, 4, H, W)`` where they are the condition."""
        return self.drawn_edges(labels) if self.edges == "condition" else None

    def target(self, labels: Tensor) -> Tensor:
        """Return the photographs, ``(B, 4, H, W)``."""
        return self._rgba(self.outputs[labels])

    def drawn_edges(self, labels: Tensor) -> Tensor:
        """Return the edges, ``(B, 4, H, W)``."""
        return self._rgba(self.inputs[labels])

    def _rgba(self, pixels: Tensor) -> Tensor:
        alpha = (pixels <= self.white).any(dim=1, keepdim=True)
        rgb = (pixels * alpha).to(self.scale.dtype) / self.scale
        rgba = torch.cat([rgb.expand(-1, 3, -1, -1), alpha.to(rgb.dtype)], dim=1)
        return F.pad(rgba, [self.padding_px] * 4)


def _planes(images: Any) -> Tensor:
    pixels = torch.from_numpy(images)
    planes = pixels[:, None] if pixels.ndim == 3 else pixels.movedim(-1, 1)
    return planes.contiguous().clone()


def _check(data: Pairs, *, padding_px: int, channels: int, white: int) -> None:
    if not isinstance(data, Pairs):
        raise TypeError(f"dataset: expected a set of pairs, not of {type(data).__name__}")
    if len(data.parts) != 2 or "train" not in data.parts:
        found = " and ".join(data.parts)
        raise ValueError(f"pairs must hold the split train and one other, not {found}")
    if padding_px < 0 or channels < 4 or not 0 <= white <= 255:
        raise ValueError(
            "padding_px must be at least 0, channels at least 4 and white from 0 to 255, "
            f"not {padding_px}, {channels} and {white}"
        )
