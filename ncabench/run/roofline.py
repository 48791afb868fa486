"""The least time that a device could take: counted work by ceilings measured in the same run.

A ceiling is the best that the device did when it was asked for nothing else: copying a large
tensor, and multiplying large square matrices of random numbers.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from ncabench.nca.model import Automaton
from ncabench.nca.rollout import rollout
from ncabench.nca.state import Layout
from ncabench.run.precision import flags, operands
from ncabench.run.timing import lap
from ncabench.run.workload import Workload

LAPS = 5
_FLOAT32_BYTES = 4
_SIZES = {"cuda": (2**28, 8192), "cpu": (2**22, 512)}  # floats to copy, side of a matrix


@dataclass(frozen=True, kw_only=True)
class Ceilings:
    """What the device did at its best.

    Attributes:
        bandwidth_gb_s: bytes read and written in a copy, 1e9 of them a second.
        tflop_s: by precision; 1e12 operations a second, a product and a sum being two.

    >>> ceilings = Ceilings(bandwidth_gb_s=4000.0, tflop_s={"tf32": 400.0})
    >>> ceilings.floor_ms("tf32", flops=8e11, least_bytes=2e9)  # 2 ms to multiply, 0.5 to move
    2.0
    """

    bandwidth_gb_s: float
    tflop_s: dict[str, float]

    def floor_ms(self, precision: str, *, flops: float, least_bytes: float) -> float:
        """Return the least milliseconds of so much work: the longer of its two sides."""
        multiplying = flops / (self.tflop_s[precision] * 1e12)
        moving = least_bytes / (self.bandwidth_gb_s * 1e9)
        return max(multiplying, moving) * 1000

    def values(self) -> dict[str, float]:
        """Return all, named as a record has them."""
        rates = {f"ceiling/{name}_tflop_s": rate for name, rate in self.tflop_s.items()}
        return {"ceiling/bandwidth_gb_s": self.bandwidth_gb_s, **rates}


def ceilings(precisions: Sequence[str], *, device: torch.device) -> Ceilings:
    """Measure the ceilings of a device, the products at each precision."""
    floats, side = _SIZES["cuda" if device.type == "cuda" else "cpu"]
    return Ceilings(
        bandwidth_gb_s=_bandwidth(floats, device=device),
        tflop_s={name: _rate(name, side=side, device=device) for name in precisions},
    )


def _bandwidth(floats: int, *, device: torch.device) -> float:
    source = torch.ones(floats, device=device)
    copy = torch.empty_like(source)
    ms = _median_ms(lambda: copy.copy_(source), device=device)
    return 2 * floats * _FLOAT32_BYTES / ms / 1e6


def _rate(precision: str, *, side: int, device: torch.device) -> float:
    generator = torch.Generator(device).manual_seed(0)
    dtype = operands(precision)
    left, right = (
        torch.randn(side, side, device=device, generator=generator).to(dtype) for _ in range(2)
    )
    with flags(precision):
        ms = _median_ms(lambda: left @ right, device=device)
    return 2 * side**3 / ms / 1e9


def _median_ms(action: Callable[[], object], *, device: torch.device) -> float:
    for _ in range(2):
        action()
    return statistics.median(lap(action, device=device).ms for _ in range(LAPS))


def count_flops(load: Workload, *, train: bool) -> float:
    """Return the operations of all steps of a workload, in training those backward too.

    Counted by PyTorch on one step of the definition, for every cell: convolutions, matrix
    products and deformable convolutions (their products; placing and mixing the taps are
    left out). Left out as well is what works number by number: activations, masks, norms,
    the optimiser, and in attention the scores of neighbours and what is read from them.
    """
    step = Workload(model=load.copy(), task=load.task, batch=load.batch, steps=1)
    _once(step, train=train)  # what a first call loads, operators among it, is there then
    counter = FlopCounterMode(display=False, custom_mapping=_deformable())
    with counter:
        _once(step, train=train)
    return float(counter.get_total_flops() * passes(load, train=train))


def _once(step: Workload, *, train: bool) -> None:
    start = step.start.requires_grad_(train)
    condition = step.task.condition(step.labels)
    with torch.set_grad_enabled(train):
        if isinstance(step.model, Automaton):
            layout = step.layout
            shape = (1, step.batch, 1, layout.height, layout.width)
            masks = torch.ones(shape, dtype=torch.bool, device=start.device)
            noises = torch.zeros_like(start)[None] if step.model.noise else None
            last = rollout(step.model, start, condition=condition, masks=masks, noises=noises)
        else:
            last = step.model(start, condition)
    if train:
        torch.autograd.backward(last.square().sum())


def needed_share(load: Workload) -> float:
    """Return the share of the counted operations that no engine can leave out.

    Only cells that fire need a change, and a change needs the products of its own cell.
    """
    return load.model.fire_rate if isinstance(load.model, Automaton) else 1.0


def passes(load: Workload, *, train: bool) -> int:
    """Return how often the model is called: once where a one-pass model is trained."""
    return 1 if train and not isinstance(load.model, Automaton) else load.steps


def least_bytes(layout: Layout, *, batch: int, steps: int, train: bool) -> float:
    """Return the bytes that an engine must move if one kernel does a whole step.

    Each step reads the state and writes it, in float32, and reads a byte of mask for each
    cell. In training the way back reads each step's state again, and its mask, reads the
    gradient and writes it. Weights and conditions are small, and what a step computes in
    between never leaves the chip.

    >>> grid = Layout(height=2, width=3, visible=4)  # 6 cells of 4 floats: 96 bytes
    >>> least_bytes(grid, batch=1, steps=1, train=False)  # 2 * 96 + 6
    198.0
    >>> least_bytes(grid, batch=1, steps=1, train=True)  # and 3 * 96 + 6
    492.0
    """
    cells = batch * layout.height * layout.width
    state = cells * layout.channels * _FLOAT32_BYTES
    forward, backward = 2 * state + cells, 3 * state + cells
    return float(steps * (forward + (backward if train else 0)))


def _deformable() -> dict[Any, Callable[..., int]]:
    """Return how operations of deformable convolutions are counted, by operator."""
    operators = getattr(torch.ops, "torchvision", None)
    if operators is None or not hasattr(operators, "deform_conv2d"):
        return {}
    return {
        operators.deform_conv2d: _deformable_forward,
        operators._deform_conv2d_backward: _deformable_backward,
    }


def _deformable_forward(
    _input: Any, weight: Sequence[int], *_rest: Any, out_shape: Sequence[int], **_named: Any
) -> int:
    return 2 * out_shape[0] * out_shape[2] * out_shape[3] * _size(weight)


def _deformable_backward(
    gradient: Sequence[int], _input: Any, weight: Sequence[int], *_rest: Any, **_named: Any
) -> int:
    return 2 * 2 * gradient[0] * gradient[2] * gradient[3] * _size(weight)


def _size(shape: Sequence[int]) -> int:
    return shape[0] * shape[1] * shape[2] * shape[3]
