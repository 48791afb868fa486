"""Tasks: where an automaton starts, what it is told, and what it should become.

A task's ``__init__`` takes ``data`` (what the data set named in ``reads`` loads, or None) and
``draws`` from the harness; by keyword only, what a suite may set.

A *label* says what a sample is about: a class, or, where a task has an image for each sample,
the number of the image. Labels are drawn and chosen by the task; whoever trains or tests hands
them back to ask for seed states, conditions and targets.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from ncabench.nca.draws import Draws
from ncabench.nca.state import Layout


class Task(nn.Module, ABC):
    """Seed states, conditions and targets of a number of classes.

    A task has no weights; it is a module so that its tensors (buffers) move with ``to``.
    Nothing but `test_labels` may wait for the device.

    Attributes:
        reads: the data set's kind, or the parameter of the task that names it; and the
            parameter of the task that selects from it.
        offers: what perturbations may ask for, such as ``"classes"``: more than one class;
            ``"inputs"``: an input in frozen channels, another one for each label.
        layout: the channels and the grid.
        classes: number of classes, at least 1.
    """

    version: ClassVar[int] = 1
    reads: ClassVar[tuple[str, str] | None] = None
    offers: ClassVar[tuple[str, ...]] = ()
    layout: Layout
    classes: int

    @property
    def device(self) -> torch.device:
        """Where the task's tensors are, and where labels must be."""
        return next((one.device for one in self.buffers()), torch.device("cpu"))

    def training_labels(self, samples: Tensor, *, draws: Draws) -> Tensor:
        """Return what each of ``samples (B,)`` of a training is about, drawn evenly; ``(B,)``.

        A class, unless the task says otherwise.
        """
        return draws.integers("train/label", low=0, high=self.classes, samples=samples)

    def test_labels(self, classes: Tensor, *, turns: Tensor) -> Tensor:  # noqa: ARG002 -- others need it
        """Return what tests of ``classes (B,)`` are about; ``(B,)``, the same for every model.

        The class itself, unless the task has several samples of one.

        Args:
            classes: the class of each test.
            turns: ``(B,)``, how many earlier tests there are of the same class.
        """
        return classes

    @abstractmethod
    def seed_state(self, labels: Tensor, *, samples: Tensor, draws: Draws) -> Tensor:
        """Return seed states, ``(B, C, H, W)``.

        Args:
            labels: ``(B,)``, what each is about.
            samples: ``(B,)`` integers that name the samples, so that what is drawn for one
                does not depend on the batch it is in.
            draws: where chance comes from.
        """

    @abstractmethod
    def condition(self, labels: Tensor) -> Tensor | None:
        """Return the conditions of ``labels (B,)``, or None where there are none.

        A vector ``(B, K)`` is the same in every cell; ``(B, K, H, W)`` is an image.
        """

    @abstractmethod
    def target(self, labels: Tensor) -> Tensor:
        """Return what metrics compare with: ``(B, A, H, W)`` for the layout's A answers."""

    def lesson(self, labels: Tensor) -> Tensor:
        """Return what training compares with: the target, unless the task says otherwise."""
        return self.target(labels)

    def image(self, labels: Tensor) -> Tensor:
        """Return intact images, ``(B, frozen + visible, H, W)``, frozen channels first.

        They are what a one-pass model is given. The target, where nothing is frozen.
        """
        return self.target(labels)

    def picture(self, state: Tensor) -> Tensor:
        """Return what filmstrips show of states ``(B, C, H, W)``: the visible channels."""
        return state[:, self.layout.visible_slice]
