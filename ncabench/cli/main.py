"""The entry point: every command, and what an error becomes.

Exit codes: 0 done; 1 our bug; 2 the suite is wrong; 3 an entry failed that was not expected
to; 4 a record is unreadable; 5 a regression; 6 nothing was measured; 7 the machine; 130
interrupted.
"""

from __future__ import annotations

import signal
import sys

from ncabench import console
from ncabench.cli import (  # noqa: F401 -- each adds its commands
    checking,
    comparing,
    data,
    looking,
    moving,
    papers,
    running,
    tuning,
)
from ncabench.cli.app import app
from ncabench.errors import NcabenchError


def main() -> None:
    """Run the command line; errors of ours become one message and their exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        app(prog_name="ncabench")
    except NcabenchError as error:
        console.err.print(str(error), style="red", markup=False)
        sys.exit(error.exit_code)
    except _Interrupted:
        console.err.print("interrupted; the same command goes on where this one stopped")
        sys.exit(130)


class _Interrupted(BaseException):
    """Ctrl-C, or a request to end; Typer would turn a KeyboardInterrupt into exit code 1."""


def _interrupt(*_: object) -> None:
    raise _Interrupted
