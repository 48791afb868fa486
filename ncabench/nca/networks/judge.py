"""A small classifier of images, trained here, that says what grown images show."""

from __future__ import annotations

import hashlib

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.descent import Descent
from ncabench.nca.draws import Draws
from ncabench.nca.optimiser.adam import Adam
from ncabench.nca.schedule.cosine import Cosine
from ncabench.nca.weights import initialise

BATCH = 100
LEARNING_RATE = 5e-3
AT_ONCE = 1000  # images that are classified together
SHIFT_PX = 2  # digits are judged a little off the centre, too
CHANNELS = (16, 32)
_KEPT: dict[tuple[str, int, int], Judge] = {}


class Judge(nn.Module):
    """Two 3x3 convolutions of 16 and 32 channels, each halved by its maxima, and a linear one.

    Source: none; NCAtorch, section A.5, judges by "a pre-trained MNIST classifier" that is
    not public.

    Args:
        classes: K.
        height: of the images in px, at least 4.
        width: likewise.

    Shape:
        images ``(N, 1, height, width)`` in [0, 1]; result ``(N, K)``, logits.
    """

    def __init__(self, *, classes: int, height: int, width: int) -> None:
        super().__init__()
        first, second = CHANNELS
        self.first = nn.Conv2d(1, first, 3, padding=1)
        self.second = nn.Conv2d(first, second, 3, padding=1)
        self.scores = nn.Linear(second * (height // 4) * (width // 4), classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of each image."""
        features = F.max_pool2d(self.first(images).relu(), 2)
        features = F.max_pool2d(self.second(features).relu(), 2)
        logits: Tensor = self.scores(features.flatten(1))
        return logits

    @torch.no_grad()
    def classify(self, images: Tensor) -> Tensor:
        """Return the likeliest class of each image ``(N, 1, h, w)``; ``(N,)``."""
        with torch.autocast("cpu", enabled=False):
            parts = images.float().tensor_split(list(range(AT_ONCE, len(images), AT_ONCE)))
            return torch.cat([self(part).argmax(dim=1) for part in parts])


def trained(images: Tensor, labels: Tensor, *, iterations: int, draws: Draws) -> Judge:
    """Return a judge that has learned a set of images; the same one if asked again.

    Adam at 5e-3, down a cosine, on batches of 100 images that are drawn with replacement and
    shifted together by up to 2 px each way, round the border. It is trained and stays on the
    CPU in float32, so that runs on all devices are judged alike.

    Args:
        images: ``(N, 1, h, w)`` in [0, 1], on the CPU.
        labels: ``(N,)``, from 0.
        iterations: batches.
        draws: where chance comes from.
    """
    key = (_digest(images, labels), iterations, draws.rng_seed)
    if key not in _KEPT:
        classes, (height, width) = int(labels.max()) + 1, images.shape[2:]
        judge = Judge(classes=classes, height=height, width=width)
        initialise(judge, draws)
        with torch.enable_grad(), torch.autocast("cpu", enabled=False):
            _learn(judge, images.float(), labels, iterations=iterations, draws=draws)
        _KEPT[key] = judge.eval().requires_grad_(False)
    return _KEPT[key]


def _learn(
    judge: Judge, images: Tensor, labels: Tensor, *, iterations: int, draws: Draws
) -> None:
    descent = Descent(
        judge.parameters(),
        optimiser=Adam(learning_rate=LEARNING_RATE),
        schedule=Cosine(),
        iterations=iterations,
    )
    for turn in range(iterations):
        samples = torch.arange(BATCH) + turn * BATCH
        chosen = draws.integers("judge/image", low=0, high=len(labels), samples=samples)
        down, across = (
            draws.integer(purpose, low=-SHIFT_PX, high=SHIFT_PX + 1, index=turn)
            for purpose in ("judge/down", "judge/across")
        )
        seen = images[chosen].roll((down, across), dims=(2, 3))
        descent.prepare(turn)
        descent.backward(F.cross_entropy(judge(seen), labels[chosen]))
        descent.step()


def _digest(*tensors: Tensor) -> str:
    hashed = hashlib.sha256()
    for one in tensors:
        hashed.update(repr(tuple(one.shape)).encode())
        hashed.update(one.contiguous().numpy().tobytes())
    return hashed.hexdigest()
