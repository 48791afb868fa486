"""A whole study: trials are asked, run as ordinary entries, read from records, and told."""

from __future__ import annotations

import contextlib
import hashlib
import math
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ncabench import pipeline
from ncabench.errors import NothingMeasured, Problem, SuiteError
from ncabench.pipeline import Workspace
from ncabench.plan.planner import Plan
from ncabench.report.cells import one_line
from ncabench.run import folder
from ncabench.run.device import Device, available
from ncabench.run.execution import slots
from ncabench.run.scheduler import Watcher
from ncabench.suite.suite import Suite, Tune
from ncabench.tune import measure
from ncabench.tune.space import Parameters, as_sets, edges, points
from ncabench.tune.study import Study, Tried

MOST_PLANNED = 200  # points of a grid that are planned before the first is run


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the user asks for.

    Attributes:
        path: the suite.
        space: where results lie.
        preset: budget; None for the file's default.
        sets: overlays on the suite, under those of the trials.
        device: as `run.device.among` reads it.
        workers: entries at a time; None for what the machine carries.
        study: its name; ``""`` for the suite's and the preset's.
        trials: how many; None for what the suite says.
    """

    path: Path
    space: Workspace
    preset: str | None = None
    sets: Sequence[str] = ()
    device: str = "auto"
    workers: int | None = None
    study: str = ""
    trials: int | None = None

    def plan(self, parameters: Parameters, *, rng_seeds: Sequence[int]) -> Plan:
        """Return what the suite asks for with these parameters."""
        sets = [*self.sets, *as_sets(parameters, rng_seeds=rng_seeds)]
        return pipeline.plan(self.path, self.space, preset=self.preset, sets=sets)


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """What a study found.

    Attributes:
        asked: what the user asked for.
        suite: the suite as it stands, with the tuning rng_seeds.
        tune: its `[tune]`.
        name: of the study.
        path: where it is kept.
        device: what its trials ran on.
        trials: all of them.
        best: the best of them.
    """

    asked: Asked
    suite: Suite
    tune: Tune
    name: str
    path: Path
    device: Device
    trials: tuple[Tried, ...]
    best: Tried


def tune(asked: Asked, *, watcher: Watcher, tell: Callable[[Tried, Tune], object]) -> Tuned:
    """Run a study, or what is left of it.

    Args:
        asked: what to run.
        watcher: what is told of runs.
        tell: what is told of each trial that ends.

    Raises:
        SuiteError: the suite or its `[tune]` is wrong, or the study's name is another's.
        NothingMeasured: no trial has a value.
        MachineError: the machine failed, or another process runs this study.
    """
    suite = pipeline.plan(asked.path, asked.space, preset=asked.preset, sets=asked.sets).suite
    settings = _settings(suite)
    default = asked.plan({}, rng_seeds=settings.rng_seeds)
    _check(asked, settings, default)
    device = available(asked.device)[0]
    name = asked.study or f"{suite.name}-{suite.preset}"
    path = _place(name, asked.space)
    with folder.locked(path.with_suffix(".lock"), who=f"the study {name!r}"):
        search = _identity(settings, default, device=device)
        study = Study(path, name=name, tune=settings, asked=search)
        _Tuner(asked, settings, study, device=device, watcher=watcher, tell=tell).run(default)
        trials, best = tuple(study.trials()), study.best
    if best is None:
        whys = "\n".join(f"  trial {one.number}: {one.why}" for one in trials)
        raise NothingMeasured(f"{path}: no trial has a value {settings.metric!r}\n{whys}")
    return Tuned(
        asked=asked,
        suite=default.suite,
        tune=settings,
        name=name,
        path=path,
        device=device,
        trials=trials,
        best=best,
    )


class _Tuner:
    """Asks, runs and tells, as many trials side by side as there are slots for."""

    def __init__(
        self,
        asked: Asked,
        settings: Tune,
        study: Study,
        *,
        device: Device,
        watcher: Watcher,
        tell: Callable[[Tried, Tune], object],
    ) -> None:
        self.asked, self.tune, self.study, self.device = asked, settings, study, device
        self.watcher, self.tell = watcher, tell
        seeds = settings.rng_seeds
        self.waves = [(seed,) for seed in seeds] if settings.prune else [seeds]
        self.limit = asked.trials or settings.trials or len(points(settings.space))

    def run(self, default: Plan) -> None:
        """Run trials until there are as many as asked for, those of earlier calls counted."""
        side_by_side = self._side_by_side(default)
        waiting = self.study.take_up()
        while True:
            ended = sum(one.state != "running" for one in self.study.trials())
            while len(waiting) < min(side_by_side, self.limit - ended):
                new = self.study.ask()
                if new is None:
                    break
                waiting.append(new)
            if not waiting:
                return
            self._run(waiting[:side_by_side])
            del waiting[:side_by_side]

    def _side_by_side(self, default: Plan) -> int:
        places = slots(
            available(self.asked.device),
            workers=self.asked.workers,
            threads=default.suite.execution.threads,
        )
        wave = self.waves[0]
        held = sum(len(measure.measuring(default, self.tune, rng_seed=seed)) for seed in wave)
        wanted = measure.ids(default, self.tune, rng_seeds=wave)
        trainings = sum(one.id in wanted for one in default.trainings())
        return math.ceil(len(places) / max(1, trainings or held))

    def _run(self, trials: Sequence[Tried]) -> None:
        plans = {one.number: self._plan(one) for one in trials}
        live = {number: planned for number, planned in plans.items() if planned is not None}
        done: tuple[int, ...] = ()
        for wave in self.waves:
            if not live:
                return
            wanted = {
                id
                for planned in live.values()
                for id in measure.ids(planned, self.tune, rng_seeds=wave)
            }
            pipeline.run_together(
                list(live.values()),
                self.asked.space,
                device=self.asked.device,
                workers=self.asked.workers,
                keep=lambda one, wanted=wanted: one.id in wanted,  # type: ignore[misc]
                watcher=self.watcher,
            )
            done += wave
            live = {
                number: planned
                for number, planned in live.items()
                if self._goes_on(number, planned, rng_seeds=done)
            }

    def _plan(self, trial: Tried) -> Plan | None:
        try:
            planned = self.asked.plan(trial.parameters, rng_seeds=self.tune.rng_seeds)
            pipeline.checked(planned, self.asked.space)
        except SuiteError as error:
            whys = "; ".join(one_line(str(one)) for one in error.problems)
            self.study.fail(trial.number, f"refused: {whys}")
            self._say(trial.number)
            return None
        return planned

    def _goes_on(self, number: int, planned: Plan, *, rng_seeds: Sequence[int]) -> bool:
        """Tell a trial's end to the study, or say that it needs more rng_seeds."""
        readings = [
            measure.read(
                planned, self.tune, self.asked.space, device=self.device, rng_seed=seed
            )
            for seed in rng_seeds
        ]
        whys = [one.why for one in readings if one.why]
        if whys:
            self.study.fail(number, whys[0])
            return self._say(number)
        seeds = len(readings)
        median = statistics.median([one.value for one in readings if one.value is not None])
        self.study.report(number, seeds=seeds, median=median)
        if seeds == len(self.tune.rng_seeds):
            self.study.finish(number, median)
            return self._say(number)
        if self.study.is_hopeless(seeds=seeds, median=median):
            of = f"{seeds} of {len(self.tune.rng_seeds)} rng_seeds"
            why = f"{median:.6g} after {of}, worse than the median of finished trials"
            self.study.prune(number, why)
            return self._say(number)
        return True

    def _say(self, number: int) -> bool:
        self.tell(self.study.trials()[number], self.tune)
        return False


