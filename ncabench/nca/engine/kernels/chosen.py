"""How the kernels' work is cut: chosen on a GPU by trying it there."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ncabench.nca.engine.cells import Grid
from ncabench.nca.engine.kernels.form import Form
from ncabench.nca.engine.kernels.rolled import Roll, flattened, kept_apart
from ncabench.nca.engine.kernels.steps import Kernels, Steps, Tiling

THINKING = (
    Tiling(rows=128, warps=8, stages=1),
    Tiling(rows=64, warps=4, stages=1),
    Tiling(rows=64, warps=4, stages=2),
)
LEARNING = (
    (Tiling(rows=128, warps=8, stages=1), 1),
    (Tiling(rows=64, warps=4, stages=1), 2),
    (Tiling(rows=64, warps=8, stages=2), 1),
)  # with programs for each multiprocessor
ROUNDS = 5
STEPS = 4  # of a rollout that is tried
INTERPRETED = Tiling(rows=32), Tiling(rows=16), 2


class Chosen:
    """Finds the fastest cut of an automaton's steps, first of the steps, then of gradients.

    Args:
        kernels: what computes them.
        form: the automaton.
        grid: sizes of the batch.
        operands: the type that weights are multiplied in.
        precision: of products of float32 operands.
    """

    def __init__(
        self,
        kernels: Kernels,
        form: Form,
        grid: Grid,
        *,
        operands: torch.dtype,
        precision: str,
    ) -> None:
        self.kernels, self.form, self.grid = kernels, form, grid
        self.asked: dict[str, Any] = {"operands": operands, "precision": precision}
        self.told = "interpreted"

    def steps(self, device: torch.device, *, gradients: bool) -> Steps:
        """Return the steps as they are to be done on a device.

        Raises:
            OutOfResources: (Triton's) no cut fits on the device.
        """
        if device.type != "cuda":
            thinking, learning, programs = INTERPRETED
            return self._made(thinking, learning, programs)
        properties: Any = torch.cuda.get_device_properties(device)
        count = int(properties.multi_processor_count)
        candidates = [self._made(one, LEARNING[0][0], count) for one in THINKING]
        best = self._fastest(candidates, device, gradients=False)
        if gradients:
            thinking = best.thinking
            candidates = [self._made(thinking, one, count * times) for one, times in LEARNING]
            best = self._fastest(candidates, device, gradients=True)
        self.told = f"thinking {best.thinking}" + (
            f", learning {best.learning}, {best.programs} programs" if gradients else ""
        )
        return best

    def _made(self, thinking: Tiling, learning: Tiling, programs: int) -> Steps:
        return Steps(
            self.kernels,
            self.form,
            self.grid,
            thinking=thinking,
            learning=learning,
            programs=programs,
            **self.asked,
        )

    def _fastest(
        self, candidates: Sequence[Steps], device: torch.device, *, gradients: bool
    ) -> Steps:
        from triton.runtime.errors import OutOfResources

        times: list[float] = []
        why: Exception | None = None
        for one in candidates:
            try:
                times.append(_timed(self._trial(one, device, gradients=gradients), device))
            except OutOfResources as error:  # too much shared memory: this cut is none
                times.append(math.inf)
                why = error
        if why is not None and min(times) == math.inf:
            raise why
        return candidates[times.index(min(times))]

    def _trial(
        self, steps: Steps, device: torch.device, *, gradients: bool
    ) -> Callable[[], object]:
        """Return a rollout of a few steps, every other cell firing, with the wanted part."""
        model, grid = self.form.model, self.grid
        shape = (STEPS, grid.batch, 1, grid.height, grid.width)
        number = torch.arange(math.prod(shape), device=device)
        masks = (number * 2654435761 % 2**16 < model.fire_rate * 2**16).view(shape)
        listed = steps.listed(masks)
        rows = torch.full((grid.cells, self.form.channels), 0.5, device=device).to(steps.wide)
        told = model.layout.condition
        condition = torch.zeros(grid.batch, told, device=device).to(rows) if told else None
        with torch.no_grad():
            matrices = self.form.matrices(condition)
        given: list[Tensor] = [one.detach().requires_grad_() for one in flattened(matrices)]

        def trial() -> object:
            if not gradients:
                with torch.no_grad():
                    return kept_apart(steps, listed, rows, matrices)
            with torch.enable_grad():
                last = Roll.apply(steps, listed, rows, *given)
                return torch.autograd.grad(last.sum(), given)

        return trial


def _timed(trial: Callable[[], object], device: torch.device) -> float:
    """Return the median of a few milliseconds that a trial takes, after one that warms up."""
    event: Any = torch.cuda.Event  # some versions of PyTorch give it no types
    trial()
    times: list[float] = []
    for _ in range(ROUNDS):
        start, end = event(enable_timing=True), event(enable_timing=True)
        start.record()
        trial()
        end.record()
        torch.cuda.synchronize(device)
        times.append(start.elapsed_time(end))
    return statistics.median(times)
