"""What an exception in a worker means for its entry."""

from __future__ import annotations

import errno
import traceback
from typing import NamedTuple

import torch

from ncabench.errors import (
    Diverged,
    EngineFailed,
    MachineError,
    NcabenchError,
    NoData,
    RecordError,
)
from ncabench.run.outcome import Outcome

_NO_MEMORY = ("can't allocate memory", "out of memory", "alloc_failed", "cublas_status_alloc")


class Failure(NamedTuple):
    """An outcome other than ``ok``, and its reason; the first line stands in tables."""

    outcome: Outcome
    reason: str


def classify(error: BaseException) -> Failure:
    """Return the outcome that an exception stands for.

    Raises:
        MachineError: the machine, not the entry, failed (the disk is full).

    >>> classify(MemoryError()).outcome
    'oom'
    """
    if isinstance(error, MachineError):
        raise error
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        raise MachineError(f"{error.filename}: {error.strerror}") from error
    text = str(error).strip() or type(error).__name__
    if isinstance(error, Diverged):
        return Failure("diverged", text)
    if isinstance(error, NoData):
        return Failure("no_data", text)
    if _is_out_of_memory(error, text):
        return Failure("oom", text.partition("\n")[0])
    if isinstance(error, RecordError | EngineFailed):
        return Failure("crashed", text)
    if isinstance(error, NcabenchError):
        return Failure("infeasible", text)
    last = "".join(traceback.format_exception_only(error)).strip()
    return Failure("crashed", last)


def _is_out_of_memory(error: BaseException, text: str) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    lower = text.lower()
    return isinstance(error, RuntimeError) and any(words in lower for words in _NO_MEMORY)
