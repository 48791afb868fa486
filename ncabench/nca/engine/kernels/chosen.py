"""How the kernels' work is cut: chosen on a GPU by trying it there."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ncabench.nca.engine.cells import Grid
from ncabench.nca.engine.kernels.form import Form
from ncabench.nca.engine.kernels.rolled import Roll, flattened, kept_apart
from ncabench.nca.engine.kernels.steps import Kernels, Steps
from ncabench.nca.engine.kernels.tiling import Tiling

THINKING = (
    Tiling(rows=128, warps=8),
    Tiling(rows=64, warps=4, registers=128),
    Tiling(rows=64, warps=4),
)
UNTHINKING = (
    Tiling(rows=64, warps=4),
    Tiling(rows=64, warps=4, stages=2),
    Tiling(rows=64, warps=4, stages=3),
    Tiling(rows=128, warps=8),
)
GATHERING = (
    Tiling(rows=128, warps=4),
    Tiling(rows=64, warps=4),
    Tiling(rows=32, warps=2),
    Tiling(rows=32, warps=1),
    Tiling(rows=16, warps=1),
)
LEARNING = (  # some take more shared memory than there is where operands are TF32's
    Tiling(rows=64, warps=8, stages=3),
    Tiling(rows=128, warps=8, stages=3),
    Tiling(rows=64, warps=8, stages=4),
    Tiling(rows=32, warps=8, stages=6),
)
SEEING = (
    Tiling(rows=64, warps=8, stages=3),
    Tiling(rows=64, warps=8, stages=4, registers=128, programs=2),
    Tiling(rows=64, warps=8, stages=3, registers=128, programs=2, taps=4),
    Tiling(rows=64, warps=8, stages=4, programs=2, taps=4),
)
CUTS = {
    "thinking": THINKING,
    "rethinking": THINKING,
    "unthinking": UNTHINKING,
    "gathering": GATHERING,
    "learning": LEARNING,
    "seeing": SEEING,
}
ALIKE = 0.1  # of the results of the first cut that another one's may be apart
ROUNDS = 5
STEPS = 32  # of a rollout that is tried: weights' gradients are of several at once
INTERPRETED = {
    "thinking": Tiling(rows=32),
    "rethinking": Tiling(rows=32),
    "unthinking": Tiling(rows=16),
    "gathering": Tiling(rows=128),
    "learning": Tiling(rows=16),
    "seeing": Tiling(rows=16),
}


class Chosen:
    """Finds the fastest cut of an automaton's steps, first of the steps, then of gradients.

    A cut whose results are not those of the first one is none.

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
        self.asked: dict[str, Any] = {
            "operands": operands,
            "precision": precision,
            "multiprocessors": 2,
        }
        self.told = "interpreted"

    def steps(self, device: torch.device, *, gradients: bool) -> Steps:
        """Return the steps as they are to be done on a device.

        Raises:
            OutOfResources: (Triton's) no cut fits on the device.
        """
        if device.type != "cuda":
            return self._made(INTERPRETED)
        properties: Any = torch.cuda.get_device_properties(device)
        self.asked["multiprocessors"] = int(properties.multi_processor_count)
        best = {part: tilings[0] for part, tilings in CUTS.items()}
        for part in CUTS if gradients else ("thinking",):
            tried = [best | {part: one} for one in CUTS[part]]
            best = self._fastest(tried, device, gradients=part != "thinking")
        told = best if gradients else {"thinking": best["thinking"]}
        self.told = ", ".join(f"{name} {value}" for name, value in told.items())
        return self._made(best)

    def _made(self, cut: Mapping[str, Tiling]) -> Steps:
        given: dict[str, Any] = {**cut, **self.asked}
        return Steps(self.kernels, self.form, self.grid, **given)

    def _fastest(
        self, candidates: Sequence[dict[str, Tiling]], device: torch.device, *, gradients: bool
    ) -> dict[str, Tiling]:
        from triton.runtime.errors import OutOfResources

        times: list[float] = []
        why: Exception | None = None
        expected: list[Tensor] = []
        for one in candidates:
            try:
                trial = self._trial(self._made(one), device, gradients=gradients)
                found = trial()
                expected = expected or found
                times.append(_timed(trial, device) if _alike(found, expected) else math.inf)
            except OutOfResources as error:  # too much shared memory: this cut is none
                times.append(math.inf)
                why = error
        if why is not None and min(times) == math.inf:
            raise why
        return candidates[times.index(min(times))]

    def _trial(
        self, steps: Steps, device: torch.device, *, gradients: bool
    ) -> Callable[[], list[Tensor]]:
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

        def trial() -> list[Tensor]:
            if not gradients:
                with torch.no_grad():
                    return [kept_apart(steps, listed, rows, matrices)]
            with torch.enable_grad():
                last = Roll.apply(steps, listed, rows, *given)
                return list(torch.autograd.grad(last.sum(), given))

        return trial


def _alike(found: Sequence[Tensor], expected: Sequence[Tensor]) -> bool:
    """Whether results are the same but for rounding: compilers have spoiled single cuts."""
    pairs = zip(found, expected, strict=True)
    return all(bool((one - other).norm() <= ALIKE * other.norm()) for one, other in pairs)


def _timed(trial: Callable[[], object], device: torch.device) -> float:
    """Return the median of a few milliseconds that a trial takes, once it is built.

    It is recorded and replayed: launched one by one, kernels would wait for their launches.
    """
    event: Any = torch.cuda.Event  # some versions of PyTorch give them no types
    graph: Any = torch.cuda.CUDAGraph()
    recording: Any = torch.cuda.graph(graph, capture_error_mode="thread_local")
    with recording:
        trial()
    times: list[float] = []
    for _ in range(ROUNDS):
        start, end = event(enable_timing=True), event(enable_timing=True)
        start.record()
        graph.replay()
        end.record()
        torch.cuda.synchronize(device)
        times.append(start.elapsed_time(end))
    return statistics.median(times)
