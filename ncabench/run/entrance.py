"""Where a worker process begins; imports torch only once it is there."""

from __future__ import annotations

from multiprocessing.connection import Connection

from ncabench.run.job import Job


def enter(job: Job, pipe: Connection) -> None:
    """Run one entry in this process; see ``worker.main``."""
    from ncabench.run import worker

    worker.main(job, pipe)
