"""Trainings of image restoration as LNCA runs them, batch by batch, in plain PyTorch.

They stand for what a paper timed: eager, masks of ``torch.rand``, no engine, trainer or pool
of the harness. Batches are images in [0, 1], ``clean`` and ``noisy``, ``(B, V, H, W)``.

- A one-pass model descends once on a batch. NAFNet's loss is minus the PSNR in dB, others'
  the mean absolute error.
- An automaton descends twice where there is a pool: from seed states, then from states of
  the pool. On pixels its loss is 100 times the mean absolute error of the image and of what
  leaves [0, 1] in output channels and [-1, 1] in hidden ones. On a latent grid it is 100
  times the mean squared errors of image and output channels, and once what leaves those
  ranges; its core alone is stepped, so that no step copies the image.
- Before that, a latent one's autoencoder is trained, with two descents on a batch.

Every descent divides each weight tensor's gradient by its norm, and is a step of Adam. The
learning rate is constant, and a copy of what is trained stands for the best weights so far.

Source: LNCA, "Training Procedure"; losses, their weights, the pool, the two descents and the
second copy are those of its code.
"""

from __future__ import annotations

import copy
import itertools
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ncabench.nca.model import Automaton, Model
from ncabench.nca.model._restoring import Restoring
from ncabench.nca.model.nafnet import NAFNet
from ncabench.nca.state import Layout
from ncabench.run.workload import LEARNING_RATE, stepped

