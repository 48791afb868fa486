"""MLflow itself: the only file that imports it, and only once a store is opened (3 s)."""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import sqlite3
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ncabench.errors import MachineError, RecordError
from ncabench.record.content import PREFIX, Content
from ncabench.run.folder import make
from ncabench.run.outcome import write_whole

EXPERIMENT = "ncabench"
BATCH = 1000  # metrics per request; parameters: a tenth
PAGE = 500  # runs per answer; MLflow holds some 200 KB of each while it answers
_DISK = {  # what SQLite says, and what it means
    "disk is full": "the disk is full",
    "disk I/O error": "the disk is full or failing",
    "readonly database": "it cannot be written",
    "database is locked": "another program holds it",
    "unable to open database": "it cannot be opened",
}
_FOREIGN = (
    "out-of-date database schema",
    "not a database",
    "malformed",
    "Can't locate revision",
)
_SETTINGS = {  # MLflow reads them from the environment; what the user set stands
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SQLALCHEMYSTORE_POOLCLASS": "NullPool",  # the SQLite file may be replaced
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",  # 7 take minutes, and records can wait
}
_drafts = itertools.count()


@dataclass(frozen=True, kw_only=True)
class Found:
    """A run of MLflow that holds some version of a record.

    Attributes:
        run_id: MLflow's name of the run.
        key: the record's id, device class and engine.
        digest: SHA-256 of the record.
        complete: all of the record was written.
        superseded: another run holds a newer version.
    """

    run_id: str
    key: tuple[str, str, str]
    digest: str
    complete: bool
    superseded: bool


@dataclass(frozen=True, kw_only=True)
class Row:
    """A run as MLflow returns it: its tags and the last point of each metric.

    Attributes:
        run_id: MLflow's name of the run.
        tags: tags by name.
        metrics: the last value of each metric.
        artifact_uri: where MLflow says its artifacts lie.
    """

    run_id: str
    tags: dict[str, str]
    metrics: dict[str, float]
    artifact_uri: str


