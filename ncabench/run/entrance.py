"""Where a worker process begins; imports torch only once it is there."""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing.connection import Connection

from ncabench.run.job import Job


def enter(jobs: Sequence[Job], pipe: Connection) -> None:
    """Run one entry, or several trainings, in this process; see ``worker.main``."""
    from ncabench.run import worker

    worker.main(jobs, pipe)
