"""Synthetic records in any number, and what a plan and a report of them cost.

``python tests/scale.py 10000 FOLDER`` writes that many and measures; tests/test_scale.py keeps
a tenth of it.
"""

import hashlib
import json
import math
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from ncabench import pipeline, remembered
from ncabench.pipeline import Workspace
from ncabench.record import tracking
from ncabench.record.content import PREFIX, content
from ncabench.record.store import MARKER, Store
from ncabench.run import folder, outcome
from ncabench.run.outcome import RECORD, Record

EACH = 25  # entries of an rng_seed: 5 perceptions, each trained once and perturbed in 4 ways
SUITE = Path(__file__).with_name("scale.toml")
STARTED, ENDED = "2026-05-01T12:00:00+00:00", "2026-05-01T12:00:02+00:00"
ENVIRONMENT = {"device": "Some CPU", "commit": "abc", "python": "3.11", "torch": "2.14"}


def write(home, *, entries):
    """Write a suite of so many entries, and the record of each, into a folder.

    Returns the suite's path and the results folder.
    """
    home.mkdir(parents=True, exist_ok=True)
    path = home / SUITE.name
    seeds = list(range(entries // EACH))
    path.write_text(SUITE.read_text().replace("rng_seed = [0]", f"rng_seed = {seeds}"))
    results = home / "results"
    planned = pipeline.plan(path, Workspace(results=results), preset=None, sets=())
    for place, entry in enumerate(planned.entries):
        _record(entry, place, results=results)
    remembered.remember(planned, results=results)
    return path, results


def _record(entry, place, *, results):
    home = results / "runs" / entry.id / "cpu-eager"
    home.mkdir(parents=True, exist_ok=True)
    share = (math.sin(place) + 1) / 2
    if entry.role == "training":
        values = {"final_loss": share, "iterations": 12.0, "parameters": 872.0}
        lines = ({"iteration": step, "loss": share / step} for step in (4, 8, 12))
        files = {"log.jsonl": "".join(f"{json.dumps(line)}\n" for line in lines)}
    else:
        names = ("before", "damaged", "recovery", "stage_1", "recovery_clipped")
        values = {f"rgba_mse/{name}": share * turn for turn, name in enumerate(names, 1)}
        curve = {
            "steps": [1, 2, 3],
            "values": [share, share / 2, share / 4],
            "spreads": [0] * 3,
        }
        files = {"curves.json": json.dumps({"rgba_mse": curve})}
    for name, text in files.items():
        (home / name).write_text(text)
    digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    key = {"role": entry.role, "id": entry.id, "device_class": "cpu", "engine": "eager"}
    record = Record(
        **key,
        outcome="ok",
        spec=entry.spec,
        labels=entry.labels,
        values=values,
        artifacts=digests,
        environment=ENVIRONMENT,
        seconds=2.0,
        started_at=STARTED,
        ended_at=ENDED,
    )
    (home / RECORD).write_text(outcome.dump(record))


def index(results):
    """Write the MLflow store of all records in one transaction, as `Store.ingest` would.

    MLflow itself takes 50 ms of a core for each, and is what a report then reads.
    """
    store = Store(results)
    tracking.create(store.database, artifacts=store.artifacts)
    with sqlite3.connect(store.database) as database:
        ((experiment,),) = database.execute(
            "select experiment_id from experiments where name = ?", [tracking.EXPERIMENT]
        )
        for place in folder.folders(results):
            _index(place, store=store, database=database, experiment=experiment)


def _index(place, *, store, database, experiment):
    record, digest = outcome.read(place), hashlib.sha256((place / RECORD).read_bytes())
    told = content(record, folder=place, digest=digest.hexdigest())
    run = hashlib.sha256(str(place).encode()).hexdigest()[:32]
    home = store.artifacts / run / "artifacts"
    home.mkdir(parents=True)
    for name, path in told.files.items():
        shutil.copyfile(path, home / name)
    for name, text in told.texts.items():
        (home / name).write_text(text)
    named = {"run_uuid": run, "name": told.name, "source_type": "UNKNOWN", "source_name": ""}
    named |= {"entry_point_name": "", "user_id": "unknown", "status": "FINISHED"}
    named |= {"start_time": told.start_ms, "end_time": told.end_ms, "source_version": ""}
    named |= {"lifecycle_stage": "active", "artifact_uri": home.as_uri()}
    _insert(database, "runs", [named | {"experiment_id": experiment}])
    tags = {**told.tags, f"{PREFIX}complete": "true", f"{PREFIX}superseded": "false"}
    for table, pairs in (
        ("tags", tags | {"mlflow.runName": told.name}),
        ("params", told.params),
    ):
        rows = [{"key": key, "value": value, "run_uuid": run} for key, value in pairs.items()]
        _insert(database, table, rows)
    points = [
        {"key": one.name, "value": one.value, "timestamp": one.at_ms, "step": one.step}
        | {"run_uuid": run, "is_nan": 0}
        for one in told.points
    ]
    _insert(database, "metrics", points)
    latest = {one["key"]: one for one in sorted(points, key=lambda one: one["step"])}
    _insert(database, "latest_metrics", list(latest.values()))
    marker = {"uri": store.uri, "run_id": run, "digest": digest.hexdigest()}
    (place / MARKER).write_text(json.dumps(marker))


def _insert(database, table, rows):
    if rows:
        names, marks = ", ".join(rows[0]), ", ".join(f":{name}" for name in rows[0])
        database.executemany(f"insert into {table} ({names}) values ({marks})", rows)


def measured(*words, cwd):
    """Run a command; returns its seconds of a core, seconds in all, and most MiB of memory."""
    began = time.monotonic()
    code = (
        "import resource, sys; from ncabench.cli import main\n"
        f"sys.argv = {['ncabench', *map(str, words)]}\n"
        "try:\n    main.main()\nexcept SystemExit as ended:\n    assert not ended.code\n"
        "peak = open('/proc/self/status').read().partition('VmHWM:')[2].split()[0]\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "print(used.ru_utime + used.ru_stime, peak, file=sys.stderr)"
    )
    line = [sys.executable, "-c", code]
    ran = subprocess.run(line, cwd=cwd, capture_output=True, text=True, check=True)
    busy_s, peak_kib = ran.stderr.splitlines()[-1].split()
    return float(busy_s), time.monotonic() - began, float(peak_kib) / 1024


def main(entries, home):
    """Write so many records, and print what a plan and a report of them cost."""
    path, results = write(home, entries=entries)
    index(results)
    at = ("--results", results)
    steps = {
        "plan of what has no record": ("plan", path, "--results", home / "none"),
        "the same again": ("plan", path, "--results", home / "none"),
        "plan of what has records": ("plan", path, *at, "--device", "cpu"),
        "report, cold (MLflow is read)": ("report", path, *at),
        "report, from the cache": ("report", path, *at),
        "report as html, from the cache": ("report", path, *at, "--format", "html"),
    }
    for name, words in steps.items():
        busy_s, all_s, peak_mib = measured(*words, cwd=home)
        sys.stdout.write(
            f"{name}: {busy_s:.1f} s of a core, {all_s:.1f} s in all, {peak_mib:.0f} MiB\n"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]).absolute())
