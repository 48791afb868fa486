"""The JAX library CAX beside the engines: one of its automata, in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from ncabench.errors import RunError
from ncabench.nca.model.nca import NCA
from ncabench.nca.perception.conv import Conv
from ncabench.nca.update.mlp import MLP
from ncabench.run.cax_worker import Sizes
from ncabench.run.workload import Workload

SCRIPT = Path(__file__).with_name("cax_worker.py")
PRECISIONS = ("default", "bf16")


def obstacle(load: Workload) -> str:
    """Return why CAX cannot be measured at a workload, or ``""``."""
    if not _expressible(load):
        return "cax: not measured, its parts make no automaton like this one"
    if any(importlib.util.find_spec(name) is None for name in ("cax", "jax", "flax", "optax")):
        return "cax is not installed"
    return ""


def _expressible(load: Workload) -> bool:
    model, layout = load.model, load.task.layout
    return (
        type(model) is NCA
        and type(model.perception) is Conv
        and type(model.update) is MLP
        and model.perception.conv.padding_mode == "circular"
        and model.perception.conv.dilation == (1, 1)
        and not model.update.tanh
        and (model.clamp, model.noise, model.normalise) == (False, 0, False)
        and (layout.frozen, layout.alive is None) == (0, False)
    )


def sizes(load: Workload, *, precision: str) -> Sizes:
    """Return the sizes of a workload as the worker wants them."""
    model, layout = load.model, load.task.layout
    assert isinstance(model, NCA)
    assert isinstance(model.perception, Conv)
    assert isinstance(model.update, MLP)
    return Sizes(
        batch=load.batch,
        steps=load.steps,
        height=layout.height,
        width=layout.width,
        channels=layout.channels,
        visible=layout.visible,
        condition=layout.condition,
        percepts=model.perception.out_channels,
        kernel_size=model.perception.conv.kernel_size[0],
        hidden=model.update.first.out_channels,
        fire_rate=model.fire_rate,
        slope=model.perception.slope,
        precision=precision,
    )


class Worker:
    """A process that trains an automaton of CAX, an iteration whenever it is asked.

    It takes memory of its own on the device, and all cores on a CPU. It ends with `close`,
    or with this process.

    Args:
        sizes: what it trains.
        device: where.
        command: what is run in place of the worker of this package.

    Raises:
        RunError: the process ended before it answered.

    Attributes:
        ready: what it answered first: ``compile_s``, ``peak_gb``, ``versions``.
    """

    def __init__(
        self, sizes: Sizes, *, device: torch.device, command: Sequence[str] = ()
    ) -> None:
        self._process = subprocess.Popen(
            list(command) or [sys.executable, "-P", str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=_environment(device),
        )
        try:
            self.ready = self._ask(json.dumps(asdict(sizes)))
        except BaseException:
            self.close()
            raise

    def lap(self, count: int) -> float:
        """Return the milliseconds of one iteration, out of ``count`` timed together."""
        return float(self._ask(f"block {count}")["ms"])

    def close(self) -> None:
        """End the process."""
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        self._process.kill()
        self._process.wait()

    def _ask(self, line: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise RunError(f"cax: its process ended with code {self._process.wait()}")
        found: dict[str, Any] = json.loads(answer)
        return found


def _environment(device: torch.device) -> dict[str, str]:
    """Let JAX run where PyTorch does, or fail; it takes memory as it needs it."""
    own = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "JAX_PLATFORMS": device.type}
    if device.index:  # of those that this process sees
        seen = [one for one in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if one]
        own["CUDA_VISIBLE_DEVICES"] = seen[device.index] if seen else str(device.index)
    return {**os.environ, **own}
