"""Protocols: what is measured of a trained model, and when.

A protocol's ``__init__`` takes nothing from the harness; by keyword only, what ``[protocol]``
sets. It draws only from the draws it is given, so that every model meets the same samples.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from torch import Tensor

from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Model
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.task import Task


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A quantity over the steps of a rollout, averaged over samples, or over iterations.

    Attributes:
        steps: the t of each ``state_t``; the perturbed state before any further update
            has the same t as the state before it, and comes after it.
        values: mean over samples.
        spreads: standard deviation over samples (ddof 1; 0.0 for one sample).
        over: what ``steps`` counts: updates, or the iterations of what a protocol trains.
    """

    steps: list[int]
    values: list[float]
    spreads: list[float]
    over: Literal["steps", "iterations"] = "steps"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a protocol found.

    Attributes:
        values: named numbers, such as ``"perceptual/recovery"``; a quantity that is not
            defined (recovery where nothing was damaged) is absent, never NaN.
        curves: named curves, such as ``"perceptual"``.
        samples: per-sample numbers behind the values; ``(samples,)`` lists.
        frames: named filmstrips: the task's pictures ``(T, V, H, W)`` on the CPU.
        frame_steps: the t of each frame, per filmstrip.
    """

    values: dict[str, float]
    curves: dict[str, Curve] = field(default_factory=dict)
    samples: dict[str, list[float]] = field(default_factory=dict)
    frames: dict[str, Tensor] = field(default_factory=dict)
    frame_steps: dict[str, list[int]] = field(default_factory=dict)


class Protocol(ABC):
    """A measurement of a trained model under a perturbation.

    Attributes:
        measures: names, such as ``"accuracy"`` in ``"accuracy/grown"``, of what is measured
            besides the suite's metrics; no metric may have one of them.
        scores_images: whether the suite's metrics are asked, of which there must then be one;
            otherwise there must be none.
        whole_batches: whether metrics see the same batches of tests, all of one size, whatever
            the model, which a metric ``of_batch`` needs.
        takes_donor: whether it also needs another trained model; then its parameter ``donor``
            selects the grid point that has it, by the axes on which that is another, and
            `receive` comes before the call.
    """

    version: ClassVar[int] = 1
    measures: ClassVar[tuple[str, ...]] = ()
    scores_images: ClassVar[bool] = True
    whole_batches: ClassVar[bool] = False
    takes_donor: ClassVar[bool] = False

    def receive(self, donor: Model, task: Task) -> None:  # noqa: ARG002 -- few take one
        """Take another trained model and what it was trained on.

        Raises:
            TypeError: the protocol needs none.
        """
        raise TypeError(f"{type(self).__name__} takes no donor")

    def check(self, model: Model, task: Task) -> None:  # noqa: B027 -- most have no donor
        """Raise ValueError or TypeError where a model does not fit the donor received.

        Plans ask on the meta device.
        """

    @abstractmethod
    def __call__(
        self,
        model: Model,
        task: Task,
        perturbation: Perturbation,
        metrics: Mapping[str, Metric],
        draws: Draws,
    ) -> Measured:
        """Measure ``model``; its weights and the device are left as they were.

        Raises:
            Diverged: a state stopped being finite.
        """
