"""A baseline: what a suite measured, twice, and with what; one JSON file, to be committed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ncabench.errors import NothingMeasured, RecordError

SCHEMA = 1
Seeds = Mapping[int, float]
Captures = tuple[tuple[float, ...], ...]
MEASURES = ("wall", "cpu", "quiet", "ms")  # of a pace


@dataclass(frozen=True, kw_only=True)
class Quality:
    """One measured value of one grid point, by rng_seed, in two captures.

    Attributes:
        ids: the evaluation of each rng_seed: what was asked.
        better: which way is good, ``"lower"`` or ``"higher"``.
        unit: ``"%"``, or ``""`` for a score.
        first: the values.
        second: the values of the same rng_seeds, computed with other rounding; how far they
            lie from the first is what no change of code need explain.
    """

    ids: Mapping[int, str]
    better: str
    unit: str = ""
    first: Seeds
    second: Seeds


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What a time was measured on.

    Attributes:
        device_class: ``"cpu"``, or a GPU's name as ``"nvidia-h200"``.
        device: its full name.
        cores: of the machine.
        threads: of the process.
        torch: version.
    """

    device_class: str
    device: str
    cores: int
    threads: int
    torch: str

    def like(self, other: Machine) -> bool:
        """Tell whether absolute times on the two can be compared at all."""
        mine = (self.device_class, self.device, self.cores, self.threads)
        return mine == (other.device_class, other.device, other.cores, other.threads)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long one phase of one grid point takes, in processes of their own.

    Each tuple holds a capture, and of it one number for each process.

    Attributes:
        id: the profile: what was asked.
        reference_version: of the reference workload.
        wall: time over the reference workload's.
        cpu: the processor's time over the reference workload's; empty on a GPU.
        quiet: cores that the reference workload had, over its threads; empty on a GPU.
        ms: the time itself.
    """

    id: str
    reference_version: int
    wall: Captures
    cpu: Captures = ()
    quiet: Captures = ()
    ms: Captures


@dataclass(frozen=True, kw_only=True)
class Timing:
    """The paces of one machine, by cell."""

    machine: Machine
    cells: Mapping[str, Pace]


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What a suite's next run is compared with.

    Attributes:
        suite: its name.
        preset: the preset that ran.
        sets: overlays that ran.
        captures: what the two captures of quality ran with.
        quality: by cell.
        timings: one for each machine that captured times.
    """

    suite: str
    preset: str
    sets: tuple[str, ...] = ()
    captures: tuple[Machine, ...] = ()
    quality: Mapping[str, Quality] = field(default_factory=dict)
    timings: tuple[Timing, ...] = ()


def dump(baseline: Baseline) -> str:
    """Return a baseline as JSON, the same bytes for the same content."""
    content = {"schema": SCHEMA, **asdict(baseline)}
    return json.dumps(content, allow_nan=False, indent=1, sort_keys=True) + "\n"


def read(path: Path) -> Baseline:
    """Return the baseline in a file.

    Raises:
        NothingMeasured: there is none.
        RecordError: it is damaged, or a newer ncabench wrote it.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NothingMeasured(
            f"{path}: there is no baseline to compare with; `ncabench check SUITE --update`"
            " captures one"
        ) from error
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: is damaged ({error})") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("schema"), int):
        raise RecordError(f"{path}: is no baseline of ncabench (no schema number)")
    if raw.pop("schema") > SCHEMA:
        raise RecordError(f"{path}: a newer ncabench wrote it; this one reads schema {SCHEMA}")
    try:
        return _parse(raw)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(f"{path}: is damaged ({error!r})") from error


def _parse(raw: Mapping[str, Any]) -> Baseline:
    return Baseline(
        **{
            **raw,
            "sets": tuple(raw["sets"]),
            "captures": tuple(Machine(**one) for one in raw["captures"]),
            "quality": {name: _quality(one) for name, one in raw["quality"].items()},
            "timings": tuple(_timing(one) for one in raw["timings"]),
        }
    )


def _quality(raw: Mapping[str, Any]) -> Quality:
    seeds = {
        key: {int(seed): float(value) for seed, value in raw[key].items()}
        for key in ("first", "second")
    }
    ids = {int(seed): str(id) for seed, id in raw["ids"].items()}
    return Quality(**{**raw, "ids": ids, **seeds})


def _timing(raw: Mapping[str, Any]) -> Timing:
    cells = {
        name: Pace(
            **{
                **one,
                **{key: tuple(map(tuple, one[key])) for key in MEASURES},
            }
        )
        for name, one in raw["cells"].items()
    }
    return Timing(machine=Machine(**raw["machine"]), cells=cells)
