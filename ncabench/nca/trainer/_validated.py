"""What trainers have in common that validate now and then."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from ncabench.nca.trainer import Trainer
from ncabench.nca.trainer._best import Best
from ncabench.nca.trainer._held_out import HeldOut


class Validated(Trainer):
    """A training with a validation after every so many iterations, and after the last.

    Attributes:
        validate_every: iterations between validations.
        validation: the loss of images held out.
        best: the weights of the lowest.
        keep: whether the weights that are left are those or the last.
    """

    validate_every: int
    validation: HeldOut
    best: Best
    keep: Literal["best", "last"] = "best"

    def advance(self) -> dict[str, Tensor]:
        """Do one iteration, and a validation where it is time for one.

        From the first validation on, the scalars hold the latest and the lowest
        ``"validation_loss"``.
        """
        scalars = super().advance()
        last = self.iteration == self.iterations
        if last or self.iteration % self.validate_every == 0:
            scalars = {name: value.clone() for name, value in scalars.items()}
            self.best.see(self.validation())
        if last and self.keep == "best":
            self.best.restore()
        if last or self.iteration >= self.validate_every:
            scalars |= {
                "validation_loss": self.best.loss,
                "lowest_validation_loss": self.best.lowest,
            }
        return scalars


def check_interval(validate_every: int) -> None:
    """Raise ValueError where there is no such interval."""
    if validate_every < 1:
        raise ValueError(f"validate_every must be at least 1, not {validate_every}")
