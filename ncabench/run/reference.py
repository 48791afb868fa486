"""A workload that never changes, so that times can be told as ratios to it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_SIDE, _BATCH = 32, 2  # cells, samples
_CHANNELS, _TOLD, _WIDTH = 16, 2, 80


class Reference:
    """A small automaton of its own: four of its steps, and a training iteration over four.

    It does what the automata that are profiled do, with the same operations: a circular
    3x3 convolution of 16 channels and two planes of condition, two 1x1 convolutions, a mask,
    the living mask; in training the backward pass, clipping to norm 1 and a step of Adam.
    It shares no code with them, so what slows them down does not slow it down. Weights,
    state and mask follow a sine; Adam's learning rate is 0, so that every call does the same.

    Source: none; the sizes are those of an emoji automaton on a small grid.

    Attributes:
        version: of the workload; ratios to different versions are not compared.
        steps: steps in a call of `inference`.

    >>> reference = Reference(device=torch.device("cpu"))
    >>> reference.inference().shape
    torch.Size([1, 16, 32, 32])
    """

    version = 1
    steps = 4

    def __init__(self, *, device: torch.device) -> None:
        grid = (_SIDE, _SIDE)
        self.weights = [
            _wave(_WIDTH, _CHANNELS + _TOLD, 3, 3, height=0.1, device=device),
            _wave(_WIDTH, height=0.1, device=device),
            _wave(_WIDTH, _WIDTH, 1, 1, height=0.1, device=device),
            _wave(_WIDTH, height=0.1, device=device),
            _wave(_CHANNELS, _WIDTH, 1, 1, height=0.01, device=device),
            _wave(_CHANNELS, height=0.01, device=device),
        ]
        self.learned = [weight.clone().requires_grad_() for weight in self.weights]
        self.optimiser = torch.optim.Adam(self.learned, lr=0.0)
        self.state = _wave(_BATCH, _CHANNELS, *grid, height=1.0, device=device)
        self.told = _wave(_BATCH, _TOLD, *grid, height=1.0, device=device)
        self.mask = _wave(_BATCH, 1, *grid, height=1.0, device=device) > 0

    def inference(self) -> Tensor:
        """Step one sample, without gradients."""
        with torch.no_grad():
            return self._stepped(self.weights, samples=1)

    def training(self) -> Tensor:
        """Step two samples, and learn nothing from the error; returns the error."""
        self.optimiser.zero_grad()
        error = self._stepped(self.learned, samples=_BATCH)[:, :4].square().mean()
        torch.autograd.backward(error)
        nn.utils.clip_grad_norm_(self.learned, 1.0)
        self.optimiser.step()
        return error.detach()

    def _stepped(self, weights: list[Tensor], *, samples: int) -> Tensor:
        state, told, mask = self.state[:samples], self.told[:samples], self.mask[:samples]
        for _ in range(self.steps):
            seen = F.pad(torch.cat([state, told], dim=1), (1, 1, 1, 1), mode="circular")
            percepts = F.leaky_relu(F.conv2d(seen, weights[0], weights[1]), 0.2)
            hidden = F.leaky_relu(F.conv2d(percepts, weights[2], weights[3]), 0.2)
            changed = state + F.conv2d(hidden, weights[4], weights[5]) * mask
            state = changed * (_living(state) & _living(changed))
        return state


def _living(state: Tensor) -> Tensor:
    return F.max_pool2d(state[:, 3:4], kernel_size=3, stride=1, padding=1) > 0.1


def _wave(*shape: int, height: float, device: torch.device) -> Tensor:
    count = torch.Size(shape).numel()
    values = height * torch.sin(0.7 * torch.arange(1, count + 1, dtype=torch.float64))
    return values.to(device, torch.float32).reshape(shape)
