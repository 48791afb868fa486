from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch

from ncabench.run import memory
from ncabench.run.memory import Peak

CPU = torch.device("cpu")


@pytest.mark.parametrize("mib", [80, 160])
def test_a_known_allocation_is_seen(mib):
    """In one of three pairs, since a kernel short of memory takes pages between two calls."""
    seen = []
    for _ in range(3):
        nothing = memory.peak(lambda: None, device=CPU).rss_mib
        something = memory.peak(lambda: b"\1" * (mib << 20), device=CPU).rss_mib
        seen.append(something - nothing)
    assert min(abs(found - mib) for found in seen) < 8


def test_what_cannot_be_measured_on_a_cpu_is_none():
    found = memory.peak(lambda: None, device=CPU)
    assert found == Peak(rss_mib=found.rss_mib)


def test_the_first_call_is_not_measured():
    sizes = iter([160, 1])
    nothing = memory.peak(lambda: None, device=CPU).rss_mib
    found = memory.peak(lambda: b"\1" * (next(sizes) << 20), device=CPU).rss_mib
    assert found - nothing < 16


def test_what_the_allocator_gave_back_before_the_device_was_asked_counts(monkeypatch):
    """On a GPU that is not there: 300 MiB are the context's, and 60 of 90 were given back."""
    used = iter([300.0, 330.0])
    gpu = SimpleNamespace(used_mib=lambda: next(used))
    monkeypatch.setattr(memory.nvml, "opened", lambda _device: nullcontext(gpu))
    reserved = iter([0, 30 << 20])
    for name, given in {
        "synchronize": None,
        "empty_cache": None,
        "reset_peak_memory_stats": None,
        "max_memory_allocated": 80 << 20,
        "max_memory_reserved": 90 << 20,
    }.items():
        monkeypatch.setattr(torch.cuda, name, lambda *_, given=given: given)
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _device: next(reserved))
    found = memory.peak(lambda: None, device=torch.device("cuda"))
    assert found == Peak(allocated_mib=80.0, reserved_mib=90.0, device_used_mib=90.0)
