import pytest
import torch

from ncabench.run import memory
from ncabench.run.memory import Peak

CPU = torch.device("cpu")


@pytest.mark.parametrize("mib", [80, 160])
def test_a_known_allocation_is_seen(mib):
    nothing = memory.peak(lambda: None, device=CPU).rss_mib
    something = memory.peak(lambda: b"\1" * (mib << 20), device=CPU).rss_mib
    assert something - nothing == pytest.approx(mib, abs=8)


def test_what_cannot_be_measured_on_a_cpu_is_none():
    found = memory.peak(lambda: None, device=CPU)
    assert found == Peak(rss_mib=found.rss_mib)


def test_the_first_call_is_not_measured():
    sizes = iter([160, 1])
    nothing = memory.peak(lambda: None, device=CPU).rss_mib
    found = memory.peak(lambda: b"\1" * (next(sizes) << 20), device=CPU).rss_mib
    assert found - nothing < 16
