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
