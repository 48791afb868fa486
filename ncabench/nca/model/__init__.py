"""Models: automata, and the one-pass networks they are compared with.

An automaton (``iterative = True``) is stepped; its ``__init__`` takes ``layout`` and one
built component for each family named in ``parts``. A one-pass model maps an image and its
condition to an image at once; its ``__init__`` takes ``layout`` alone. A model without
weights names no trainer: it is tested as it is.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from torch import Tensor, nn

from ncabench.nca.draws import Draws
from ncabench.nca.state import Layout


class Model(nn.Module, ABC):
    """What is trained. See `Automaton` and `OnePass` for what each must do.

    Attributes:
        parts: component families that the harness builds and hands over, in order.
        trainers: kinds of trainer that can train it; none for a model without weights.
        protocols: kinds of protocol that can test it.
        probe_units: hidden units of the classifier that a linear probe trains on its
            features; 0 for a linear one.
    """

    version: ClassVar[int] = 1
    iterative: ClassVar[bool]
    parts: ClassVar[tuple[str, ...]] = ()
    trainers: ClassVar[tuple[str, ...]]
    protocols: ClassVar[tuple[str, ...]]
    probe_units: int = 0

    @classmethod
    def grid(cls, layout: Layout, **given: Any) -> Layout:  # noqa: ARG003 -- others need it
        """Return the layout that the model's parts are built for: the task's own.

        Args:
            layout: the task's.
            given: the model's keyword arguments.
        """
        return layout

    def parameter_count(self) -> int:
        """Return the number of weights that inference needs."""
        return sum(weight.numel() for weight in self.parameters())

    def counted_apart(self) -> dict[str, int]:
        """Return the number of weights of parts that papers count by themselves, by name."""
        return {}

    def features(self, shown: Tensor) -> Tensor:  # noqa: ARG002 -- others have some
        """Return what a linear probe classifies by, ``(B, F, h, w)``.

        Args:
            shown: of an automaton a state of its own; of a one-pass model the image.

        Raises:
            TypeError: nothing in the model is meant to be probed.
        """
        raise TypeError(f"{type(self).__name__} has no features to probe")


class Automaton(Model):
    """A model that is stepped.

    Attributes:
        fire_rate: chance that a cell updates in a step, in training and in tests.
        noise: standard deviation of what is added to the state in every step.
    """

    iterative: ClassVar[bool] = True
    fire_rate: float
    noise: float

    def begin(self, seed: Tensor) -> Tensor:
        """Return the model's own first state of a task's seed states ``(B, C, H, W)``."""
        return seed

    def end(self, state: Tensor) -> Tensor:
        """Return a state as the task's layout has it; its hidden channels may be left out."""
        return state

    def glimpse(self, state: Tensor, *, samples: Tensor, draws: Draws) -> Tensor:  # noqa: ARG002 -- others draw a view
        """Return what a training sees of states: what `end` gives, whatever the samples.

        Args:
            state: ``(B, C, H, W)``.
            samples: ``(B,)``, which name them.
            draws: where chance comes from.
        """
        return self.end(state)

    def reconstruct(self, image: Tensor) -> Tensor | None:  # noqa: ARG002 -- others have one
        """Return what is left of images ``(B, V, H, W)`` on the model's own grid.

        None where that is the task's, so that nothing is lost.
        """
        return None

    def codes(self, image: Tensor) -> Tensor | None:  # noqa: ARG002 -- likewise
        """Return the numbers of the codes that stand for images, or None without a codebook."""
        return None

    @abstractmethod
    def step(
        self,
        state: Tensor,
        *,
        condition: Tensor | None,
        mask: Tensor | None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Return the next state.

        Args:
            state: ``(B, C, H, W)``.
            condition: ``(B, K)``, one value per sample, or ``(B, K, h, w)``, an image that
                is resized to the grid; None where the layout has no condition channels.
            mask: ``(B, 1, H, W)`` bool, the cells that update; None lets all of them.
            noise: ``(B, C, H, W)`` standard normal values, needed where the model adds noise.
        """


class OnePass(Model):
    """A model that answers in one pass."""

    iterative: ClassVar[bool] = False

    @abstractmethod
    def forward(self, image: Tensor, condition: Tensor | None) -> Tensor:
        """Map an image and a condition ``(B, K)`` to an answer.

        The image has the layout's frozen and visible channels, the answer its visible ones
        and its class scores.
        """
