"""Engines beside one another: the same iteration by each, in turns, in one process.

A rival is an engine at a precision. ``plain`` is what a paper timed: PyTorch as its authors
wrote for it, `torch.rand` masks, the framework's default precision. ``eager`` and
``compiled`` are the project's engines, ``cax`` is the JAX library in a process of its own
(on a CPU with all cores). What a rival does inside the clock, `ncabench.run.workload` tells.

Each rival is made, warmed up and its memory measured, one after another. Then come rounds
of one block of each; a round starts one rival later than the round before. Times are medians
over rounds, with the distance of their quartiles; ratios are medians of the rounds' ratios.
Rivals that do not fit on the device together are timed in groups, plain in each of them.

A rival that fails leaves no value, and a note says why.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch

from ncabench.nca.model import Model
from ncabench.nca.task import Task
from ncabench.run import cax, failure, memory, roofline, settings
from ncabench.run.at_once import time_at_once
from ncabench.run.precision import DEFAULT, operands
from ncabench.run.rival import Rival, prepare, repeats_of
from ncabench.run.rotation import ratio, take_turns
from ncabench.run.timing import quartile_distance
from ncabench.run.workload import (
    Action,
    Workload,
    inference,
    plain_inference,
    plain_training,
    training,
)

PLAIN = "plain"
CAX = "cax"
SPARE = 1.05  # free memory that is asked for, over what a turn needed when it was measured


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is measured; the fields of `[profile]` that matter here."""

    engines: tuple[str, ...]
    precisions: tuple[str, ...] = ()
    seeds_together: tuple[int, ...] = ()
    warm_up: int = 5
    blocks: int = 15
    steps_per_block: int = 16
    batch: int = 1
    train_batch: int = 0
    train_steps: int = 32


