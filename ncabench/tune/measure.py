"""A trial's entries, and its value, read from their records."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from ncabench import pipeline
from ncabench.errors import NoData, RunError
from ncabench.pipeline import Workspace
from ncabench.plan.entry import Entry, Role, with_behind
from ncabench.plan.planner import Plan
from ncabench.report.cells import first_line, source
from ncabench.run import outcome
from ncabench.run.device import Device
from ncabench.suite.suite import Tune


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the runs of one rng_seed say: a value, or why there is none."""

    value: float | None = None
    why: str = ""


def measuring(planned: Plan, tune: Tune, *, rng_seed: int) -> tuple[Entry, ...]:
    """Return the entries of one rng_seed that hold the study's metric."""
    role = cast(Role, source(tune.metric)[0])
    where = {**tune.where, "rng_seed": rng_seed}
    return tuple(entry for entry in planned.of(role) if entry.serves(where))


def ids(planned: Plan, tune: Tune, *, rng_seeds: Sequence[int]) -> set[str]:
    """Return what is to be run for these rng_seeds: what measures, and what that tests."""
    entries = [entry for seed in rng_seeds for entry in measuring(planned, tune, rng_seed=seed)]
    return with_behind(entries, planned.entries)


def read(
    planned: Plan, tune: Tune, space: Workspace, *, device: Device, rng_seed: int
) -> Reading:
    """Return the median over what measures at one rng_seed.

    Raises:
        RunError: a run is not there yet, or was cut off; the study goes on when run again.
        NoData: what it needs is not on this machine, whatever the parameters.
    """
    entries = measuring(planned, tune, rng_seed=rng_seed)
    readings = list(_readings(entries, tune, space, device=device))
    whys = [one.why for one in readings if one.why]
    if whys:
        return Reading(why=f"rng_seed {rng_seed}: {whys[0]}")
    return Reading(
        value=statistics.median([one.value for one in readings if one.value is not None])
    )


def _readings(
    entries: Sequence[Entry], tune: Tune, space: Workspace, *, device: Device
) -> Iterator[Reading]:
    name = source(tune.metric)[1]
    for entry in entries:
        known = pipeline.status(entry, space, device=device)
        if known.word == "no_data":
            what, _, mend = known.reason.partition("\n  to mend it: ")
            raise NoData(f"{entry.role} [{entry.id}]: {what}", mend or "bring the data")
        if known.word in (pipeline.PENDING, pipeline.UNFINISHED, pipeline.DAMAGED):
            said = f" ({known.reason})" if known.reason else ""
            raise RunError(
                f"{entry.role} [{entry.id}] is {known.word}{said}; "
                "the same command goes on with the study"
            )
        if known.word != "ok":
            yield Reading(why=f"{known.word}, {first_line(known.reason)}")
            continue
        values = outcome.read(pipeline.home(entry, space, device=device)).values
        if name in values:
            yield Reading(value=values[name])
        else:
            have = ", ".join(sorted(values)) or "nothing"
            yield Reading(why=f"no finite value {name!r}; there is {have}")
