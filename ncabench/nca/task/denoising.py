"""Make an image whole of which many small patches are masked."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.state import Layout
from ncabench.nca.task import Task
from ncabench.nca.task import _masking as masking

SPLITS = ("train", "test")
VALIDATION = 2**31  # masks are numbered: trainings draw from those below,
TEST = VALIDATION + 2**30  # validations count from the one, tests from the other
MASKS = Draws(0)  # so that mask k is the same in every training and every test


class Denoising(Task):
    """The denoising autoencoding of ViTCA: a masked image becomes the image.

    The frozen channels are the masked image, which is the input of every step; the visible
    ones become the image in [0, 1]; the hidden ones are the automaton's own. There are nine
    configurations: 25 %, 50 % and 75 % coverage, each with patches of 1, 2 and 4 px, counted
    in that order. Every patch of an image is masked by itself, with the coverage as chance,
    in all channels. A masked patch is

    - ``"dropout"``: 0 in all channels;
    - ``"gaussian"``: one standard normal value, the same in all pixels and channels.

    A label names an image, a configuration and a mask: the number of the image, plus N times
    that of the configuration, plus 9 N times that of the mask, in a set of N images. So a
    state of a pool keeps its own input and its own target. Trainings draw from the split
    ``train`` alone; validations go through ``val`` or, in a set without it, through ``test``;
    the k-th test is the k-th image of ``test``, and each ``batch`` of tests shares a
    configuration, in a fixed order.

    Source: ViTCA, section 4.1 and its appendix; its code for the order of configurations,
    for what is masked with what, and for the orders of tests and validations. Masks
    are drawn by ncabench's own generator.

    Args:
        data: the images that ``dataset`` and ``images`` name.
        draws: not needed here; a mask depends on its number alone.
        dataset: the set, such as ``"fashion_mnist"`` or ``"photo_tiles"``.
        images: its selection, which must hold the splits train and test.
        hidden: hidden channels.
        noise: what masked patches are; left out, ``"dropout"`` for colours and
            ``"gaussian"`` for grey images.
        seed: the state that a rollout starts from: ``"constant"``, visible channels 0.5
            and hidden ones 0; ``"random"``, uniform in [0, 1) and [-1, 1).
        batch: tests that share a configuration.

    Raises:
        TypeError: the set does not load images.
        ValueError: a split is missing, sides are no multiples of 4, or a number is too small.

    >>> import numpy as np
    >>> white = np.full((2, 8, 8, 3), 255, dtype=np.uint8)
    >>> parts = {"train": slice(0, 1), "test": slice(1, 2)}
    >>> data = Images(images=white, labels=np.zeros(2), classes=("a",), parts=parts)
    >>> task = Denoising(data, Draws(0), hidden=1)
    >>> label = task.test_labels(torch.tensor([0]), turns=torch.tensor([0]))
    >>> seed = task.seed_state(label, samples=label, draws=Draws(0))
    >>> [one.unique().tolist() for one in (seed[:, :3], seed[:, 3:6], seed[:, 6:])]
    [[0.0, 1.0], [0.5], [0.0]]
    """

    version = 1
    reads = ("dataset", "images")
    offers = ("inputs",)
    pixels: Tensor  # (N, planes, H, W), uint8
    places: Tensor  # (3, H * W): of each size of patches, the patch that a pixel is in
    coverages: Tensor  # (9,)
    kinds: Tensor  # (N,): the class of each image
    order: Tensor  # the configuration of each batch of tests
    white: Tensor

    def __init__(
        self,
        data: Images,
        draws: Draws,  # noqa: ARG002 - the contract's, not needed here
        *,
        dataset: str = "fashion_mnist",  # noqa: ARG002 - the harness reads it
        images: str | dict[str, Any] = "all",  # noqa: ARG002 - likewise
        hidden: int = 32,
        noise: Literal["dropout", "gaussian"] | None = None,
        seed: Literal["constant", "random"] = "constant",
        batch: int = 32,
    ) -> None:
        super().__init__()
        _check(data, hidden=hidden, batch=batch)
        self.trained, self.tested = (data.parts[split] for split in SPLITS)
        self.validated = data.parts.get("val", self.tested)
        self.seed, self.batch, self.classes = seed, batch, 1
        self.class_count = len(data.classes)
        pixels = torch.from_numpy(data.images)
        planes = pixels[:, None] if pixels.ndim == 3 else pixels.movedim(-1, 1)
        self.count, channels, height, width = planes.shape
        self.noise = noise or ("gaussian" if channels == 1 else "dropout")
        self.layout = Layout(
            height=height, width=width, frozen=channels, visible=channels, hidden=hidden
        )
        places = [_places(height, width, side=side) for side in masking.PATCHES_PX]
        coverages = [coverage for coverage, _ in masking.CONFIGURATIONS]
        batches = -(-_size(self.tested) // batch)
        self.register_buffer("pixels", planes.contiguous().clone())
        self.register_buffer("kinds", torch.from_numpy(data.labels))
        self.register_buffer("places", torch.stack(places))
        self.register_buffer("coverages", torch.tensor(coverages))
        self.register_buffer("order", torch.tensor(masking.in_order(1, batches)))
        self.register_buffer("white", torch.tensor(255.0))  # it also holds the type of floats

    @property
    def validations(self) -> int:
        """How many images there are to validate on."""
        return _size(self.validated)

    @property
    def tests(self) -> int:
        """How many images there are to test on."""
        return _size(self.tested)

    @property
    def trainings(self) -> int:
        """How many images there are to train on."""
        return _size(self.trained)

    def training_labels(self, samples: Tensor, *, draws: Draws) -> Tensor:
        """Return an image and a mask for each sample, all configurations alike, ``(B,)``."""
        drawn = draws.integers(
            "train/configuration", low=0, high=masking.COUNT, samples=samples
        )
        return self.labels_under(drawn, samples=samples, draws=draws)

    def labels_under(self, configuration: Tensor, *, samples: Tensor, draws: Draws) -> Tensor:
        """Return an image to train on and a mask of a configuration for each sample, ``(B,)``.

        Args:
            configuration: ``(B,)``, or ``(1,)``: one for all.
            samples: ``(B,)``, the samples' numbers.
            draws: where chance comes from.
        """
        low, high = self.trained.start, self.trained.stop
        images = draws.integers("train/label", low=low, high=high, samples=samples)
        masks = draws.integers("train/mask", low=0, high=VALIDATION, samples=samples)
        return self._label(images, configuration, masks)

    def validation_labels(self, turns: Tensor, *, configuration: Tensor) -> Tensor:
        """Return the images at ``turns`` of a validation, ``(B,)``.

        Masks depend on the place in the batch alone, so that all batches of a configuration
        have the same ones.
        """
        slots = torch.arange(len(turns), device=turns.device)
        return self._label(self.validated.start + turns, configuration, VALIDATION + slots)

    def test_labels(self, classes: Tensor, *, turns: Tensor) -> Tensor:  # noqa: ARG002 -- one
        """Return the test images at ``turns``, each with a mask of its own, ``(B,)``."""
        rows = turns % self.tests
        return self._label(
            self.tested.start + rows, self.order[rows // self.batch], TEST + turns
        )

    def plain_labels(self, turns: Tensor, *, split: str) -> Tensor:
        """Return the images at ``turns`` of a split, ``(B,)``, each by its number alone.

        They are for whoever wants images whole; as labels of masked images they have the
        first configuration and mask 0.

        Args:
            turns: ``(B,)``.
            split: one of ``SPLITS``.
        """
        parts = dict(zip(SPLITS, (self.trained, self.tested), strict=True))
        return turns + int(parts[split].start)

    def classes_of(self, labels: Tensor) -> Tensor:
        """Return the classes of the labels' images, ``(B,)``, as the data numbers them.

        No automaton is told them: to the task itself all images are of one class.
        """
        return self.kinds[labels % self.count].long()

    def configurations(self, labels: Tensor) -> Tensor:
        """Return the numbers of the labels' configurations, ``(B,)``."""
        return labels // self.count % masking.COUNT

    def seed_state(self, labels: Tensor, *, samples: Tensor, draws: Draws) -> Tensor:
        """Return masked images under channels that know nothing yet, ``(B, C, H, W)``."""
        given, layout = self.masked(labels), self.layout
        if self.seed == "constant":
            grey = torch.full_like(given, 0.5)
            hidden = grey.new_zeros(len(grey), layout.hidden, *grey.shape[2:])
            return torch.cat([given, grey, hidden], dim=1)
        cells = (layout.visible + layout.hidden) * layout.height * layout.width
        drawn = draws.uniform("seed/cells", samples=samples, cells=cells)
        own = drawn.view(len(given), -1, layout.height, layout.width).to(given.dtype)
        visible, hidden = own[:, : layout.visible], 2 * own[:, layout.visible :] - 1
        return torch.cat([given, visible, hidden], dim=1)

    def condition(self, labels: Tensor) -> None:
        """Return None: the masked image is part of the state."""

    def target(self, labels: Tensor) -> Tensor:
        """Return whole images in [0, 1], ``(B, planes, H, W)``."""
        images = self.pixels[labels % self.count].to(self.white.dtype)
        return images / self.white

    def image(self, labels: Tensor) -> Tensor:
        """Return masked and whole images, ``(B, 2 planes, H, W)``."""
        return torch.cat([self.masked(labels), self.target(labels)], dim=1)

    def masked(self, labels: Tensor) -> Tensor:
        """Return masked images, ``(B, planes, H, W)``; normal values may leave [0, 1]."""
        fill: Tensor | float = 0.0
        if self.noise == "gaussian":
            grid = self.layout.height * self.layout.width
            drawn = MASKS.normal("denoising/noise", samples=self._mask(labels), cells=grid)
            fill = self._spread(drawn, labels).to(self.white.dtype)
        return torch.where(self.mask(labels), fill, self.target(labels))

    def mask(self, labels: Tensor) -> Tensor:
        """Return which pixels are masked, ``(B, 1, H, W)``, bool."""
        grid = self.layout.height * self.layout.width
        drawn = MASKS.uniform("denoising/mask", samples=self._mask(labels), cells=grid)
        coverage = self.coverages[self.configurations(labels)].view(-1, 1, 1, 1)
        return self._spread(drawn, labels) < coverage

    def _label(self, images: Tensor, configuration: Tensor, masks: Tensor) -> Tensor:
        return images + self.count * (configuration + masking.COUNT * masks)

    def _mask(self, labels: Tensor) -> Tensor:
        return labels // (self.count * masking.COUNT)

    def _spread(self, drawn: Tensor, labels: Tensor) -> Tensor:
        """Return the value of its patch for each pixel, ``(B, 1, H, W)``.

        Args:
            drawn: ``(B, 1, H * W)``, a value for each patch; the larger they are, the fewer
                of them are needed.
            labels: ``(B,)``, whose configurations say how large.
        """
        patches = self.configurations(labels) % len(masking.PATCHES_PX)
        values = drawn[:, 0].gather(1, self.places[patches])
        return values.view(-1, 1, self.layout.height, self.layout.width)


def _places(height: int, width: int, *, side: int) -> Tensor:
    """Return the number of the patch that each pixel is in, row by row, ``(H * W,)``."""
    rows = torch.arange(height)[:, None] // side
    return (rows * (width // side) + torch.arange(width) // side).flatten()


def _size(part: slice) -> int:
    size: int = part.stop - part.start
    return size


def _check(data: Images, *, hidden: int, batch: int) -> None:
    if not isinstance(data, Images):
        raise TypeError(f"dataset: expected a set of images, not {type(data).__name__}")
    for split in SPLITS:
        if split not in data.parts:
            found = " and ".join(data.parts)
            raise ValueError(f"images must hold the splits train and test, not only {found}")
    height, width = data.images.shape[1:3]
    largest = max(masking.PATCHES_PX)
    if height % largest or width % largest:
        raise ValueError(
            f"images: sides must be multiples of {largest} px, not {height} x {width}"
        )
    if hidden < 0 or batch < 1:
        raise ValueError(
            f"hidden must be at least 0 and batch at least 1, not {hidden} and {batch}"
        )
