"""What the read-only commands answer: entries, components, records, data sets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ncabench import catalog, pipeline
from ncabench.errors import (
    MachineError,
    NcabenchError,
    NoData,
    Problem,
    RecordError,
    SuiteError,
)
from ncabench.pipeline import Status, Workspace
from ncabench.plan import sources
from ncabench.plan.entry import Entry, Role
from ncabench.plan.selection import select
from ncabench.record import bundle
from ncabench.record.merging import Keep
from ncabench.remembered import suite_id
from ncabench.run import folder, outcome
from ncabench.run.device import available
from ncabench.run.outcome import Record
from ncabench.suite.suite import Suite

Rows = list[dict[str, Any]]


def entries(
    path: Path,
    space: Workspace,
    *,
    preset: str | None = None,
    sets: Sequence[str] = (),
    expression: str = "",
    device: str = "auto",
) -> Rows:
    """Return a row for each entry: names, parameters, status, and why it has that status."""
    planned = pipeline.plan(path, space, preset=preset, sets=sets)
    chosen = select(planned.entries, expression) if expression else planned.entries
    on = available(device)[0]
    parameters = pipeline.checked(planned, space)
    unsaid = _unsaid(planned.suite)
    return [
        _row(
            one,
            pipeline.status(one, space, device=on),
            parameters=parameters[one.id],
            unsaid=unsaid[one.role],
        )
        for one in chosen
    ]


def of_suites(paths: Sequence[Path], space: Workspace, **chosen: Any) -> Rows:
    """Return the rows of several suites, in order; an entry that several ask for is one row.

    Args:
        paths: the suites.
        space: where results and data are.
        chosen: as for `entries`, the same for all.
    """
    rows: dict[str, dict[str, Any]] = {}
    for path in paths:
        for row in entries(path, space, **chosen):
            rows.setdefault(row["id"], row)
    return list(rows.values())


def _unsaid(suite: Suite) -> dict[Role, tuple[str, ...]]:
    """Return the axes that entries of each role do not depend on."""
    tests = ("perturbation", "protocol")
    timed = any("recipe" in one.where for one in suite.profiles_at)
    profiles = (*tests, "rng_seed") if timed else (*tests, "rng_seed", "recipe")
    return {"training": tests, "evaluation": (), "profile": profiles}


def _row(
    entry: Entry, status: Status, *, parameters: int | None, unsaid: tuple[str, ...]
) -> dict[str, Any]:
    names: dict[str, list[Any]] = {}
    for labels in entry.labels:
        for axis, value in labels.items():
            if value not in names.setdefault(axis, []):
                names[axis].append(value)
    flat = {
        axis: found[0] if len(found) == 1 else found
        for axis, found in names.items()
        if axis not in unsaid
    }
    word = f"{status.word} (stale?)" if status.stale else status.word
    if entry.missing and word == pipeline.PENDING:
        word = "no_data"  # what it would end as
    return {
        "id": entry.id,
        "role": entry.role,
        **flat,
        "parameters": parameters,
        "status": word,
        "why": _why(entry, status),
        "needs": entry.needs,
        "donor": entry.donor,
        "missing": entry.missing,
    }


def _why(entry: Entry, status: Status) -> str:
    if entry.missing:
        return entry.missing
    if status.stale:
        return f"sources changed since: {', '.join(status.stale)}; `ncabench accept` settles it"
    if status.word == pipeline.PENDING:
        return "no record of this id on this device"
    if status.word == pipeline.UNFINISHED:
        return "was cut off; goes on from its last checkpoint"
    return status.reason.partition("\n")[0] or "a record of this id is there"


def cell(value: Any) -> str:
    """Return a value as a table shows it."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) and value >= 1000 else str(value)


def count(rows: Rows) -> dict[str, int]:
    """Return how many entries have each role and status."""
    return dict(sorted(Counter(f"{row['role']}/{row['status']}" for row in rows).items()))


def recorded(id: str, results: Path) -> list[dict[str, Any]]:
    """Return the records whose id begins with ``id``, one per device.

    Raises:
        RecordError: there is none.
    """
    return [
        asdict(record) | {"folder": str(place)}
        for place, record in folder.beginning(id, results)
    ]


def describe(record: dict[str, Any]) -> str:
    """Return a record as text."""
    heads = ("role", "id", "outcome", "reason", "device_class", "engine", "seconds", "ended_at")
    lines = [f"{head}: {record[head]}" for head in (*heads, "folder") if record[head] != ""]
    lines += [f"  {name} = {value:g}" for name, value in record["values"].items()]
    lines += [f"label: {json.dumps(labels)}" for labels in record["labels"]]
    return "\n".join([*lines, f"spec: {json.dumps(record['spec'], indent=1, default=str)}"])


def output(id: str, results: Path) -> str:
    """Return what the process of an entry printed.

    Raises:
        RecordError: there is no such run.
    """
    every = sorted((results / "runs").glob("*/*"))
    places = [place for place in every if place.parent.name.startswith(id)]
    if not places:
        raise RecordError(f"{results}: no run's id begins with {id!r}; see `ncabench plan`")
    return "\n".join(f"{place}:\n{_text(place / 'output.log')}" for place in places)


def _text(path: Path) -> str:
    if not path.exists() or not path.stat().st_size:
        return "(it printed nothing)"
    return path.read_text(encoding="utf-8", errors="replace").rstrip()


