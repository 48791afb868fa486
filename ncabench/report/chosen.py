"""Which stored runs a table shows: one device, never two in one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ncabench.plan.entry import Entry
from ncabench.record.stored import StoredRun

Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The runs of one device class, one for each entry that has any.

    Attributes:
        device_class: such as ``"cpu"``; ``""`` where nothing is stored.
        runs: by (role, id).
        others: device classes that also have runs of these entries, and are not shown.
    """

    device_class: str = ""
    runs: Mapping[Key, StoredRun] = field(default_factory=dict)
    others: tuple[str, ...] = ()

    def run(self, role: str, id: str) -> StoredRun | None:
        """Return the run of an entry on this device, or None."""
        return self.runs.get((role, id))

    @property
    def engines(self) -> tuple[str, ...]:
        """The engines that ran, sorted."""
        return tuple(sorted({run.engine for run in self.runs.values()}))


def choose(entries: Iterable[Entry], runs: Iterable[StoredRun]) -> Chosen:
    """Return the runs of the device class that has run most of the entries.

    Of equals, the class with the newest run. Where several engines ran one entry, the
    engine that ran most of the others is shown; of equals, the newest run.
    """
    wanted = {(entry.role, entry.id) for entry in entries}
    stored = [run for run in runs if (run.role, run.id) in wanted]
    by_device: dict[str, list[StoredRun]] = {}
    for run in stored:
        by_device.setdefault(run.device_class, []).append(run)
    if not by_device:
        return Chosen()
    best = max(by_device, key=lambda name: (*_weight(by_device[name]), name))
    return Chosen(
        device_class=best,
        runs=_one_engine(by_device[best]),
        others=tuple(sorted(set(by_device) - {best})),
    )


def _weight(runs: list[StoredRun]) -> tuple[int, str]:
    return len({(run.role, run.id) for run in runs}), max(run.ended_at for run in runs)


def _one_engine(runs: list[StoredRun]) -> dict[Key, StoredRun]:
    common = Counter(run.engine for run in runs)
    ordered = sorted(runs, key=lambda run: (common[run.engine], run.ended_at, run.engine))
    return {(run.role, run.id): run for run in ordered}
