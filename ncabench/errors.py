"""Every error that ncabench raises on purpose.

NcabenchError
- SuiteError         the suite file is wrong; nothing has run        exit 2
- RunError           a run was started and did not finish            exit 3
  - Diverged         a state or a loss stopped being finite
  - NoData           a data set or trained weights are not there
  - EngineFailed     an engine could not be made to run here
- RecordError        a result on disk is missing, unreadable, or
                     contradicts another of the same run            exit 4
- NothingMeasured    a table or check has no run to show             exit 6
- MachineError       the disk, the rights or a lock stand in the way exit 7
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class NcabenchError(Exception):
    """Base of the errors above; the CLI prints it without a traceback."""

    exit_code = 1


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong with a suite, and what would have been right.

    Args:
        where: dotted path of the offending key, such as ``perception.conv3x3.kind``.
        what: what is wrong, with the value that was found.
        accepted: what would have been accepted.
        found: the value found, used to guess what was meant.

    >>> print(Problem(where="model.kind", what="no model 'nac'", accepted=("gan", "nca"),
    ...               found="nac"))
    model.kind: no model 'nac'
      accepted: gan, nca
      did you mean 'nca'?
    """

    where: str
    what: str
    accepted: tuple[str, ...] = ()
    found: str = ""

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.what}" if self.where else self.what]
        if self.accepted:
            lines.append(f"  accepted: {', '.join(sorted(self.accepted))}")
        near = nearest(self.found, self.accepted)
        if near:
            lines.append(f"  did you mean {near!r}?")
        return "\n".join(lines)


def nearest(found: str, accepted: Iterable[str]) -> str:
    """Return the accepted word most like ``found``, or ``""`` where none is near.

    >>> nearest("sobbel", ["conv", "sobel"]), nearest("xyz", ["conv"])
    ('sobel', '')
    """
    near = difflib.get_close_matches(found, sorted(accepted), n=1)
    return near[0] if near else ""


class SuiteError(NcabenchError):
    """A suite file says something that cannot be run; lists every problem at once.

    Args:
        path: the suite file, as the user named it.
        problems: all that is wrong with it, in the order of the file.
    """

    exit_code = 2

    def __init__(self, path: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        body = "\n".join(str(problem) for problem in problems)
        super().__init__(f"{path}:\n{body}" if path else body)


class RunError(NcabenchError):
    """A run was started and did not finish."""

    exit_code = 3


class Diverged(RunError):
    """A state, a loss or a gradient stopped being finite."""


class EngineFailed(RunError):
    """An engine could not compile, or record, what it was given."""


class NoData(RunError):
    """A data set or trained weights are not on this machine.

    Args:
        what: what is missing, and where it was looked for.
        mend: the command or path that mends it.
    """

    def __init__(self, what: str, mend: str) -> None:
        self.mend = mend
        super().__init__(f"{what}\n  to mend it: {mend}")


class RecordError(NcabenchError):
    """A result on disk is missing, unreadable, of a newer schema, or contradicts another."""

    exit_code = 4


class NothingMeasured(NcabenchError):
    """A table or a check has no run to show."""

    exit_code = 6


class MachineError(NcabenchError):
    """The disk, the rights or a lock on this machine stand in the way."""

    exit_code = 7
