"""Sample pools: old final states to go on from, so that what was grown is also kept."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from ncabench.nca.draws import Draws


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What a training iteration starts from.

    Attributes:
        state: ``(B, C, H, W)``.
        labels: ``(B,)``, int64, what each is about, as the task labels it.
    """

    state: Tensor
    labels: Tensor


class Pool(ABC):
    """Replaces part of a fresh batch by stored states, and stores final states.

    ``__init__`` takes no positional argument. `prepare` is called once, before the first
    iteration. All of a pool's tensors live on the training's device.
    """

    version: ClassVar[int] = 1

    @abstractmethod
    def prepare(
        self,
        fresh: Batch,
        *,
        frozen: int = 0,
        faster: Callable[..., Any] | None = None,
    ) -> None:
        """Allocate room for states like those of ``fresh``.

        Args:
            fresh: a batch of seeds.
            frozen: how many channels, the first ones, follow the label: an image that is given
                and not grown. A sample of the pool that takes a fresh sample's label takes
                its frozen channels too, and no damage touches them.
            faster: makes a function of tensors faster, such as ``Engine.faster``, or None.
        """

    @abstractmethod
    def count(self, batch: int, *, iteration: int, iterations: int) -> int:
        """Return how many slots of a batch may come from the pool; decided on the host."""

    @abstractmethod
    def mix(self, fresh: Batch, *, count: int, clock: Tensor, draws: Draws) -> Batch:
        """Return ``fresh`` with ``count`` of its slots taken from the pool.

        Args:
            fresh: a batch of seeds.
            count: what `count` returned.
            clock: the iteration, an int64 of no dimension on the device.
            draws: where chance comes from.
        """

    @abstractmethod
    def commit(self, final: Batch) -> None:
        """Store the final states of an iteration (detached), bad ones left out."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Return all that `load_state_dict` needs to go on bit-identically."""

    @abstractmethod
    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take up where `state_dict` left off."""