class Tracking:
    """The experiment ``ncabench`` of one MLflow store.

    Args:
        uri: MLflow's tracking URI.
        where: how messages name the store.
        artifacts: folder that artifacts are copied into; None leaves them to MLflow.

    Raises:
        MachineError: the store cannot be reached, opened or written.
        RecordError: it was written by another version of MLflow, or is damaged.
    """

    def __init__(self, uri: str, *, where: str, artifacts: Path | None) -> None:
        self.where = where
        self.artifacts = artifacts
        with _guarded(where):
            self.client = _client(uri)
            self.experiment = _experiment(self.client, artifacts)

    def find(self, id: str) -> list[Found]:
        """Return every run that holds some version of the records named ``id``."""
        rows = self._search(f"tags.`{PREFIX}id` = '{id}'")
        return [_found(row) for row in rows]

    def rows(self) -> list[Row]:
        """Return every run that is complete and not superseded."""
        return self._search(
            f"tags.`{PREFIX}complete` = 'true' and tags.`{PREFIX}superseded` = 'false'"
        )

    def add(self, content: Content) -> str:
        """Write a run and return its MLflow name; it is marked complete last."""
        state = {f"{PREFIX}complete": "false", f"{PREFIX}superseded": "false"}
        with _guarded(self.where):
            run = self.client.create_run(
                self.experiment,
                start_time=content.start_ms,
                tags={**content.tags, **state},
                run_name=content.name,
            )
            run_id = str(run.info.run_id)
            self._log(run_id, content)
            self._keep(run_id, content)
            status = "FINISHED" if content.ok else "FAILED"
            self.client.set_terminated(run_id, status=status, end_time=content.end_ms)
            self.client.set_tag(run_id, f"{PREFIX}complete", "true")
        return run_id

    def complete(self, run_id: str, content: Content) -> None:
        """Add the artifacts of a run that came to its record later, such as filmstrips."""
        with _guarded(self.where):
            self._keep(run_id, content)

    def supersede(self, run_id: str) -> None:
        """Say that a newer version of the record of this run is stored."""
        with _guarded(self.where):
            self.client.set_tag(run_id, f"{PREFIX}superseded", "true")

    def discard(self, run_id: str) -> None:
        """Delete a run whose writing was cut off."""
        with _guarded(self.where):
            self.client.set_terminated(run_id, status="KILLED")
            self.client.delete_run(run_id)
        if self.artifacts is not None:
            shutil.rmtree(self.artifacts / run_id, ignore_errors=True)

    def _log(self, run_id: str, content: Content) -> None:
        from mlflow.entities import Metric, Param

        metrics = [Metric(one.name, one.value, one.at_ms, one.step) for one in content.points]
        params = [Param(name, text) for name, text in content.params.items()]
        first = params[: BATCH // 10]  # with the first metrics, since each request takes 10 ms
        for start in range(0, max(len(metrics), 1), BATCH - len(first)):
            some = metrics[start : start + BATCH - len(first)]
            self.client.log_batch(run_id, metrics=some, params=[] if start else first)
        for chunk in _chunks(params[len(first) :], BATCH // 10):
            self.client.log_batch(run_id, params=chunk)

    def _keep(self, run_id: str, content: Content) -> None:
        if self.artifacts is None:
            for name, path in content.files.items():
                self.client.log_artifact(run_id, str(path), _parent(name))
            for name, text in content.texts.items():
                self.client.log_text(run_id, text, name)
            return
        home = make(self.artifacts / run_id / "artifacts")
        for name, path in content.files.items():
            make((home / name).parent)
            shutil.copyfile(path, home / name)
        for name, text in content.texts.items():
            write_whole(home / name, text.encode())

    def _search(self, condition: str) -> list[Row]:
        rows: list[Row] = []
        token = None
        with _guarded(self.where):
            while True:
                page = self.client.search_runs(
                    [self.experiment],
                    filter_string=condition,
                    max_results=PAGE,
                    page_token=token,
                )
                rows += [_row(run) for run in page]
                token = page.token
                if not token:
                    return rows


def create(path: Path, *, artifacts: Path) -> None:
    """Create a SQLite store with its experiment, whole or not at all.

    Raises:
        MachineError: the disk is full, or the folder cannot be written.
    """
    make(path.parent)
    for left in path.parent.glob(f".{path.name}.*.draft*"):
        left.unlink(missing_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}-{next(_drafts)}.draft")
    with _guarded(str(path)):
        try:
            _experiment(_client(f"sqlite:///{draft}"), artifacts)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def download(uri: str, *, run_id: str, name: str, into: Path) -> None:
    """Fetch one artifact of a run from a store that is not on this machine, if it is there.

    Raises:
        MachineError: the store cannot be reached, or the folder cannot be written.
    """
    make(into)
    with _guarded(f"run {run_id} of MLflow"):
        client = _client(uri)
        if name in [one.path for one in client.list_artifacts(run_id, _parent(name))]:
            client.download_artifacts(run_id, name, str(into))


@contextmanager
def _guarded(where: str) -> Iterator[None]:
    """Silence MLflow, and turn its errors into ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _set_up()
        from alembic.util import CommandError
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (
            MlflowException,
            SQLAlchemyError,
            CommandError,
            sqlite3.Error,
            OSError,
        ) as error:
            raise _ours(error, where) from error


def _set_up() -> None:
    for name, text in _SETTINGS.items():
        os.environ.setdefault(name, text)
    import mlflow  # noqa: F401  # it sets the levels of its loggers when it is imported

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _ours(error: Exception, where: str) -> MachineError | RecordError:
    text = str(error)
    first = text.splitlines()[0][:300] if text else type(error).__name__
    if isinstance(error, OSError):
        return MachineError(f"{error.filename or where}: {error.strerror or first}; {_LATER}")
    for phrase, meaning in _DISK.items():
        if phrase in text:
            return MachineError(f"{where}: {meaning} ({phrase}); {_LATER}")
    if any(phrase in text for phrase in _FOREIGN):
        return RecordError(
            f"{where}: is no store that this MLflow reads ({first}); "
            "`ncabench sync` builds it anew from the records"
        )
    if getattr(error, "error_code", "") in ("INVALID_PARAMETER_VALUE", "BAD_REQUEST"):
        return RecordError(f"{where}: MLflow refuses the record: {first}")
    return MachineError(f"{where}: MLflow cannot use it: {first}; {_LATER}")


_LATER = "the records are kept, and are stored the next time"


def _client(uri: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _experiment(client: Any, artifacts: Path | None) -> str:
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is None:
        location = None if artifacts is None else artifacts.as_uri()
        return str(client.create_experiment(EXPERIMENT, artifact_location=location))
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _row(run: Any) -> Row:
    return Row(
        run_id=str(run.info.run_id),
        tags=dict(run.data.tags),
        metrics=dict(run.data.metrics),
        artifact_uri=str(run.info.artifact_uri),
    )


def _found(row: Row) -> Found:
    def tag(name: str) -> str:
        return row.tags.get(f"{PREFIX}{name}", "")

    return Found(
        run_id=row.run_id,
        key=(tag("id"), tag("device_class"), tag("engine")),
        digest=tag("digest"),
        complete=tag("complete") == "true",
        superseded=tag("superseded") == "true",
    )


def _parent(name: str) -> str | None:
    return name.rpartition("/")[0] or None


def _chunks(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
