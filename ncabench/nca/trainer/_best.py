"""The weights that did best in a validation."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn


class Best:
    """Keeps a copy of a model's weights as they were at the lowest validation loss.

    Which loss is the lowest is decided on the device, so that nothing waits for it. Until
    there is a loss that is a number, the first weights are kept.

    Args:
        model: whose weights and buffers are kept; on the meta device, nothing is.

    Attributes:
        loss: the latest validation loss, infinite before the first; no dimension.
        lowest: the lowest so far; likewise.

    >>> model = nn.Linear(1, 1)
    >>> best = Best(model)
    >>> for weight, loss in ((1.0, 0.5), (2.0, 0.25), (3.0, 0.75)):
    ...     _ = model.weight.data.fill_(weight)
    ...     best.see(torch.tensor(loss))
    >>> best.restore()
    >>> float(model.weight.detach()), float(best.loss), float(best.lowest)
    (2.0, 0.75, 0.25)
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.weights = {name: one.clone() for name, one in model.state_dict().items()}
        device = next(model.parameters()).device
        self.loss = torch.full((), math.inf, device=device)
        self.lowest = self.loss.clone()

    def see(self, loss: Tensor) -> None:
        """Take note of the loss of the weights as they are."""
        self.loss.copy_(loss)
        better = self.loss < self.lowest
        self.lowest.copy_(torch.where(better, self.loss, self.lowest))
        for name, now in self.model.state_dict().items():
            kept = self.weights[name]
            kept.copy_(torch.where(better, now, kept))

    @torch.no_grad()
    def restore(self) -> None:
        """Give the model the weights of the lowest loss."""
        for name, now in self.model.state_dict().items():
            now.copy_(self.weights[name])

    def state_dict(self) -> dict[str, Any]:
        """Return the weights that are kept, and the losses; copies."""
        weights = {name: one.clone() for name, one in self.weights.items()}
        return {"weights": weights, "loss": self.loss.clone(), "lowest": self.lowest.clone()}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take up where `state_dict` left off."""
        for name, kept in self.weights.items():
            kept.copy_(saved["weights"][name])
        self.loss.copy_(saved["loss"])
        self.lowest.copy_(saved["lowest"])
