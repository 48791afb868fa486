"""Whether this machine gives the numbers of a record."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ncabench import outside
from ncabench.errors import RecordError
from ncabench.pipeline import Workspace
from ncabench.run.device import Device, available
from ncabench.run.folder import LOG, latest, named
from ncabench.run.job import Job
from ncabench.run.outcome import Record

Where = tuple[int, str]  # iteration (0 of an evaluation), and the name of the value


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A value of a record, and what came out now.

    Attributes:
        iteration: of a training; 0 for an evaluation.
        name: of the value.
        recorded: what the record has.
        here: what came out.
    """

    iteration: int
    name: str
    recorded: float
    here: float

    @property
    def apart(self) -> float:
        """The difference, relative to the greater of the two; 0 where they are the same.

        >>> Compared(iteration=0, name="mse", recorded=2.0, here=1.5).apart
        0.25
        """
        if self.here == self.recorded:
            return 0.0
        scale = max(abs(self.here), abs(self.recorded))
        return abs(self.here - self.recorded) / scale if math.isfinite(scale) else math.inf


@dataclass(frozen=True, kw_only=True)
class Verified:
    """A record beside what this machine makes of it.

    Attributes:
        record: what was repeated.
        device: where.
        values: one by one.
        tolerance: how far values may be apart, relative to their size.
    """

    record: Record
    device: Device
    values: tuple[Compared, ...]
    tolerance: float

    @property
    def apart(self) -> float:
        """The greatest relative difference."""
        return max(one.apart for one in self.values)

    @property
    def holds(self) -> bool:
        """Whether all values are as near as the tolerance asks."""
        return self.apart <= self.tolerance

    @property
    def verdict(self) -> str:
        """What is to be said, in one line."""
        where = f"{self.record.role} {self.record.id}: {len(self.values)} values"
        other = self.record.device_class
        if other != self.device.device_class:
            where += f", recorded on {other} and repeated on {self.device.device_class}"
        if self.apart == 0:
            return f"{where}: the same to the last bit"
        word = "alike" if self.holds else "different"
        return (
            f"{where}: {word}; the greatest relative difference is {self.apart:.2g}, "
            f"allowed is {self.tolerance:.2g}"
        )

    def document(self) -> dict[str, Any]:
        """Return all of it as plain values, for JSON."""
        return {
            "id": self.record.id,
            "role": self.record.role,
            "recorded_on": self.record.device_class,
            "repeated_on": self.device.device_class,
            "holds": self.holds,
            "apart": self.apart,
            "tolerance": self.tolerance,
            "values": [asdict(one) | {"apart": one.apart} for one in self.values],
        }


def verify(
    id: str,
    space: Workspace,
    *,
    device: str = "auto",
    iterations: int | None = None,
    tolerance: float = 1e-4,
) -> Verified:
    """Do the first iterations of a training again, or an evaluation, and compare the numbers.

    Args:
        id: of the entry, or its beginning; of several records the one that ended last.
        space: where results and data are; the record is left as it is.
        device: as `run.device.among` reads it; the first is taken.
        iterations: of a training; None takes as many as its log has before the second line.
        tolerance: how far values may be apart, relative to their size.

    Raises:
        RecordError: there is no such record, it is a profile (times are never the same), or
            it has no log, or no values.
        NoData: data or trained weights are not on this machine.
    """
    place, record = latest(named(id, space.results))
    on = available(device)[0]
    outside.refuse_absent(record.spec, role=record.role, id=record.id)
    with tempfile.TemporaryDirectory() as folder:
        job = _job(record, space, device=on, into=Path(folder))
        if record.role == "training":
            expected, found = _trained(job, place, iterations=iterations)
        elif record.role == "evaluation":
            expected, found = _evaluated(job, record)
        else:
            raise RecordError(f"{record.role} {record.id}: has times, which differ by nature")
    shared = sorted(expected.keys() & found.keys())
    if not shared:
        raise RecordError(f"{record.role} {record.id}: has no value that could be repeated")
    values = (
        Compared(iteration=at, name=name, recorded=expected[at, name], here=found[at, name])
        for at, name in shared
    )
    return Verified(record=record, device=on, values=tuple(values), tolerance=tolerance)


def _job(record: Record, space: Workspace, *, device: Device, into: Path) -> Job:
    behind = {
        name: latest(named(str(record.spec[f"{name}_id"]), space.results))[0]
        for name in ("training", "donor")
        if record.spec.get(f"{name}_id")
    }
    return Job(
        role=record.role,
        id=record.id,
        spec=record.spec,
        labels=record.labels,
        folder=into,
        training=behind.get("training"),
        donor=behind.get("donor"),
        device=device.name,
        device_class=device.device_class,
        engine=record.engine if device.name != "cpu" else "eager",
        data_root=space.data_root,
        sources={},
        checkpoint_s=math.inf,
    )


def _trained(
    job: Job, place: Path, *, iterations: int | None
) -> tuple[dict[Where, float], dict[Where, float]]:
    from ncabench.run import replay  # with torch, which takes seconds to load

    log = place / LOG
    if not log.exists():
        raise RecordError(f"training {job.id}: left no log ({log} is missing)")
    recorded = replay.lines(log.read_text(encoding="utf-8"))
    if not recorded:
        raise RecordError(f"{log}: is empty")
    first = int(recorded[0]["iteration"])
    here = replay.training(replace(job, log_every=first), iterations=iterations or first)
    return _by_name(recorded), _by_name(here)


def _by_name(lines: Sequence[Mapping[str, float]]) -> dict[Where, float]:
    return {
        (int(line["iteration"]), name): float(value)
        for line in lines
        for name, value in line.items()
        if name != "iteration"
    }


def _evaluated(job: Job, record: Record) -> tuple[dict[Where, float], dict[Where, float]]:
    from ncabench.run import replay

    here = replay.evaluation(job)
    return (
        {(0, name): value for name, value in record.values.items()},
        {(0, name): value for name, value in here.items()},
    )