def _settings(suite: Suite) -> Tune:
    if suite.tune is None:
        what = "the suite has no section [tune], which says what is varied and measured"
        raise SuiteError(str(suite.path), [Problem(where="tune", what=what)])
    return suite.tune


def _check(asked: Asked, settings: Tune, default: Plan) -> None:
    """Plan every end of the space before anything is run; all that is wrong comes at once."""
    problems: list[Problem] = []
    seeds = settings.rng_seeds
    if asked.trials is not None and asked.trials < 1:
        what = f"expected 1 or more, found {asked.trials}"
        problems.append(Problem(where="--trials", what=what))
    problems += [
        Problem(where="tune", what=f"nothing of rng_seed {seed} holds {settings.metric!r}{at}")
        for at in [f" where {dict(settings.where)}" if settings.where else ""]
        for seed in seeds
        if not measure.measuring(default, settings, rng_seed=seed)
    ]
    if problems:
        raise SuiteError(str(asked.path), problems)
    is_grid = settings.sampler == "grid"
    tried = points(settings.space)[:MOST_PLANNED] if is_grid else edges(settings.space)
    for parameters in tried:
        try:
            pipeline.checked(asked.plan(parameters, rng_seeds=seeds), asked.space)
        except SuiteError as error:
            problems += [_at(one, parameters) for one in error.problems]
    problems = problems or _idle(asked, settings)
    if problems:
        raise SuiteError(str(asked.path), list(dict.fromkeys(problems)))


def _idle(asked: Asked, settings: Tune) -> list[Problem]:
    """Return a problem for each key whose values all lead to the same runs."""
    found: dict[str, list[set[str]]] = {path: [] for path in settings.space}
    for parameters in edges(settings.space):
        with contextlib.suppress(SuiteError):  # possible beside another choice alone
            planned = asked.plan(parameters, rng_seeds=settings.rng_seeds)
            ids = measure.ids(planned, settings, rng_seeds=settings.rng_seeds)
            found[next(iter(parameters))].append(ids)
    what = f"changes nothing that {settings.metric!r} is measured of"
    return [
        Problem(where=f'tune.space."{path}"', what=what)
        for path, several in found.items()
        if len(several) > 1 and all(one == several[0] for one in several)
    ]


def _at(problem: Problem, parameters: Mapping[str, Any]) -> Problem:
    paths = " and ".join(f'tune.space."{path}"' for path in parameters)
    return replace(problem, where=paths, what=f"{problem.where}: {problem.what}")


def _identity(settings: Tune, default: Plan, *, device: Device) -> dict[str, Any]:
    """All that decides the values of trials, and so whether a study can go on."""
    kept = asdict(settings)
    for name in ("trials", "held_out"):
        del kept[name]
    ids = sorted(measure.ids(default, settings, rng_seeds=settings.rng_seeds))
    digest = hashlib.sha256(" ".join(ids).encode()).hexdigest()[:12]
    return {**kept, "device": device.device_class, "suite": digest}


def _place(name: str, space: Workspace) -> Path:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
        what = f"a name is made of letters, digits and _ . -, found {name!r}"
        raise SuiteError("", [Problem(where="--study", what=what)])
    return folder.make(space.results / "tune") / f"{name}.db"
