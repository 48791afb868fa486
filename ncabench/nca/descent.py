"""One optimiser step: schedule, gradient rule, loss scaling."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ncabench.nca.optimiser import Optimiser
from ncabench.nca.schedule import Schedule


class Descent:
    """Turns losses into changes of weights, with one rule for all trainers.

    Args:
        weights: what is trained.
        optimiser: how.
        schedule: factor on the learning rate, by iteration.
        iterations: length of the training.
        clip_norm: greatest global norm of the gradient; None does not clip.
        normalise: divide each weight tensor's gradient by its own norm first.
        amp: operand type of mixed precision; float16 scales the loss.
        captured: `step` is recorded and replayed, so the learning rate lives on the device.

    Raises:
        ValueError: ``clip_norm`` is not above 0.

    Source: global-norm clipping at 1.0, NCAtorch's shipped recipes; per-tensor
    normalisation, "Growing Neural Cellular Automata", Distill 2020, notebook.
    """

    def __init__(
        self,
        weights: Iterable[nn.Parameter],
        *,
        optimiser: Optimiser,
        schedule: Schedule,
        iterations: int,
        clip_norm: float | None = None,
        normalise: bool = False,
        amp: torch.dtype | None = None,
        captured: bool = False,
    ) -> None:
        if clip_norm is not None and not clip_norm > 0:
            raise ValueError(f"clip_norm must be above 0, or none, not {clip_norm}")
        self.weights = list(weights)
        self.captured = captured
        self.optimiser = optimiser
        self.learning_rate = optimiser.learning_rate
        self.schedule = schedule
        self.iterations = iterations
        self.clip_norm = clip_norm
        self.normalise, self._spared = normalise, frozenset[int]()
        device = self.weights[0].device.type
        self.scaler = torch.amp.GradScaler(device, enabled=amp is torch.float16)

    def spare(self, weights: Iterable[nn.Parameter]) -> None:
        """Let the gradients of these be as they are where others are normalised.

        Source: Cells to Pixels, which normalises those of the automaton and not the decoder's.
        """
        self._spared = frozenset(map(id, weights))

    @cached_property
    def optimizer(self) -> Optimizer:
        """PyTorch's optimiser, made when it is first needed: importing its parts takes long."""
        made = self.optimiser.make(self.weights, captured=self.captured)
        if self.captured:
            self._bind_rate(made)
        return made

    @cached_property
    def rate(self) -> Tensor:
        """The learning rate on the device, for a step that is recorded."""
        return torch.tensor(self.learning_rate, device=self.weights[0].device)

    def _bind_rate(self, optimizer: Optimizer) -> None:
        for group in optimizer.param_groups:
            group["lr"] = self.rate

    def backward(self, loss: Tensor) -> None:
        """Add the gradient of ``loss`` to what is there."""
        scaled: Tensor = self.scaler.scale(loss)
        scaled.backward()  # type: ignore[no-untyped-call]

    def prepare(self, iteration: int) -> None:
        """Set the learning rate of the next `step`."""
        rate = self.learning_rate * self.schedule.factor(iteration, self.iterations)
        if self.captured:
            self.rate.fill_(rate)
            return
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def step(self) -> Tensor:
        """Change the weights, forget the gradient, and return its norm before any rule."""
        self.scaler.unscale_(self.optimizer)
        norm = self._apply_rules()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        return norm

    def _apply_rules(self) -> Tensor:
        gradients = [
            (weight.grad, id(weight) in self._spared)
            for weight in self.weights
            if weight.grad is not None
        ]
        norm = nn.utils.get_total_norm([gradient for gradient, _ in gradients])
        for gradient, spared in gradients:
            if self.normalise and not spared:
                gradient.div_(gradient.norm() + 1e-8)
        if self.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.weights, self.clip_norm)
        return norm

    def state_dict(self) -> dict[str, Any]:
        """Return the moments and the loss scale."""
        return {"optimizer": self.optimizer.state_dict(), "scaler": self.scaler.state_dict()}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take up where `state_dict` left off."""
        self.optimizer.load_state_dict(saved["optimizer"])
        if self.captured:
            self._bind_rate(self.optimizer)
        self.scaler.load_state_dict(saved["scaler"])