class Programs:
    """Counts what PyTorch's compiler makes, and what it finds in its cache, from now on."""

    def __init__(self) -> None:
        self._before = self._counts()

    def all_found(self) -> bool:
        """Whether something was compiled since, and nothing of it anew."""
        found, made = (
            now - then for now, then in zip(self._counts(), self._before, strict=True)
        )
        return found > 0 and made == 0

    @staticmethod
    def _counts() -> tuple[int, int]:
        counters: Any = torch._dynamo.utils.counters
        cached, whole = counters["inductor"], counters["aot_autograd"]
        return (
            cached["fxgraph_cache_hit"] + whole["autograd_cache_hit"],
            cached["fxgraph_cache_miss"],
        )


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Values by name, what a reader should know, and the versions of what was measured."""

    values: dict[str, float]
    notes: list[str]
    versions: dict[str, dict[str, str]] = field(default_factory=dict)


def benchmark(model: Model, task: Task, asked: Asked, *, device: torch.device) -> Measured:
    """Return what an iteration and a rollout cost with each engine and precision.

    Source: none; the order of measuring is the custom of the field's benchmarks.

    Args:
        model: left as it was; moved to ``device``.
        task: moved to ``device``.
        asked: what is measured.
        device: where.

    Returns:
        For each phase and rival, under ``training/compiled/tf32/`` and the like:
        ``ms_per_iteration`` (in inference ``ms_per_step`` and ``ms_per_rollout``) and the
        same with ``_iqr``, ``steps_per_s`` (of the whole batch), ``peak_allocated_gb``,
        ``peak_reserved_gb``, ``compile_s``, ``floor_ms``, ``times_floor``, and by how much
        it is faster: ``speedup`` (than plain) and ``cax_ratio`` (than CAX).
        For each phase ``flops``, ``needed_flops`` and ``least_bytes``, and of the device
        ``ceiling/...``. Seeds together: ``together_N_ratio`` and ``together_N_ms``.
    """
    model, task = model.to(device), task.to(device)
    measured, notes = precisions(asked, device=device)
    sizes: list[tuple[Literal["training", "inference"], int, int]] = [
        ("training", asked.train_batch, asked.train_steps),
        ("inference", asked.batch, asked.steps_per_block),
    ]
    rates = ["tf32" if device.type == "cuda" else "float32", *measured]
    ceilings = roofline.ceilings(
        [one for one in dict.fromkeys(rates) if one != DEFAULT], device=device
    )
    values = ceilings.values()
    versions: dict[str, dict[str, str]] = {}
    for phase, batch, steps in sizes:
        if batch > 0:
            contest = _Contest(
                load=Workload(model=model, task=task, batch=batch, steps=steps),
                phase=phase,
                asked=asked,
                precisions=measured,
                ceilings=ceilings,
                device=device,
            )
            values |= contest.run()
            notes += contest.notes
            versions |= contest.versions
    return Measured(values=values, notes=list(dict.fromkeys(notes)), versions=versions)


def precisions(asked: Asked, *, device: torch.device) -> tuple[list[str], list[str]]:
    """Return the precisions that are measured on a device, and notes on those that are not."""
    named = list(asked.precisions) or [DEFAULT]
    if device.type == "cuda" or "tf32" not in named:
        return named, []
    left = [one for one in named if one != "tf32"] or ["float32"]
    return left, ["tf32: not measured, on a CPU it is float32"]


@dataclass
class _Contest:
    """The rivals of one phase, and what they reach."""

    load: Workload
    phase: Literal["training", "inference"]
    asked: Asked
    precisions: Sequence[str]
    ceilings: roofline.Ceilings
    device: torch.device
    notes: list[str] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=dict)
    versions: dict[str, dict[str, str]] = field(default_factory=dict)
    _lasting: dict[str, Rival] = field(default_factory=dict)  # in every group
    _present: dict[str, Rival] = field(default_factory=dict)
    _times: dict[str, list[float]] = field(default_factory=dict)

    def run(self) -> dict[str, float]:
        """Measure all, and return the values."""
        try:
            for engine in self.asked.engines:
                for precision in self._of(engine):
                    self._admit(engine, precision)
            self._compete()
        finally:
            for rival in self._lasting.values():
                rival.close()
            self._lasting.clear()
        if self.phase == "training" and "compiled" in self.asked.engines:
            self._together()
        self._bound()
        return self.values

    def _of(self, engine: str) -> Sequence[str]:
        if engine == PLAIN:
            return [DEFAULT]
        if engine != CAX:
            return self.precisions
        why = cax.obstacle(self.load) if self.phase == "training" else "-"
        if why and self.phase == "training":
            self.notes.append(why)
        chosen = [one for one in cax.PRECISIONS if one in (DEFAULT, *self.precisions)]
        return [] if why else chosen

    def _admit(self, engine: str, precision: str, *, again: bool = True) -> None:
        """Prepare a rival; where it does not fit beside the others, let them run first."""
        name = PLAIN if engine == PLAIN else f"{engine}/{precision}"
        why: Exception | None = None
        try:
            rival = self._prepared(engine, name, precision)
        except Exception as error:  # a rival that fails is a result
            rival, why = None, error.with_traceback(None)
        crowded = failure.classify(why).outcome == "oom" if why else not self._fits(rival)
        if again and crowded and any(one.kept_gb > 0 for one in self._present.values()):
            del rival
            self._compete()
            self._admit(engine, precision, again=False)
        elif why is not None:
            self._failed(name, why)
        elif rival is not None:
            into = self._lasting if engine in (PLAIN, CAX) else self._present
            into[name] = rival
            self._note_memory(rival)

    def _fits(self, rival: Rival | None) -> bool:
        group = [*self._lasting.values(), *self._present.values(), *([rival] if rival else [])]
        needed = max((one.passing_gb for one in group), default=0.0)
        return memory.free_gb(self.device) >= SPARE * needed

    def _prepared(self, engine: str, name: str, precision: str) -> Rival:
        if engine == CAX:
            return self._cax(name, precision)
        programs = Programs()
        rival = prepare(
            name,
            lambda: self._action(engine, precision),
            precision=precision,
            device=self.device,
            warm_up=self.asked.warm_up,
            compiles=engine not in (PLAIN, "eager"),
        )
        if programs.all_found():
            self.notes.append(f"{name}: compiled before, so compile_s is that of a cache")
        return rival

    def _action(self, engine: str, precision: str) -> Action:
        train = self.phase == "training"
        if engine == PLAIN:
            return (plain_training if train else plain_inference)(self.load)
        device, amp = str(self.device), operands(precision)
        made = settings.engine(engine, device=device, amp=amp)
        action = (training if train else inference)(self.load, made)

        def noting() -> object:
            done = action()
            self.notes += [one for one in made.notes if one not in self.notes]
            return done

        return noting

    def _cax(self, name: str, precision: str) -> Rival:
        sizes = cax.sizes(self.load, precision=precision)
        worker = cax.Worker(sizes, device=self.device)
        self.versions[CAX] = worker.ready["versions"]
        repeats = repeats_of(worker.lap(1))
        peak_gb = worker.ready["peak_gb"] or 0.0
        return Rival(
            name=name,
            precision=precision,
            clock=lambda: worker.lap(repeats),
            peak=memory.Held(allocated_gb=peak_gb),
            compile_s=worker.ready["compile_s"],
            close=worker.close,
        )

    def _compete(self) -> None:
        """Time the group that is present, and let it go."""
        group = {**self._lasting, **self._present}
        times = take_turns(
            {name: rival.clock for name, rival in group.items()},
            rounds=self.asked.blocks,
            failed=self._failed,
        )
        plain = times.get(PLAIN)
        for name, found in times.items():
            self._times.setdefault(name, []).extend(found)
            for other in cax.PRECISIONS:
                beside = times.get(f"{CAX}/{other}")
                if beside and not name.startswith(CAX):
                    value = "cax_ratio" if other == DEFAULT else f"cax_{other}_ratio"
                    self._set(name, value, ratio(beside, found))
            if plain and name != PLAIN:
                self._set(name, "speedup", ratio(plain, found))
        self._present.clear()
        memory.settle(self.device)

    def _failed(self, name: str, error: Exception) -> None:
        failed = failure.classify(error)
        reason = failed.reason.strip().partition("\n")[0]
        self.notes.append(f"{self.phase}/{name}: {failed.outcome}: {reason}")

    def _note_memory(self, rival: Rival) -> None:
        found = {
            "peak_allocated_gb": rival.peak.allocated_gb,
            "peak_reserved_gb": rival.peak.reserved_gb,
            "compile_s": rival.compile_s,
        }
        for value, number in found.items():
            if number is not None and (number > 0 or value == "compile_s"):
                self._set(rival.name, value, number)

    def _together(self) -> None:
        for precision in self.precisions:
            for count in self.asked.seeds_together:
                name = f"compiled/{precision}"
                try:
                    alone, all_ms = time_at_once(
                        lambda: self._action("compiled", precision),  # noqa: B023 -- called at once
                        count=count,
                        precision=precision,
                        device=self.device,
                        warm_up=self.asked.warm_up,
                        rounds=self.asked.blocks,
                    )
                except Exception as error:  # a rival that fails is a result
                    self._failed(f"{name}/together_{count}", error.with_traceback(None))
                    continue
                finally:
                    memory.settle(self.device)
                self._set(name, f"together_{count}_ms", statistics.median(all_ms))
                self._set(name, f"together_{count}_ratio", ratio(all_ms, alone))

    def _bound(self) -> None:
        """Set times, and how far they are from the least that the device could take."""
        train = self.phase == "training"
        flops = roofline.count_flops(self.load, train=train)
        needed = flops * roofline.needed_share(self.load)
        moved = roofline.least_bytes(
            self.load.layout, batch=self.load.batch, steps=self._passes, train=train
        )
        counted = {"flops": flops, "needed_flops": needed, "least_bytes": moved}
        self.values |= {f"{self.phase}/{name}": number for name, number in counted.items()}
        for name, times in self._times.items():
            self._set_times(name, times)
            rate = name.partition("/")[2]
            if rate not in self.ceilings.tflop_s:
                rate = next(iter(self.ceilings.tflop_s))  # plain, and what is the default
            floor = self.ceilings.floor_ms(rate, flops=needed, least_bytes=moved)
            self._set(name, "floor_ms", floor)
            self._set(name, "times_floor", statistics.median(times) / floor)

    def _set_times(self, name: str, times: Sequence[float]) -> None:
        ms, iqr = statistics.median(times), quartile_distance(times)
        self._set(name, "steps_per_s", self._passes / ms * 1000)
        if self.phase == "training":
            self._set(name, "ms_per_iteration", ms)
            self._set(name, "ms_per_iteration_iqr", iqr)
            return
        self._set(name, "ms_per_rollout", ms)
        self._set(name, "ms_per_rollout_iqr", iqr)
        self._set(name, "ms_per_step", ms / self._passes)
        self._set(name, "ms_per_step_iqr", iqr / self._passes)

    @property
    def _passes(self) -> int:
        return roofline.passes(self.load, train=self.phase == "training")

    def _set(self, name: str, value: str, number: float) -> None:
        self.values[f"{self.phase}/{name}/{value}"] = number
