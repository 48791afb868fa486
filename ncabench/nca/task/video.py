"""From some frames of a video to the same number of frames, one frame later."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ncabench.nca.data import Videos
from ncabench.nca.draws import Draws
from ncabench.nca.state import Layout
from ncabench.nca.task import Task


class Video(Task):
    """The MovingMNIST task of NCAtorch: a window of frames becomes the next window.

    The visible channels are ``window`` consecutive frames in [0, 1], the newest first; all
    others are hidden and start at zero. The target is the window one frame later. All cells
    live, and nothing is told.

    A label names a window: T times the number of its video, plus the number of its oldest
    frame, in videos of T frames. So the window after that of label l has the label l + 1, and
    no label that is drawn follows another video's. Trainings draw from the split ``train``
    alone, all its windows that have a successor alike; the k-th test is the first window of
    the k-th video of the split ``test``, and they begin again after the last.

    Source: NCAtorch, section 3.4; the order of frames and the size of the window are its
    code's.

    Args:
        data: the videos that ``videos`` selects.
        draws: not needed here; nothing of a seed state is drawn.
        videos: the selection; it must hold the splits train and test.
        window: frames that are visible.
        channels: C of the state.

    Raises:
        ValueError: a split is missing, ``channels`` do not hold a window, or videos are too
            short for two of them.

    >>> from ncabench.nca.data.moving_mnist import MovingMnist
    >>> data = MovingMnist().load({"sequences": 2, "frames": 5})
    >>> task = Video(data, Draws(0), channels=8)
    >>> first = task.test_labels(torch.tensor([0]), turns=torch.tensor([0]))
    >>> bool(torch.equal(task.target(first)[:, 1:], task.window(first)[:, :-1]))
    True
    """

    version = 1
    reads = ("moving_mnist", "videos")
    frames: Tensor  # (N * T, h, w), uint8, videos one after another
    white: Tensor

    def __init__(
        self,
        data: Videos,
        draws: Draws,  # noqa: ARG002 - the contract's, not needed here
        *,
        videos: str | dict[str, Any] = "all",  # noqa: ARG002 - the harness reads it
        window: int = 3,
        channels: int = 32,
    ) -> None:
        super().__init__()
        _check(data, window=window, channels=channels)
        self.length: int = data.frames.shape[1]
        height, width = data.frames.shape[2:]
        self.classes = 1
        self.transitions: int = self.length - window  # windows of a video that have a successor
        self.trained, self.tested = _span(data, "train"), _span(data, "test")
        self.layout = Layout(
            height=height, width=width, visible=window, hidden=channels - window
        )
        self.register_buffer("frames", torch.from_numpy(data.frames).flatten(0, 1).clone())
        self.register_buffer("white", torch.tensor(255.0))  # it also holds the type of floats

    def training_labels(self, samples: Tensor, *, draws: Draws) -> Tensor:
        """Return the windows that samples start from, ``(B,)``."""
        first, videos = self.trained
        high = videos * self.transitions
        drawn = draws.integers("train/label", low=0, high=high, samples=samples)
        return (first + drawn // self.transitions) * self.length + drawn % self.transitions

    def test_labels(self, classes: Tensor, *, turns: Tensor) -> Tensor:  # noqa: ARG002 -- one
        """Return the first windows of the test videos at ``turns``, ``(B,)``."""
        first, videos = self.tested
        return (first + turns % videos) * self.length

    def seed_state(self, labels: Tensor, *, samples: Tensor, draws: Draws) -> Tensor:  # noqa: ARG002 -- all is given
        """Return windows above zeros, ``(B, C, H, W)``."""
        shown = self.window(labels)
        hidden = shown.new_zeros(len(labels), self.layout.hidden, *shown.shape[2:])
        return torch.cat([shown, hidden], dim=1)

    def condition(self, labels: Tensor) -> None:
        """Return None: nothing is told."""

    def target(self, labels: Tensor) -> Tensor:
        """Return the windows one frame later, ``(B, window, H, W)``."""
        return self.window(labels + 1)

    def window(self, labels: Tensor) -> Tensor:
        """Return the windows that labels name, newest frame first; ``(B, window, H, W)``."""
        size = self.layout.visible
        back = torch.arange(size - 1, -1, -1, device=labels.device)
        return self.frames[labels[:, None] + back].to(self.white.dtype) / self.white

    def picture(self, state: Tensor) -> Tensor:
        """Return the newest frame, ``(B, 1, H, W)``."""
        return state[:, :1]


def _span(data: Videos, split: str) -> tuple[int, int]:
    """Return the number of a split's first video, and how many it has."""
    part = data.parts[split]
    return part.start, part.stop - part.start


def _check(data: Videos, *, window: int, channels: int) -> None:
    for split in ("train", "test"):
        if split not in data.parts:
            found = " and ".join(data.parts)
            raise ValueError(f"videos must hold the splits train and test, not only {found}")
    if not 1 <= window <= channels:
        raise ValueError(
            f"window must be from 1 to channels, which is {channels}, not {window}"
        )
    length = data.frames.shape[1]
    if length <= window:
        raise ValueError(
            f"videos must have more frames than a window of {window}, not {length}"
        )
