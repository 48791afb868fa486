"""What grew: whether it is recognised as its class, and how much its pixels vary."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.networks import judge
from ncabench.nca.protocol._rollouts import Moment
from ncabench.nca.task.grow_digit import GrowDigit


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What a judge and statistics say of all samples.

    Attributes:
        right: by moment, 100 or 0 for each sample.
        variance: by moment, of each class, the mean over pixels.
        maps: by moment, the variance of each pixel, ``(classes, h, w)``.
        real: ``accuracy/real`` and ``variance/real``, of the test images; the latter is absent
            where a class has one image alone.
    """

    right: dict[Moment, list[float]]
    variance: dict[Moment, list[float]]
    maps: dict[Moment, Tensor]
    real: dict[str, float]


class Grown:
    """Gathers, on the CPU, the ink of what grows; the samples' classes take turns from 0.

    Args:
        task: says what of an answer is ink, and has the real images.
    """

    def __init__(self, task: GrowDigit) -> None:
        self._task = task
        self._ink: dict[Moment, list[Tensor]] = {}

    def see(self, moment: Moment, answer: Tensor) -> None:
        """Take the answers of the next samples at a moment."""
        self._ink.setdefault(moment, []).append(self._task.ink(answer).float().cpu())

    def assessed(self, *, judge_iterations: int, draws: Draws) -> Assessment:
        """Return what there is to say of all that was seen.

        Args:
            judge_iterations: batches of the judge's training.
            draws: the chance of that training.
        """
        task, classes = self._task, self._task.classes
        learned = judge.trained(
            *_images(task, torch.arange(task.drawn_from.start, task.drawn_from.stop)),
            iterations=judge_iterations,
            draws=draws,
        )
        ink = {when: torch.cat(parts) for when, parts in self._ink.items()}
        wanted = torch.arange(len(next(iter(ink.values())))) % classes
        maps = {when: _varied(one, wanted, classes=classes) for when, one in ink.items()}
        tests, labels = _images(task, task.tests.cpu())
        samples = len(wanted) // classes
        chosen = torch.cat([(labels == one).nonzero()[:samples, 0] for one in range(classes)])
        varied = _varied(tests[chosen], labels[chosen], classes=classes)
        right = 100.0 * (learned.classify(tests) == labels).float()
        return Assessment(
            right={
                when: (100.0 * (learned.classify(one) == wanted).float()).tolist()
                for when, one in ink.items()
            },
            variance={when: one.mean(dim=(1, 2)).tolist() for when, one in maps.items()},
            maps=maps,
            real={"accuracy/real": right.mean().item(), **_finite("variance/real", varied)},
        )


def _images(task: GrowDigit, numbers: Tensor) -> tuple[Tensor, Tensor]:
    """Return images of the set as ink ``(N, 1, h, w)``, and their classes, on the CPU."""
    pixels, class_of = task.pixels.cpu(), task.class_of.cpu()
    ink = pixels[numbers].float().mean(dim=1, keepdim=True) / 255
    return ink, class_of[numbers]


def _finite(name: str, values: Tensor) -> dict[str, float]:
    """Return the mean by its name, or nothing where a class has one image alone."""
    mean = values.mean().item()
    return {name: mean} if isfinite(mean) else {}


def _varied(ink: Tensor, labels: Tensor, *, classes: int) -> Tensor:
    """Return the unbiased variance of each pixel over the images of each class.

    Shape:
        ink ``(N, 1, h, w)``; labels ``(N,)``; result ``(classes, h, w)``.

    >>> ink = torch.tensor([0.0, 0.5, 1.0, 0.5]).view(4, 1, 1, 1)
    >>> _varied(ink, torch.tensor([0, 1, 0, 1]), classes=2).flatten().tolist()
    [0.5, 0.0]
    """
    return torch.stack([ink[labels == one, 0].var(dim=0) for one in range(classes)])
