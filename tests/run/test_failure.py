import errno

import pytest
import torch

from ncabench.errors import Diverged, MachineError, NoData, RecordError, SuiteError
from ncabench.run.failure import classify


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (MemoryError(), "oom", "MemoryError"),
        (torch.OutOfMemoryError("CUDA out of memory."), "oom", "CUDA out of memory."),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "oom",
         "DefaultCPUAllocator: can't allocate memory: you tried"),
        (Diverged("the loss went"), "diverged", "the loss went"),
        (NoData("no set", "fetch it"), "no_data", "no set\n  to mend it: fetch it"),
        (RecordError("gone"), "crashed", "gone"),
        (SuiteError("", []), "infeasible", "SuiteError"),
        (KeyError("x"), "crashed", "KeyError: 'x'"),
        (RuntimeError("shapes"), "crashed", "RuntimeError: shapes"),
    ],
)  # fmt: skip
def test_each_exception_has_its_outcome_and_reason(error, outcome, reason):
    assert classify(error) == (outcome, reason)


def test_an_impossible_allocation_is_out_of_memory():
    with pytest.raises((RuntimeError, MemoryError)) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert classify(caught.value).outcome == "oom"


def test_a_full_disk_is_the_machines_failure_and_no_result():
    with pytest.raises(MachineError) as caught:
        classify(OSError(errno.ENOSPC, "No space left on device", "results/x"))
    assert str(caught.value) == "results/x: No space left on device"
