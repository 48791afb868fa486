"""Which engine runs an entry, and why; imports no torch.

An entry asks for an engine by ``[execution] engine``. ``"auto"`` takes the fastest engine
that pays and is possible here; any other word is taken as it is, or refused.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import util
from typing import Any

from ncabench.run import assembler

ENGINES = ("compiled", "eager", "fused")
AUTO, EAGER, COMPILED, FUSED = "auto", "eager", "compiled", "fused"

# From how much work on the compiled engine repays what compiling costs, by type of device;
# a type that is not named gains nothing from it.
LEAST_STEP_UPDATES: Mapping[str, int] = {"cuda": 50_000}  # iterations x mean steps
LEAST_ITERATIONS: Mapping[str, int] = {"cuda": 2_500}  # of a model of one pass
KERNELS_FOR = ("sobel", "conv")  # perceptions, alone or combined


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """What a request for an engine comes to on a device.

    Attributes:
        requested: what ``[execution]`` says.
        engine: what runs; where that is impossible, what was asked for.
        why: the reason, to be read after "because".
        barred: whether a faster engine would pay, or was asked for, and cannot run here.
    """

    requested: str
    engine: str
    why: str
    barred: bool = False

    @property
    def refused(self) -> str:
        """Why the entry cannot run as asked, or ``""``."""
        if not self.barred or self.requested == AUTO:
            return ""
        return f'engine = "{self.requested}" cannot run here: {self.why}'

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader should know of it: only what stood in the way of more speed."""
        barred = self.barred and self.requested == AUTO
        return (f"auto: {self.engine}, because {self.why}",) if barred else ()


def lacking(device: str) -> str:
    """Return what the compiled engine lacks on this machine, or ``""``.

    Args:
        device: ``"cpu"`` or ``"cuda:N"``.
    """
    if os.name != "posix":
        return f"compiling is tested on Linux and macOS, not on {os.name!r}"
    if device == "cpu":
        found = _program("CXX", "g++", "clang++")
        return "" if found else "there is no C++ compiler (CXX, g++, clang++)"
    if util.find_spec("triton") is None:
        return "the package triton is not installed"
    return "" if _program("CC", "gcc", "clang") else "there is no C compiler (CC, gcc, clang)"


def resolve(
    spec: Mapping[str, Any],
    *,
    device: str,
    lacks: Callable[[str], str] = lacking,
    assembles: Callable[[], str] = assembler.lacking,
) -> Resolution:
    """Return the engine that runs an entry.

    Args:
        spec: of a training, an evaluation (whose training says what is asked) or a profile.
        device: ``"cpu"`` or ``"cuda:N"``.
        lacks: what is missing for compiling on a device.
        assembles: what is missing for building fused kernels.
    """
    execution = spec.get("training", spec)["execution"]
    requested = str(execution["engine"])
    if requested == EAGER:
        return Resolution(requested=requested, engine=EAGER, why="it was asked for")
    if requested == FUSED:
        on_gpu = device != "cpu"
        missing = (lacks(device) or assembles()) if on_gpu else "the kernels run on a GPU alone"
        why = missing or "it was asked for"
        return Resolution(requested=requested, engine=FUSED, why=why, barred=bool(missing))
    if requested == COMPILED:
        missing = lacks(device)
        why = missing or "it was asked for"
        return Resolution(requested=requested, engine=COMPILED, why=why, barred=bool(missing))
    slow = _not_worth_it(spec, device=device)
    if slow:
        return Resolution(requested=requested, engine=EAGER, why=slow)
    missing = "deterministic = true" if execution["deterministic"] else lacks(device)
    if missing:
        return Resolution(requested=requested, engine=EAGER, why=missing, barred=True)
    why = "the training is long enough to repay compiling"
    if not _has_kernels(spec):
        return Resolution(requested=requested, engine=COMPILED, why=why)
    missing = assembles()
    if missing:
        return Resolution(requested=requested, engine=COMPILED, why=missing, barred=True)
    return Resolution(requested=requested, engine=FUSED, why=f"{why}, and steps have kernels")


def _not_worth_it(spec: Mapping[str, Any], *, device: str) -> str:
    """Return why compiling does not pay, or ``""``."""
    if spec["role"] == "profile":
        return "a cost stands for plain PyTorch unless another engine is asked for"
    if spec["role"] == "evaluation":
        return "an evaluation is too short to repay compiling"
    kind = device.partition(":")[0]
    trainer = _last_stage(spec["trainer"])
    steps = trainer.get("steps")  # of an automaton alone
    least = (LEAST_STEP_UPDATES if steps else LEAST_ITERATIONS).get(kind)
    if least is None:
        return "on a CPU plain PyTorch is as fast"
    mean = (steps[0] + steps[1] - 1) / 2 if steps else 1.0
    if trainer["iterations"] * mean >= least:
        return ""
    return f"{trainer['iterations']:,} iterations are over before compiling has paid"


def _has_kernels(spec: Mapping[str, Any]) -> bool:
    """Whether the fused engine has kernels for a training's steps, as far as it says."""
    parts = spec["parts"]
    perception, update = parts.get("perception", {}), parts.get("update", {})
    branches = perception.get("branches") or [perception]
    return bool(
        spec["model"]["kind"] == "nca"
        and spec["execution"]["precision"] != "float32"
        and update.get("kind") == "mlp"
        and all(one.get("kind") in KERNELS_FOR for one in branches)
    )


def _last_stage(trainer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the trainer itself, or the last of those that it is made of."""
    stages = [one for one in trainer.values() if _is_trainer(one)]
    return _last_stage(stages[-1]) if stages else trainer


def _is_trainer(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("family") == "trainer"


def _program(variable: str, *names: str) -> str | None:
    named = shlex.split(os.environ.get(variable, ""))
    return next(filter(None, map(shutil.which, named[:1] or names)), None)
