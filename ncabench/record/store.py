"""The MLflow store: every record goes in once, and the report reads nothing else."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ncabench.errors import MachineError, NcabenchError, RecordError
from ncabench.record import stored, tracking
from ncabench.record.content import content
from ncabench.record.stored import StoredRun
from ncabench.record.tracking import Row, Tracking
from ncabench.run import outcome
from ncabench.run.folder import folders, make
from ncabench.run.outcome import RECORD, Record, write_whole

MARKER = "ingested.json"
_SQLITE = "sqlite:///"


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """What an ingestion did.

    Attributes:
        new: records that went into MLflow.
        problems: records that could not, one message each.
    """

    new: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    folder: Path
    record: Record
    digest: str


class Store:
    """MLflow as an index of the records in a results folder.

    The index may be thrown away at any time: records are the truth, and `ingest` builds it
    again. MLflow is imported only when there is something to write or to look up.

    Source: none; the layout of the store is ncabench's.

    Args:
        results: the results folder.
        uri: MLflow's tracking URI; None is ``RESULTS/mlflow.db``, with artifacts beside it.
    """

    def __init__(self, results: Path, uri: str | None = None) -> None:
        self.results = results.resolve()
        self.database = self.results / "mlflow.db"
        self.artifacts = self.results / "artifacts"
        self.cache = self.results / "cache" / "mlflow.json"
        default = f"{_SQLITE}{self.database}"
        self.uri = uri or default
        self.is_default = self.uri == default
        self._tracking: Tracking | None = None

    def ingest(self) -> Ingested:
        """Store every record that this store has not seen.

        A record that changed since (a retried run) replaces what it was. A damaged record
        becomes a problem and stops nothing. Where there is nothing to do, mlflow is not
        imported.

        Raises:
            MachineError: the disk is full, or the store cannot be reached; records stay, and
                the next call goes on.
            RecordError: the store itself is damaged, or another MLflow wrote it.
        """
        waiting, problems = self._waiting()
        if not waiting:
            return Ingested(problems=problems)
        with self._locked():
            return self._ingest()

    def runs(self, role: str | None = None) -> list[StoredRun]:
        """Return the newest complete run of each record, the newest first.

        Args:
            role: only these; None returns all.

        Raises:
            MachineError: the store cannot be reached.
            RecordError: the store is damaged, or another MLflow wrote it.
        """
        return [run for run in self._runs() if role in (None, run.role)]

    def suites(self) -> list[StoredRun]:
        """Return the suites that were run, the newest first; ``.spec`` says what was asked."""
        return self.runs("suite")

    def sync(self) -> Ingested:
        """Throw the index away and build it anew from the records.

        Raises:
            MachineError: the store is not the one in the results folder, or see `ingest`.
        """
        if not self.is_default:
            raise MachineError(
                f"{self._where}: is not rebuilt, since other data may be in it; unset "
                "MLFLOW_TRACKING_URI to rebuild the store in the results folder, or delete "
                f"{self.results}/runs/*/*/{MARKER} to send it every record that it has not"
            )
        with self._locked():
            self._forget()
            for path in (self.database, *self.results.glob("mlflow.db-*"), self.cache):
                path.unlink(missing_ok=True)
            shutil.rmtree(self.artifacts, ignore_errors=True)
            return self._ingest()

    @property
    def _where(self) -> str:
        return str(self.database) if self.is_default else _without_password(self.uri)

    def _file(self) -> Path | None:
        """The SQLite file, where that is what the store is."""
        if not self.uri.startswith(_SQLITE):
            return None
        return Path(self.uri.removeprefix(_SQLITE).partition("?")[0])

    def _is_there(self) -> bool:
        path = self._file()
        return path is None or (path.is_file() and path.stat().st_size > 0)

    def _open(self) -> Tracking:
        if self._tracking is None:
            home = self.artifacts if self.is_default else None
            self._tracking = Tracking(self.uri, where=self._where, artifacts=home)
        return self._tracking

    def _forget(self) -> None:
        """Void every marker: a part of them alone would hide records from the next call."""
        self._tracking = None
        for folder in folders(self.results):
            (folder / MARKER).unlink(missing_ok=True)

    def _waiting(self) -> tuple[list[_Waiting], list[str]]:
        waiting: list[_Waiting] = []
        problems: list[str] = []
        is_there = self._is_there()
        for folder in folders(self.results):
            try:
                digest = hashlib.sha256((folder / RECORD).read_bytes()).hexdigest()
                if not (is_there and self._is_marked(folder, digest)):
                    record = outcome.read(folder)
                    waiting.append(_Waiting(folder=folder, record=record, digest=digest))
            except RecordError as error:
                problems.append(str(error))
            except OSError as error:
                problems.append(f"{folder / RECORD}: cannot be read: {error.strerror or error}")
        return waiting, problems

    def _is_marked(self, folder: Path, digest: str) -> bool:
        try:
            marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
            return bool(
                marker["digest"] == digest and marker["uri"] == _without_password(self.uri)
            )
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def _ingest(self) -> Ingested:
        if not self._is_there():
            self._forget()
            if self.is_default:
                tracking.create(self.database, artifacts=self.artifacts)
        waiting, problems = self._waiting()
        if waiting:
            self._open()  # so that a damaged store is not taken for a damaged record
        new = 0
        for one in waiting:
            try:
                new += self._store(one)
            except RecordError as error:
                problems.append(str(error))
        return Ingested(new=new, problems=problems)

    def _store(self, one: _Waiting) -> bool:
        """Bring MLflow to this version of a record; return whether it had to be written."""
        key = (one.record.id, one.record.device_class, one.record.engine)
        told = content(one.record, folder=one.folder, digest=one.digest)
        index = self._open()
        found = [run for run in index.find(one.record.id) if run.key == key]
        for run in found:
            if not run.complete:
                index.discard(run.run_id)
        current = [run for run in found if run.complete and not run.superseded]
        same = [run.run_id for run in current if run.digest == one.digest]
        if same:
            index.complete(same[0], told)
        run_id = same[0] if same else index.add(told)
        for run in current:
            if run.run_id != run_id:
                index.supersede(run.run_id)
        marker = {"uri": _without_password(self.uri), "run_id": run_id, "digest": one.digest}
        write_whole(one.folder / MARKER, json.dumps(marker, indent=1).encode())
        return not same

    def _runs(self) -> list[StoredRun]:
        if not self._is_there():
            return []
        stamp = self._stamp()
        cached = (
            stored.read_cache(self.cache, stamp=stamp, home=self.results) if stamp else None
        )
        if cached is not None:
            return cached
        runs = stored.newest(self._stored_run(row) for row in self._open().rows())
        if stamp:
            stored.write_cache(self.cache, runs, stamp=stamp, home=self.results)
        return runs

    def _stamp(self) -> list[int]:
        """What changes whenever the default store does; empty for another."""
        if not self.is_default:
            return []
        seen = self.database.stat()
        with self.database.open("rb") as stream:
            header = stream.read(28)
        changes = int.from_bytes(header[24:28], "big")  # SQLite counts its transactions there
        return [seen.st_mtime_ns, seen.st_size, seen.st_ino, changes]

    def _stored_run(self, row: Row) -> StoredRun:
        if self.is_default:
            folder = self.artifacts / row.run_id / "artifacts"
            return stored.stored_run(row, folder=folder, remote="")
        parts = urlsplit(row.artifact_uri)
        if parts.scheme in ("", "file"):
            return stored.stored_run(row, folder=Path(unquote(parts.path)), remote="")
        folder = self.cache.parent / "artifacts" / row.run_id
        return stored.stored_run(row, folder=folder, remote=self.uri)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Wait for the only writer's turn; the system ends it with the process."""
        lock = make(self.results) / ".index.lock"
        try:
            stream = lock.open("w")
        except OSError as error:
            raise MachineError(
                f"{lock}: cannot be written: {error.strerror or error}"
            ) from error
        with stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            try:
                yield
            except NcabenchError:
                self._tracking = None
                raise


def _without_password(uri: str) -> str:
    """Return a URI as it may be written down.

    >>> _without_password("https://ada:secret@host/path")
    'https://host/path'
    """
    parts = urlsplit(uri)
    if "@" not in parts.netloc:
        return uri
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
