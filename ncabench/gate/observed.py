"""What a run measured, arranged as the check compares it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ncabench import catalog
from ncabench.gate.baseline import Captures, Pace, Quality
from ncabench.plan.entry import Entry
from ncabench.record.stored import StoredRun
from ncabench.run.outcome import Record
from ncabench.suite.suite import Suite

SCORES = ("stage_1", "before", "final")  # in the metric's own direction
RECOVERIES = ("recovery", "recovery_clipped")  # per cent, more is better
PHASES = {"inference": "inference/ms_per_step", "training": "training/ms_per_iteration"}


@dataclass
class Observed:
    """One cell's values by rng_seed, and the evaluations that they come from."""

    better: str
    unit: str
    ids: dict[int, str] = field(default_factory=dict)
    values: dict[int, float] = field(default_factory=dict)

    def with_second(self, second: Mapping[int, float]) -> Quality:
        """Return the cell of a baseline."""
        return Quality(
            ids=self.ids,
            better=self.better,
            unit=self.unit,
            first=self.values,
            second={seed: value for seed, value in second.items() if seed in self.values},
        )


def quality(
    suite: Suite, entries: Iterable[Entry], runs: Sequence[StoredRun], *, device_class: str
) -> dict[str, Observed]:
    """Return every value of the evaluations that has a good direction, by cell."""
    found = {run.id: run for run in runs if run.device_class == device_class}
    cells: dict[str, Observed] = {}
    for entry in entries:
        run = found.get(entry.id) if entry.role == "evaluation" else None
        if run is None or run.outcome != "ok" or run.unfinished:
            continue
        seed = int(entry.labels[0]["rng_seed"])
        for value, (better, unit) in _directed(suite).items():
            if value in run.values:
                cell = cells.setdefault(
                    f"{name(entry)}: {value}", Observed(better=better, unit=unit)
                )
                cell.ids[seed] = entry.id
                cell.values[seed] = run.values[value]
    return cells


def paces(
    entries: Iterable[Entry], records: Mapping[str, Sequence[Record]], *, threads: int
) -> dict[str, Pace]:
    """Return the time of each phase of each profile, by cell; one capture.

    Args:
        entries: of the plan.
        records: those of each profile's processes, by its id.
        threads: of each process.
    """
    cells: dict[str, Pace] = {}
    for entry in entries:
        good = [one.values for one in records.get(entry.id, ()) if one.outcome == "ok"]
        for phase, ms in PHASES.items():
            wall = f"{phase}/ratio_to_reference"
            timed = [values for values in good if wall in values and ms in values]
            if timed:
                cells[f"{name(entry)}: {phase}"] = Pace(
                    id=entry.id,
                    reference_version=int(timed[0]["reference_version"]),
                    wall=_capture(timed, wall),
                    cpu=_capture(timed, f"{phase}/cpu_ratio_to_reference"),
                    quiet=_capture(timed, f"{phase}/reference_cores", over=threads),
                    ms=_capture(timed, ms),
                )
    return cells


def _capture(timed: Sequence[Mapping[str, float]], key: str, *, over: int = 1) -> Captures:
    """Return one capture of a measure, or none where a process lacks it."""
    if not all(key in values for values in timed):
        return ()
    return (tuple(values[key] / over for values in timed),)


def name(entry: Entry) -> str:
    """Return the words that tell an entry from others, its rng_seed apart."""
    label = entry.labels[0]
    untested = {"perturbation", "protocol", "recipe"}
    unsaid = {"rng_seed"} | (untested if entry.role == "profile" else set())
    return " ".join(str(value) for axis, value in label.items() if axis not in unsaid)


def _directed(suite: Suite) -> dict[str, tuple[str, str]]:
    directed: dict[str, tuple[str, str]] = {}
    for metric, spec in suite.components["metric"].items():
        attributes = catalog.describe("metric", str(spec["kind"])).attributes
        better = "higher" if attributes.get("higher_is_better") else "lower"
        directed |= {f"{metric}/{score}": (better, "") for score in SCORES}
        directed |= {f"{metric}/{one}": ("higher", "%") for one in RECOVERIES}
    return directed
