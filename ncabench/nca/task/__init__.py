"""Tasks: where an automaton starts, what it is told, and what it should become.

A task's ``__init__`` takes ``data`` (what the data set named in ``reads`` loads, or None) and
``draws`` from the harness; by keyword only, what a suite may set.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from ncabench.nca.state import Layout


class Task(nn.Module, ABC):
    """Seed states, conditions and targets of a number of classes.

    A task has no weights; it is a module so that its tensors (buffers) move with ``to``.

    Attributes:
        reads: the data set's kind, and the parameter of the task that selects from it.
        offers: what perturbations may ask for, such as ``"classes"``: more than one class.
        layout: the channels and the grid.
        classes: number of classes, at least 1.
    """

    version: ClassVar[int] = 1
    reads: ClassVar[tuple[str, str] | None] = None
    offers: ClassVar[tuple[str, ...]] = ()
    layout: Layout
    classes: int

    @abstractmethod
    def seed_state(self, batch: int) -> Tensor:
        """Return ``batch`` seed states, ``(B, C, H, W)``."""

    @abstractmethod
    def condition(self, labels: Tensor) -> Tensor | None:
        """Return the conditions ``(B, K)`` of ``labels (B,)``, or None where there are none."""

    @abstractmethod
    def target(self, labels: Tensor) -> Tensor:
        """Return the targets ``(B, visible, H, W)`` of ``labels (B,)``."""
