"""Run folders to store, and an empty MLflow store that is made once (it takes seconds)."""

import json
import resource
import shutil
from contextlib import contextmanager

import pytest

from ncabench.record import tracking
from ncabench.record.store import Store
from ncabench.run import folder, outcome
from ncabench.run.outcome import Record

ID = "0123456789ab"
FILES = {
    "log.jsonl": '{"iteration": 50, "loss": 0.5}\n{"iteration": 100, "loss": 0.25}\n',
    "curves.json": json.dumps(
        {"perceptual": {"steps": [1, 1, 2], "values": [0.3, 0.9, 0.1], "spreads": [0.0] * 3}}
    ),
    "checkpoint.pt": "large",
}


@pytest.fixture
def write_run():
    """Write a run folder with its record; keywords replace the record's fields."""

    def write(results, *, files=FILES, **changes):
        given = {
            "role": "evaluation",
            "id": ID,
            "device_class": "cpu",
            "engine": "eager",
            "outcome": "ok",
            "spec": {"training_id": "fedcba987654", "protocol": {"kind": "recovery"}},
            "values": {"perceptual/before": 0.1 + 0.2, "perceptual/recovery": 97.5},
            "labels": ({"perception": "conv3x3", "rng_seed": 0},),
            "environment": {"device": "Some CPU", "commit": "abc"},
            "seconds": 1.5,
            "started_at": "2026-05-01T12:00:00+00:00",
            "ended_at": "2026-05-01T12:00:01+00:00",
        } | changes
        keys = ("id", "device_class", "engine")
        home = folder.make(folder.run_folder(results, **{key: given[key] for key in keys}))
        for name, text in files.items():
            (home / name).write_text(text)
        record = Record(artifacts=folder.digests(home, list(files)), **given)
        outcome.write(record, folder=home)
        return home

    return write


@pytest.fixture(scope="session")
def empty_index(tmp_path_factory):
    path = tmp_path_factory.mktemp("index") / "mlflow.db"
    tracking.create(path, artifacts=path.parent / "artifacts")
    return path


@pytest.fixture
def results(tmp_path, empty_index):
    """A results folder with an empty index."""
    home = folder.make(tmp_path / "results")
    shutil.copyfile(empty_index, home / "mlflow.db")
    return home


@pytest.fixture
def store(results):
    return Store(results)


@pytest.fixture
def file_size_limit():
    """Let no file grow beyond some bytes, as on a full disk."""

    @contextmanager
    def limited(size):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited
