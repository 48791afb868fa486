"""Perturbations: what is done to a grown state to see whether it recovers."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor

from ncabench.nca.draws import Draws


class Perturbation(ABC):
    """Changes states, or the classes they should become.

    Attributes:
        needs: what the task must offer, such as ``"classes"``, or ``"inputs"``: frozen
            channels that are given anew to a state that goes on.
    """

    version: ClassVar[int] = 1
    needs: ClassVar[tuple[str, ...]] = ()

    def pairs(self, classes: int) -> list[tuple[int, int]]:
        """Return (class before, class after) of each case to test, all classes covered."""
        return [(label, label) for label in range(classes)]

    def relabelled(self, labels: Tensor) -> Tensor:
        """Return what the samples of a batch are about from now on, ``(B,)``.

        The same as before, unless the perturbation ``needs`` other inputs. `pairs` says which
        classes are tested one after the other; this, which sample of a batch follows which.
        """
        return labels

    @abstractmethod
    def __call__(
        self, state: Tensor, *, samples: Tensor, draws: Draws
    ) -> tuple[Tensor, Tensor]:
        """Return the perturbed state, and which cells were touched.

        Args:
            state: ``(B, C, H, W)``; it is left as it was.
            samples: ``(B,)`` integers that name the samples, so that a sample's draw does
                not depend on the batch it is in.
            draws: where chance comes from.

        Shape:
            result ``(B, C, H, W)`` and ``(B, 1, H, W)``, bool.
        """
