"""Carries out entries on the devices there are; what cannot run here is recorded as such."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ncabench.plan.entry import Entry
from ncabench.run import folder, outcome
from ncabench.run.device import Device
from ncabench.run.job import Job
from ncabench.run.outcome import Record
from ncabench.run.resolution import resolve
from ncabench.run.scheduler import Scheduler, Watcher, failed


def carry_out(
    entries: Sequence[Entry],
    jobs: Sequence[Job],
    *,
    device: Device,
    slots: Sequence[str],
    watcher: Watcher,
    together: int,
) -> dict[str, Record]:
    """Run entries, each bound to its job, to their ends; return the records by id.

    Args:
        entries: what is to be run.
        jobs: the same, bound to a device and to folders.
        device: the first of those that are used.
        slots: names of devices, one for each worker.
        watcher: what is told of progress.
        together: trainings at most that differ in rng_seed alone and share a process.
    """
    hopeless = _hopeless(entries, jobs, device=device)
    rest = [one for one in jobs if one.id not in hopeless]
    if not rest:
        return hopeless
    return hopeless | Scheduler(rest, slots=slots, watcher=watcher, together=together).run()


def _hopeless(
    entries: Sequence[Entry], jobs: Sequence[Job], *, device: Device
) -> dict[str, Record]:
    """Record what cannot run here: no data, or no such engine; it needs no process."""
    records = {}
    for one, bound in zip(entries, jobs, strict=True):
        refused = resolve(one.spec, device=device.name).refused
        if one.missing:
            records[one.id] = failed(bound, "no_data", one.missing)
        elif refused:
            records[one.id] = failed(bound, "infeasible", refused)
        if one.id in records:
            outcome.write(records[one.id], folder=folder.make(bound.folder))
    return records


def slots(devices: Sequence[Device], *, workers: int | None, threads: int) -> list[str]:
    """One worker a GPU; on the CPU, as many as the cores carry; or as many as asked for.

    >>> slots([Device(name="cpu", device_class="cpu")], workers=2, threads=1)
    ['cpu', 'cpu']
    """
    if devices[0].name == "cpu":
        count = max(1, len(os.sched_getaffinity(0)) // threads)
    else:
        count = len(devices)
    return [devices[index % len(devices)].name for index in range(workers or count)]
