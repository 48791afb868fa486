"""Restore an image from what noise or a moving camera left of it."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from ncabench.nca.corruption import curriculum
from ncabench.nca.corruption.masked_noise import masked_noise
from ncabench.nca.corruption.motion_blur import motion_blur
from ncabench.nca.data import Images, Pairs
from ncabench.nca.draws import Draws
from ncabench.nca.state import Layout
from ncabench.nca.task import Task

SPLITS = ("train", "test")
VALIDATION = 2**31  # corruptions are numbered: trainings draw from those below,
TEST = VALIDATION + 2**30  # validations count from the one, tests from the other
CORRUPTIONS = Draws(0)  # so that corruption k is the same in every training and every test
FINEST = 1000  # shares of pixels are counted in thousandths
STRENGTHS = FINEST + 1
LARGEST_PX = 32  # of a kernel that blurs


class Restoration(Task):
    """The image restoration of LNCA: from a corrupted image to the image.

    The frozen channels are the corrupted image, the visible ones become the image in [0, 1];
    a seed state has 0.5 in them and 0 in the hidden ones. What corrupts is

    - ``"noise"``: with a chance, the *share*, that is the same for all pixels of an image,
      normal noise is added to a pixel, to all its channels the same; then all is clipped;
    - ``"blur"``: a line across a square kernel, turned by a whole number of degrees; the
      larger the kernel's *side*, the stronger;
    - ``"real"``: nothing more. The set loads pairs, whose inputs are corrupted already.

    Trainings have the strengths of LNCA's curriculum, which begin below the tests' and end
    above. A label names an image, a strength and a corruption: the number of the image, plus
    N times the strength (thousandths of a share, px of a side, 0 for real pairs), plus 1001 N
    times the number of the corruption, in a set of N images. So a state of a pool keeps its
    own input and its own target. Trainings draw from the split ``train`` alone; validations go
    through ``val`` or, in a set without it, through ``test``; the k-th test is the k-th image
    of ``test``. The corruption of a test or a validation is that of its image's number.

    Grey images are given three equal channels, so that every model reads the same.

    Source: LNCA, "Datasets" and "Training Procedure"; its code for what is drawn, for the
    strengths and for the seed state. Corruptions are drawn by ncabench's own generator; the
    code draws those of tests anew each time.

    Args:
        data: what ``dataset`` and ``images`` name: images, or pairs of one size.
        draws: not needed here; a corruption depends on its number alone.
        dataset: the set, such as ``"photo_tiles"`` or ``"cifar10"``.
        images: its selection, which must hold the splits train and test.
        corruption: what corrupts.
        hidden: hidden channels.
        deviation: of the noise.
        share: of the pixels that noise meets in tests and validations, to a thousandth.
        side_px: of the kernel that blurs in tests and validations.

    Raises:
        TypeError: the set loads something else than the corruption is for.
        ValueError: a split is missing, or a number is out of range.

    >>> import numpy as np
    >>> grey = np.full((2, 8, 8), 51, dtype=np.uint8)
    >>> parts = {"train": slice(0, 1), "test": slice(1, 2)}
    >>> data = Images(images=grey, labels=np.zeros(2), classes=("a",), parts=parts)
    >>> task = Restoration(data, Draws(0), corruption="noise", share=0.0)
    >>> label = task.test_labels(torch.tensor([0]), turns=torch.tensor([0]))
    >>> seed = task.seed_state(label, samples=label, draws=Draws(0))
    >>> parts = seed.split([3, 3, 32], dim=1)
    >>> [round(float(one.mean()), 2) for one in parts]  # nothing is met, so 51 of 255
    [0.2, 0.5, 0.0]
    """

    version = 1
    reads = ("dataset", "images")
    targets: Tensor  # (N, planes, H, W), uint8
    inputs: Tensor  # likewise, of pairs; of images, none
    white: Tensor

    def __init__(
        self,
        data: Images | Pairs,
        draws: Draws,  # noqa: ARG002 - the contract's, not needed here
        *,
        dataset: str = "cifar10",  # noqa: ARG002 - the harness reads it
        images: str | dict[str, Any] = "all",  # noqa: ARG002 - likewise
        corruption: Literal["noise", "blur", "real"] = "noise",
        hidden: int = 32,
        deviation: float = 0.2,
        share: float = 0.5,
        side_px: int = 7,
    ) -> None:
        super().__init__()
        _check(data, corruption=corruption)
        _check_numbers(hidden=hidden, deviation=deviation, share=share, side_px=side_px)
        self.trained, self.tested = (data.parts[split] for split in SPLITS)
        self.validated = data.parts.get("val", self.tested)
        self.classes, self.corruption, self.deviation = 1, corruption, deviation
        tested = {"noise": round(FINEST * share), "blur": side_px, "real": 0}
        self.tested_strength = tested[corruption]
        found = data.targets if isinstance(data, Pairs) else data.images
        self.register_buffer("targets", _planes(found))
        given = data.inputs if isinstance(data, Pairs) else found[:0]
        self.register_buffer("inputs", _planes(given))
        self.register_buffer("white", torch.tensor(255.0))  # it also holds the type of floats
        self.count, planes, height, width = self.targets.shape
        self.layout = Layout(
            height=height, width=width, frozen=planes, visible=planes, hidden=hidden
        )

    @property
    def trainings(self) -> int:
        """How many images there are to train on."""
        return _size(self.trained)

    @property
    def validations(self) -> int:
        """How many images there are to validate on."""
        return _size(self.validated)

    @property
    def tests(self) -> int:
        """How many images there are to test on."""
        return _size(self.tested)

    def strengths(self, *, epochs: int) -> list[int]:
        """Return how strong the corruption is in each epoch of a training.

        Source: LNCA, "Training Procedure", with its code for the numbers (see
        `ncabench.nca.corruption.curriculum`); real pairs are as they are.

        Args:
            epochs: of the training.
        """
        turns = range(epochs)
        if self.corruption == "noise":
            shares = (curriculum.noise_share(turn, epochs=epochs) for turn in turns)
            return [round(FINEST * share) for share in shares]
        if self.corruption == "blur":
            return [curriculum.blur_side_px(turn, epochs=epochs) for turn in turns]
        return [0 for _ in turns]

    def training_labels(self, samples: Tensor, *, draws: Draws) -> Tensor:
        """Return an image and a corruption for each sample, as strong as in tests; ``(B,)``."""
        strength = torch.full_like(samples, self.tested_strength)
        return self.labels_under(strength, samples=samples, draws=draws)

    def labels_under(self, strength: Tensor, *, samples: Tensor, draws: Draws) -> Tensor:
        """Return an image to train on and a corruption for each sample, ``(B,)``.

        Args:
            strength: ``(B,)``, or ``(1,)``: one for all.
            samples: ``(B,)``, the samples' numbers.
            draws: where chance comes from.
        """
        low, high = self.trained.start, self.trained.stop
        images = draws.integers("train/label", low=low, high=high, samples=samples)
        numbers = draws.integers("train/corruption", low=0, high=VALIDATION, samples=samples)
        return self._label(images, strength, numbers)

    def validation_labels(self, turns: Tensor) -> Tensor:
        """Return the images at ``turns`` of a validation, and their corruptions; ``(B,)``."""
        images = self.validated.start + turns % self.validations
        return self._label(images, self.tested_strength, VALIDATION + turns)

    def test_labels(self, classes: Tensor, *, turns: Tensor) -> Tensor:  # noqa: ARG002 -- one
        """Return the test images at ``turns``, each with its corruption; ``(B,)``."""
        images = self.tested.start + turns % self.tests
        return self._label(images, self.tested_strength, TEST + turns)

    def seed_state(
        self,
        labels: Tensor,
        *,
        samples: Tensor,  # noqa: ARG002 - the contract's, not needed here
        draws: Draws,  # noqa: ARG002 - likewise
    ) -> Tensor:
        """Return corrupted images under channels that know nothing yet, ``(B, C, H, W)``."""
        given = self.corrupted(labels)
        hidden = given.new_zeros(len(given), self.layout.hidden, *given.shape[2:])
        return torch.cat([given, torch.full_like(given, 0.5), hidden], dim=1)

    def condition(self, labels: Tensor) -> None:
        """Return None: the corrupted image is part of the state."""

    def target(self, labels: Tensor) -> Tensor:
        """Return whole images in [0, 1], ``(B, planes, H, W)``."""
        return self._shown(self.targets, labels)

    def image(self, labels: Tensor) -> Tensor:
        """Return corrupted and whole images, ``(B, 2 planes, H, W)``."""
        return torch.cat([self.corrupted(labels), self.target(labels)], dim=1)

    def corrupted(self, labels: Tensor) -> Tensor:
        """Return corrupted images in [0, 1], ``(B, planes, H, W)``."""
        if self.corruption == "real":
            return self._shown(self.inputs, labels)
        strength, whole = self.strength(labels), self.target(labels)
        numbers = labels // (self.count * STRENGTHS)
        if self.corruption == "blur":
            return motion_blur(
                whole,
                side_px=strength,
                largest_px=max(curriculum.SIDES_PX[1], self.tested_strength),
                purpose="restoration/blur",
                samples=numbers,
                draws=CORRUPTIONS,
            )
        return masked_noise(
            whole,
            share=strength.float() / FINEST,
            deviation=self.deviation,
            purpose="restoration/noise",
            samples=numbers,
            draws=CORRUPTIONS,
        )

    def strength(self, labels: Tensor) -> Tensor:
        """Return how strong the labels' corruptions are, ``(B,)``, int64."""
        return labels // self.count % STRENGTHS

    def _label(self, images: Tensor, strength: Tensor | int, numbers: Tensor) -> Tensor:
        return images + self.count * (strength + STRENGTHS * numbers)

    def _shown(self, pixels: Tensor, labels: Tensor) -> Tensor:
        return pixels[labels % self.count].to(self.white.dtype) / self.white


