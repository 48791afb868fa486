"""One entry in this process, from its start to the record that it leaves."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ncabench.run import assembler, checkpoint, environment, failure, folder, outcome
from ncabench.run.failure import Failure
from ncabench.run.folder import LOG
from ncabench.run.job import Job
from ncabench.run.outcome import Record
from ncabench.run.result import Interrupted, Result


class Attempt:
    """An entry that has begun; `succeed` or `fail` ends it with a record.

    Args:
        job: the entry.
        together: ids of the trainings that share the process; empty for an entry alone.
    """

    def __init__(self, job: Job, *, together: Sequence[str] = ()) -> None:
        self.job = job
        self.together = list(together)
        self.surroundings: Mapping[str, Any] = {}
        self.started, self.clock = datetime.now(UTC), time.monotonic()

    def look_around(self) -> None:
        """Take note of the machine; to be called once the process is set up."""
        self.surroundings = environment.describe(self.job.device)

    def succeed(self, result: Result) -> None:
        """Leave the record of an entry that came to its end, with what could be measured.

        Raises:
            MachineError: the folder cannot be written.
        """
        job = self.job
        record = self._record(
            result.outcome,
            reason=result.reason,
            values=result.values,
            artifacts=folder.digests(job.folder, result.artifacts),
            seconds=result.seconds,
            resumed_at=tuple(result.resumed) if job.device != "cpu" else (),
            warnings=(*job.warnings, *result.warnings),
            environment={**self._environment(), **result.environment},
        )
        outcome.write(record, folder=job.folder)
        checkpoint.remove(job.folder)

    def fail(self, failed: Failure) -> None:
        """Leave the record of an entry that ended otherwise, with its log up to there.

        Raises:
            MachineError: the folder cannot be written.
        """
        logs = [LOG] if (self.job.folder / LOG).exists() else []
        record = self._record(
            failed.outcome,
            reason=failed.reason,
            artifacts=folder.digests(self.job.folder, logs),
            seconds=time.monotonic() - self.clock,
            warnings=self.job.warnings,
            environment=self._environment(),
        )
        outcome.write(record, folder=self.job.folder)

    def _environment(self) -> dict[str, Any]:
        company = {"together": self.together} if self.together else {}
        ptxas = assembler.named()
        built = {"ptxas": ptxas} if ptxas else {}
        return {**self.surroundings, "engine": self.job.asked, **company, **built}

    def _record(self, how: outcome.Outcome, **rest: Any) -> Record:
        job = self.job
        return Record(
            role=job.role,
            id=job.id,
            device_class=job.device_class,
            engine=job.engine,
            outcome=how,
            spec=job.spec,
            labels=job.labels,
            sources=job.sources,
            started_at=self.started.isoformat(timespec="seconds"),
            ended_at=datetime.now(UTC).isoformat(timespec="seconds"),
            **rest,
        )


def explain(error: BaseException) -> Failure:
    """Print how an entry failed, and return what that means for it.

    Raises:
        Interrupted: it was no failure.
        MachineError: the machine failed, not the entry.
    """
    if isinstance(error, Interrupted):
        raise error
    traceback.print_exception(error)
    return failure.classify(error)
