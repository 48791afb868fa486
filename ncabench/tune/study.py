"""A study kept in SQLite, which asks what to try next; the only file that imports Optuna.

The parent process alone asks and tells. What a killed one left behind is taken up again: a
trial that was asked and never told is there with its parameters.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState

from ncabench.errors import Problem, RecordError, SuiteError
from ncabench.run import folder
from ncabench.suite.suite import Dimension, Tune
from ncabench.tune.space import canonical, points

State = Literal["running", "finished", "pruned", "failed"]
_ASKED, _WHY, _FAILED = "asked", "why", "failed"


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A trial as the study knows it.

    Attributes:
        number: counts from 0, in the order in which trials were asked.
        parameters: path to value.
        state: a failed trial has a run without a value, and counts as worse than any other.
        value: median over the rng_seeds; None unless it finished.
        medians: the median over the first n rng_seeds, by n.
        why: why it was pruned, or failed.
    """

    number: int
    parameters: Mapping[str, Any]
    state: State = "running"
    value: float | None = None
    medians: Mapping[int, float] = field(default_factory=dict)
    why: str = ""


class Study:
    """A study under a name, begun or taken up again.

    Args:
        path: the SQLite file.
        name: of the study.
        tune: what is tried.
        asked: all that decides the trials' values, JSON-able; another one under this name
            is refused.

    Raises:
        SuiteError: the study was asked something else; it is left as it is.
        RecordError: the file is no study.
    """

    def __init__(self, path: Path, *, name: str, tune: Tune, asked: Mapping[str, Any]) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.path, self.name, self.tune = path, name, tune
        folder.make(path.parent)
        try:
            self._study = optuna.create_study(
                study_name=name,
                storage=f"sqlite:///{path}",
                direction="maximize" if tune.better == "higher" else "minimize",
                load_if_exists=True,
            )
            held = self._study.user_attrs.get(_ASKED)
        except Exception as error:  # SQLAlchemy's and Alembic's own, of many kinds
            first = str(error).partition("\n")[0]
            raise RecordError(f"{path}: is no study that can be read ({first})") from error
        text = canonical(asked)
        if held is None:
            self._study.set_user_attr(_ASKED, text)
        elif held != text:
            raise SuiteError("", [_another(name, path, held=json.loads(held), asked=asked)])

    def trials(self) -> list[Tried]:
        """Return every trial, in the order in which they were asked."""
        frozen = self._study.get_trials(deepcopy=False)
        return [self._tried(one) for one in frozen if one.state != TrialState.WAITING]

    @property
    def best(self) -> Tried | None:
        """The finished trial with the best value; of equals, the first."""
        sign = -1 if self.tune.better == "higher" else 1
        finished = [one for one in self.trials() if one.value is not None]
        return min(finished, key=lambda one: sign * (one.value or 0.0), default=None)

    def ask(self) -> Tried | None:
        """Return a trial to run, or None where the grid has no other point.

        What TPE draws depends on what the study holds alone, so a study that was killed goes
        on as it would have.
        """
        known = self.trials()
        self._study.sampler = self._sampler(known)
        if self.tune.sampler == "grid":
            done = {canonical(dict(one.parameters)) for one in known}
            left = [one for one in points(self.tune.space) if canonical(one) not in done]
            if not left:
                return None
            texts = {path: canonical(value) for path, value in left[0].items()}
            self._study.enqueue_trial(texts, skip_if_exists=True)
        return self._complete(self._study.ask())

    def take_up(self) -> list[Tried]:
        """Return the trials that were asked and never told."""
        frozen = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        self._study.sampler = self._sampler(self.trials())
        return [self._complete(self._handle(one.number)) for one in frozen]

    def report(self, number: int, *, seeds: int, median: float) -> None:
        """Keep a trial's median over its first rng_seeds; once is enough."""
        if seeds not in self._study.get_trials(deepcopy=False)[number].intermediate_values:
            self._handle(number).report(median, step=seeds)

    def is_hopeless(self, *, seeds: int, median: float) -> bool:
        """Tell whether a trial is worse than the median of finished ones at as many rng_seeds.

        Optuna's own median pruner compares the best over a trial's steps, which a median
        over more and more rng_seeds is not about.
        """
        finished = [one for one in self.trials() if one.state == "finished"]
        others = [one.medians[seeds] for one in finished if seeds in one.medians]
        if not self.tune.prune or not others or len(finished) < self.tune.start:
            return False
        middle = statistics.median(others)
        return median < middle if self.tune.better == "higher" else median > middle

    def finish(self, number: int, value: float) -> None:
        """Tell a trial's value."""
        self._study.tell(number, value)

    def prune(self, number: int, why: str) -> None:
        """Give a trial up whose median is worse than that of others."""
        self._handle(number).set_user_attr(_WHY, why)
        self._study.tell(number, state=TrialState.PRUNED)

    def fail(self, number: int, why: str) -> None:
        """Tell that a trial has no value; the sampler takes it for worse than all that do."""
        self._handle(number).set_user_attr(_FAILED, True)
        self.prune(number, why)

    def _sampler(self, known: Sequence[Tried]) -> optuna.samplers.BaseSampler:
        seed = (self.tune.sampler_rng_seed + 1_000_003 * len(known)) % 2**32
        if self.tune.sampler == "grid":
            return optuna.samplers.RandomSampler(seed=seed)  # its points are all enqueued
        return optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=self.tune.start, constant_liar=True
        )

    def _complete(self, trial: Trial) -> Tried:
        for path, one in self.tune.space.items():
            _suggest(trial, path, one)
        return self._tried(self._study.get_trials(deepcopy=False)[trial.number])

    def _handle(self, number: int) -> Trial:
        frozen = self._study.get_trials(deepcopy=False)[number]
        return Trial(self._study, frozen._trial_id)

    def _tried(self, one: FrozenTrial) -> Tried:
        states: dict[TrialState, State] = {
            TrialState.COMPLETE: "finished",
            TrialState.PRUNED: "failed" if one.user_attrs.get(_FAILED) else "pruned",
        }
        state = states.get(one.state, "running")
        return Tried(
            number=one.number,
            parameters={
                path: _value(one.params[path], dimension)
                for path, dimension in self.tune.space.items()
                if path in one.params
            },
            state=state,
            value=one.value if state == "finished" else None,
            medians=one.intermediate_values,
            why=str(one.user_attrs.get(_WHY, "")),
        )


def _suggest(trial: Trial, path: str, one: Dimension) -> None:
    low, high = one.low, one.high
    if one.choices:
        trial.suggest_categorical(path, [canonical(choice) for choice in one.choices])
    elif isinstance(low, int) and isinstance(high, int):
        trial.suggest_int(path, low, high, log=one.log)
    else:
        assert low is not None
        assert high is not None
        trial.suggest_float(path, low, high, log=one.log)


def _value(stored: Any, one: Dimension) -> Any:
    """A parameter as the suite has it; choices are stored as their texts."""
    if not one.choices:
        return stored
    return next(choice for choice in one.choices if canonical(choice) == stored)


def _another(
    name: str, path: Path, *, held: Mapping[str, Any], asked: Mapping[str, Any]
) -> Problem:
    ours = json.loads(canonical(asked))
    lines = [
        f"  {key}: {canonical(held.get(key))} there, {canonical(ours.get(key))} here"
        for key in sorted({*held, *ours})
        if held.get(key) != ours.get(key)
    ]
    what = f"the study {name!r} in {path} holds another search, and keeps it"
    return Problem(
        where="--study", what="\n".join([what, *lines, "  name another with --study"])
    )