EPSILON = 1e-7  # Adam's, as Keras has it
NORM_EPSILON = 1e-8
WEIGHT = 100.0
HINGE_WEIGHT = 10.0  # of the autoencoder's hinge, and of its error where images were changed
MARGIN = 1.0  # that latent grids of other images should be farther away
SHAKE = 0.5  # standard deviation of what is added to a latent grid
GREY = 0.5
Batch = tuple[Tensor, ...]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How automata are trained.

    Attributes:
        steps: shortest and longest rollout; all lengths are taken in turn, the longest first.
        pool: states that the pool holds, on the device from the first batch on; 0 for none.
    """

    steps: tuple[int, int]
    pool: int = 0


class Stage(ABC):
    """One of the trainings that a model goes through.

    Args:
        trained: what is trained; its weights change.
    """

    name: str

    def __init__(self, trained: nn.Module) -> None:
        self.weights = [one for one in trained.parameters() if one.requires_grad]
        self.best = copy.deepcopy(trained)
        self.optimiser = torch.optim.Adam(self.weights, lr=LEARNING_RATE, eps=EPSILON)

    @abstractmethod
    def learn(self, clean: Tensor, noisy: Tensor) -> Tensor:
        """Take all descents of a batch, and return what came of ``noisy`` in the first."""

    @abstractmethod
    def answer(self, noisy: Tensor) -> Tensor:
        """Return what a validation compares with clean images, without gradients."""

    def descend(self, loss: Tensor) -> None:
        """Take one descent."""
        self.optimiser.zero_grad()
        torch.autograd.backward(loss)
        for weight in self.weights:
            if weight.grad is not None:
                weight.grad.div_(weight.grad.norm() + NORM_EPSILON)
        self.optimiser.step()


def stages(model: Model, terms: Terms) -> list[Stage]:
    """Return the trainings of a model, one after another: two of a latent automaton."""
    if not isinstance(model, Automaton):
        return [Passing(model)]
    stepping = Stepping(model, terms)
    return [Coding(model), stepping] if isinstance(model, Restoring) else [stepping]


def answer(model: Model, image: Tensor, *, steps: int) -> Tensor:
    """Return what a model makes of images, its first state and its coding included.

    Args:
        model: as it is tested.
        image: ``(B, V, H, W)``.
        steps: of an automaton; of a one-pass model not used.
    """
    with torch.no_grad():
        if not isinstance(model, Automaton):
            return _passed(model, image)
        last = stepped(_core(model), begun(model, image), None, steps=steps)
        return shown(model, last, image)


def begun(model: Automaton, image: Tensor) -> Tensor:
    """Return the first state of what is stepped: images, output channels of 0.5, zeros."""
    zeros = image.new_zeros(len(image), _layout(model).hidden, *image.shape[2:])
    seed = torch.cat([image, torch.full_like(image, GREY), zeros], dim=1)
    if not isinstance(model, Restoring):
        return seed
    return model.begin(seed)[:, model.carried :].contiguous()


def shown(model: Automaton, last: Tensor, image: Tensor) -> Tensor:
    """Return the image that a last state stands for, given the image it started from."""
    output = last[:, _layout(model).visible_slice]
    if not isinstance(model, Restoring):
        return output
    return model.autoencoder.join(output, model.autoencoder.beside(image))


class Passing(Stage):
    """The training of a one-pass model."""

    name = "one_pass"

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.model = model
        self.loss = _minus_psnr if isinstance(model, NAFNet) else F.l1_loss

    def learn(self, clean: Tensor, noisy: Tensor) -> Tensor:
        made = _passed(self.model.train(), noisy)
        self.descend(self.loss(made, clean))
        return made.detach()

    def answer(self, noisy: Tensor) -> Tensor:
        return answer(self.model.eval(), noisy, steps=1)


class Stepping(Stage):
    """The training of an automaton; a latent one's autoencoder is frozen."""

    name = "automaton"

    def __init__(self, model: Automaton, terms: Terms) -> None:
        super().__init__(model)
        low, self.longest = terms.steps
        self.model, self.pool = model, Pool(terms.pool)
        self.lengths = itertools.cycle(range(self.longest, low - 1, -1))
        self.latent = isinstance(model, Restoring)

    def learn(self, clean: Tensor, noisy: Tensor) -> Tensor:
        last, made = self._descended(clean, noisy, begun(self.model.train(), noisy))
        if self.pool.size:
            self.pool.put(self._kept(clean, noisy, last))
            rows, held = self.pool.take(len(clean))
            clean, noisy, state = self._held(held)
            last, _ = self._descended(clean, noisy, state)
            self.pool.put(self._kept(clean, noisy, last), rows=rows)
        return made

    def answer(self, noisy: Tensor) -> Tensor:
        return answer(self.model.eval(), noisy, steps=2 * self.longest)

    def _descended(self, clean: Tensor, noisy: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        last = stepped(_core(self.model), state, None, steps=next(self.lengths))
        made = shown(self.model, last, noisy)
        self.descend(self.loss(last, made, clean))
        return last.detach(), made.detach()

    def loss(self, last: Tensor, made: Tensor, clean: Tensor) -> Tensor:
        """Return what the last state and the image made of it are descended on."""
        layout = _layout(self.model)
        output, hidden = last[:, layout.visible_slice], last[:, layout.hidden_slice]
        beyond = _beyond(output, 0.0, 1.0) + _beyond(hidden, -1.0, 1.0)
        if not isinstance(self.model, Restoring):
            return WEIGHT * (F.l1_loss(made, clean) + beyond)
        wanted = self.model.autoencoder.encode(clean)
        return WEIGHT * (F.mse_loss(made, clean) + F.mse_loss(output, wanted)) + beyond

    def _kept(self, clean: Tensor, noisy: Tensor, last: Tensor) -> Batch:
        """Return what the pool holds; a state of pixels has its noisy image in it."""
        return (clean, noisy, last) if self.latent else (clean, last)

    def _held(self, held: Batch) -> Batch:
        if self.latent:
            return held
        clean, state = held
        return clean, state[:, : clean.shape[1]], state


class Coding(Stage):
    """The training of a copy of a latent automaton's autoencoder.

    The first descent is on 100 times the error of images made again of clean, noisy and other
    clean images, on 10 times a hinge by which latent grids of clean images should be nearer to
    their noisy ones' than to others', and on 10 times the error where noise changed the image.
    The second is on that error where latent grid and skip connection are those of different
    images, clean and noisy, the latent grid shaken.
    """

    name = "autoencoder"

    def __init__(self, model: Restoring) -> None:
        self.coder = copy.deepcopy(model.autoencoder).requires_grad_(True)
        super().__init__(self.coder)

    def learn(self, clean: Tensor, noisy: Tensor) -> Tensor:
        self.coder.train()
        loss, made = self.first_loss(clean, noisy)
        self.descend(loss)
        self.descend(self.second_loss(clean, noisy))
        return made.detach()

    def answer(self, noisy: Tensor) -> Tensor:
        coder = self.coder.eval()
        with torch.no_grad():
            return coder.join(coder.encode(noisy), coder.beside(noisy))

    def first_loss(self, clean: Tensor, noisy: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the first descent is on, and the noisy images made again."""
        images = (clean, noisy, clean.roll(1, dims=0))
        coded = [(self.coder.encode(one), self.coder.beside(one)) for one in images]
        made = [self.coder.join(*one) for one in coded]
        mine, near, far = (latent for latent, _ in coded)
        hinge = F.relu(F.mse_loss(mine, near) - F.mse_loss(mine, far) + MARGIN)
        again = F.mse_loss(torch.cat(made), torch.cat(images))
        changed = (noisy != clean).to(clean.dtype)
        where = F.mse_loss(changed * made[1], changed * noisy)
        return WEIGHT * again + HINGE_WEIGHT * (hinge + where), made[1]

    def second_loss(self, clean: Tensor, noisy: Tensor) -> Tensor:
        """Return what the second descent is on."""
        coder, mine = self.coder, self.coder.encode(clean)
        swapped = coder.join(coder.encode(noisy), coder.beside(clean))
        shaken = coder.join(mine + SHAKE * torch.randn_like(mine), coder.beside(noisy))
        changed = (noisy != clean).to(clean.dtype)
        errors = [(changed * (swapped - noisy)), (changed * (shaken - clean))]
        return WEIGHT * sum((one.square().mean() for one in errors), clean.new_zeros(()))


class Pool:
    """States of earlier batches and their images, on the device.

    What is put is written behind what is there; once the pool is full, over entries drawn at
    random.

    >>> pool = Pool(3)
    >>> for value in (1.0, 2.0):
    ...     pool.put((torch.full((2, 1), value),))
    >>> pool.count, sorted(pool.take(3)[1][0].flatten().tolist())[1:]
    (3, [2.0, 2.0])
    """

    def __init__(self, size: int) -> None:
        self.size, self.count = size, 0
        self._parts: list[Tensor] = []

    def put(self, batch: Sequence[Tensor], *, rows: Tensor | None = None) -> None:
        """Hold a batch, at ``rows`` where these are given."""
        if not self._parts:
            self._parts = [one.new_zeros(self.size, *one.shape[1:]) for one in batch]
        many = len(batch[0])
        if rows is None:
            end = min(self.count + many, self.size)
            behind = torch.arange(self.count, end)
            over = torch.randperm(self.count)[: many - len(behind)]
            rows, self.count = torch.cat([behind, over]), end
        for part, one in zip(self._parts, batch, strict=True):
            part[rows.to(part.device)] = one[: len(rows)]

    def take(self, many: int) -> tuple[Tensor, Batch]:
        """Return as many entries, drawn without replacement: their rows, and what they are."""
        rows = torch.randperm(self.count)[:many]
        return rows, tuple(part[rows.to(part.device)] for part in self._parts)


def _core(model: Automaton) -> Automaton:
    """Return what is stepped."""
    return model.core if isinstance(model, Restoring) else model


def _layout(model: Automaton) -> Layout:
    core: Any = _core(model)
    layout: Layout = core.layout
    return layout


def _passed(model: Model, image: Tensor) -> Tensor:
    made: Tensor = model(image, None)
    return made


def _minus_psnr(made: Tensor, clean: Tensor) -> Tensor:
    """Return minus the mean PSNR in dB, of images in [0, 1].

    >>> round(float(_minus_psnr(torch.zeros(1, 3, 8, 8), torch.full((1, 3, 8, 8), 0.1))), 4)
    -20.0
    """
    return 10 * (made - clean).square().mean(dim=(1, 2, 3)).log10().mean()


def _beyond(values: Tensor, low: float, high: float) -> Tensor:
    """Return how far values lie outside a range, on average.

    >>> float(_beyond(torch.tensor([-2.0, 0.5, 1.5, 0.0]), 0.0, 1.0))
    0.625
    """
    return (values - values.clamp(low, high)).abs().mean()