def export(
    path: Path,
    space: Workspace,
    *,
    suites: Sequence[Path],
    preset: str | None,
    sets: Sequence[str],
    weights: bool = True,
    films: bool = True,
) -> int:
    """Write the finished runs of suites (or all) into one file, and return how many."""
    plans = [pipeline.plan(one, space, preset=preset, sets=sets) for one in suites]
    wanted = {entry.id for one in plans for entry in one.entries}
    wanted |= {suite_id(one.suite) for one in plans}
    there = {place.parent.name for place in folder.folders(space.results)}
    ids = sorted(there & wanted) if suites else sorted(there)
    return bundle.export(space.results, ids=ids, path=path, weights=weights, films=films)


def take_in(path: Path, space: Workspace, *, keep: Keep | None = None) -> list[str]:
    """Import a bundle and index it; returns what happened to each run.

    Args:
        path: the bundle.
        space: where results lie.
        keep: as `bundle.import_` takes it.
    """
    folder.make(space.results)
    with space.lock():
        lines = bundle.import_(path, results=space.results, keep=keep)
        return [*lines, *space.store.ingest().problems]


def accept(
    path: Path, space: Workspace, *, preset: str | None, sets: Sequence[str], device: str
) -> list[str]:
    """Write today's source digests into stale records, and return their ids.

    What the sources were when the numbers were made stays in each record's environment.
    """
    planned = pipeline.plan(path, space, preset=preset, sets=sets)
    on = available(device)[0]
    accepted = []
    with space.lock():
        for entry in planned.entries:
            if pipeline.status(entry, space, device=on).stale:
                place = pipeline.home(entry, space, device=on)
                record = outcome.read(place)
                now = sources.digests(entry.spec, engine=record.engine)
                noted = {**record.environment, "accepted": _accepted(record, now=now)}
                changed = replace(record, sources=now, environment=noted)
                outcome.write(changed, folder=place)
                accepted.append(entry.id)
        space.store.ingest()
    return accepted


def _accepted(record: Record, *, now: Mapping[str, str]) -> dict[str, Any]:
    """Say when sources were accepted, and the digests that the numbers were made with."""
    was, before = record.sources, record.environment.get("accepted", {})
    changed = {
        path: was.get(path) for path in sorted({*was, *now}) if was.get(path) != now.get(path)
    }
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "made_with": {**changed, **before.get("made_with", {})},
    }


def data_sets(root: Path | None) -> Rows:
    """Return every data set, whether it is here, and what mends it where it is not."""
    rows = []
    for kind in catalog.kinds("data"):
        described = catalog.describe("data", kind)
        state, detail = _data_state(kind, root)
        licence = str(described.attributes.get("licence", ""))
        rows.append({"kind": kind, "state": state, "licence": licence, "detail": detail})
    return rows


def _data_state(kind: str, root: Path | None) -> tuple[str, str]:
    summary = catalog.first_line("data", kind)
    try:
        missing = catalog.find("data", kind)(root).missing()
    except NoData as error:
        return "missing", str(error)
    except NcabenchError as error:
        return "damaged", str(error)
    return ("missing", missing) if missing else ("here", summary)


def fetch_data(kind: str, root: Path | None) -> str:
    """Bring a data set onto this machine, and return what was done.

    Raises:
        SuiteError: there is no such set.
        NoData: it cannot be brought; the message says what else mends it.
        RecordError: what was brought, or was there, is not what was published.
    """
    try:
        return str(catalog.find("data", kind)(root).fetch())
    except ValueError as error:
        raise RecordError(str(error)) from error


def prepare_data(kind: str, root: Path | None, folder: Path, **options: Any) -> str:
    """Make a data set of the photographs in a folder, and return what was done.

    Args:
        kind: a data set that is prepared.
        root: the folder of data sets.
        folder: where the published set lies.
        options: what the set's ``prepare`` takes; those that are None are its defaults.

    Raises:
        SuiteError: there is no such set, or it is not one that is prepared.
        NoData: a folder is missing.
        RecordError: a photograph or an option cannot be used, or a set that was prepared
            otherwise is there.
        MachineError: it cannot be written, or another process is at it.
    """
    found = catalog.find("data", kind)
    if not hasattr(found, "prepare"):
        able = [
            one
            for one in catalog.kinds("data")
            if hasattr(catalog.find("data", one), "prepare")
        ]
        what = f"{kind} is not made of photographs"
        raise SuiteError("", [Problem(where="data.kind", what=what, accepted=tuple(able))])
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return str(found(root).prepare(folder, **given))
    except ValueError as error:
        raise RecordError(str(error)) from error
    except OSError as error:
        raise MachineError(f"{error.filename}: {error.strerror}") from error


def verify_data(kind: str | None, root: Path | None) -> Rows:
    """Return each file that data sets read, with its digest, found and published.

    Args:
        kind: a data set; None is every set that is here.
        root: where data sets look for what is not shipped.

    Raises:
        SuiteError: there is no such set.
        NoData: the set that was asked for is missing.
    """
    if kind is not None:
        return _verified(kind, root)
    here = (one["kind"] for one in data_sets(root) if one["state"] == "here")
    return [row for one in here for row in _verified(one, root)]


def _verified(kind: str, root: Path | None) -> Rows:
    try:
        found = catalog.find("data", kind)(root).verify()
    except ValueError as error:
        row = {"what": "", "state": "differs", "found": str(error), "published": ""}
        return [{"kind": kind, **row}]
    return [{"kind": kind, "state": one.state, **asdict(one)} for one in found]