def _planes(images: Any) -> Tensor:
    pixels = torch.from_numpy(images)
    planes = (
        pixels[:, None].expand(-1, 3, -1, -1) if pixels.ndim == 3 else pixels.movedim(-1, 1)
    )
    return planes.contiguous().clone()


def _size(part: slice) -> int:
    size: int = part.stop - part.start
    return size


def _check(data: Images | Pairs, *, corruption: str) -> None:
    wanted, called = (Pairs, "pairs") if corruption == "real" else (Images, "images")
    if not isinstance(data, wanted):
        raise TypeError(
            f"dataset: the corruption {corruption} is for a set of {called}, "
            f"not of {type(data).__name__}"
        )
    for split in SPLITS:
        if split not in data.parts:
            found = " and ".join(data.parts)
            raise ValueError(f"images must hold the splits train and test, not only {found}")


def _check_numbers(*, hidden: int, deviation: float, share: float, side_px: int) -> None:
    if hidden < 0 or deviation < 0 or not 0 <= share <= 1 or not 1 <= side_px <= LARGEST_PX:
        raise ValueError(
            "hidden and deviation must be at least 0, share from 0 to 1 and side_px from 1 to "
            f"{LARGEST_PX}, not {hidden}, {deviation}, {share} and {side_px}"
        )
