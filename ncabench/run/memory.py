"""How much memory an action needs at most."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from ncabench.run import nvml

_MIB = 2**20
_GB = 2**30


@dataclass(frozen=True, kw_only=True)
class Peak:
    """Most memory in use at once; None where it cannot be measured.

    On a GPU the three first differ: the allocator reserves more than it hands out, and the
    device gives in pieces of its own.

    Attributes:
        allocated_mib: tensors on the GPU, those that were there before included.
        reserved_mib: what PyTorch's allocator holds for them.
        device_used_mib: what NVML says is in use on the device, less what was in use before
            besides the allocator's share (the CUDA context, loaded kernels, the driver,
            other processes). Read once, after the action; where the allocator, short of
            memory, has given some back by then, with that added.
        rss_mib: resident memory of this process, on a CPU only.
    """

    allocated_mib: float | None = None
    reserved_mib: float | None = None
    device_used_mib: float | None = None
    rss_mib: float | None = None

    def named(self, unit: Literal["mib", "gb"]) -> dict[str, float]:
        """Return what was measured, by the names of profiles; a GB has 2**30 bytes.

        >>> Peak(rss_mib=512.0).named("gb")
        {'peak_rss_gb': 0.5}
        """
        found = {
            "peak_allocated": self.allocated_mib,
            "peak_reserved": self.reserved_mib,
            "device_used": self.device_used_mib,
            "peak_rss": self.rss_mib,
        }
        size = 1 if unit == "mib" else _GB // _MIB
        return {f"{name}_{unit}": mib / size for name, mib in found.items() if mib is not None}


def peak(action: Callable[[], object], *, device: torch.device) -> Peak:
    """Run ``action`` twice, and return the most memory that the second time needs.

    The first time loads kernels and lets libraries take their workspaces, so that these
    count as there before. Latency must be measured in a pass of its own.

    Args:
        action: what is measured.
        device: where it runs.
    """
    action()
    gc.collect()
    return _cuda_peak(action, device) if device.type == "cuda" else _cpu_peak(action)


def _cuda_peak(action: Callable[[], object], device: torch.device) -> Peak:
    with nvml.opened(device) as gpu:
        torch.cuda.synchronize(device)
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
        used_before = gpu.used_mib()
        reserved_before = torch.cuda.memory_reserved(device) / _MIB
        action()
        torch.cuda.synchronize(device)
        used = gpu.used_mib()
    reserved = torch.cuda.max_memory_reserved(device) / _MIB
    given_back = reserved - torch.cuda.memory_reserved(device) / _MIB
    return Peak(
        allocated_mib=torch.cuda.max_memory_allocated(device) / _MIB,
        reserved_mib=reserved,
        device_used_mib=_difference(used, used_before, reserved_before, given_back),
    )


@dataclass(frozen=True, kw_only=True)
class Held:
    """What PyTorch's allocator holds on a GPU once all that is free is given back."""

    allocated_gb: float = 0.0
    reserved_gb: float = 0.0


def settle(device: torch.device) -> Held:
    """Give back what nobody uses, let peaks start from now, and return what is held.

    On a CPU nothing is known, and all is 0. A GB has 2**30 bytes.
    """
    gc.collect()
    if device.type != "cuda":
        return Held()
    torch.cuda.synchronize(device)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    return Held(
        allocated_gb=torch.cuda.memory_allocated(device) / _GB,
        reserved_gb=torch.cuda.memory_reserved(device) / _GB,
    )


def peaks(device: torch.device) -> Held:
    """Return the most that was held since `settle`; on a CPU all is 0."""
    if device.type != "cuda":
        return Held()
    torch.cuda.synchronize(device)
    return Held(
        allocated_gb=torch.cuda.max_memory_allocated(device) / _GB,
        reserved_gb=torch.cuda.max_memory_reserved(device) / _GB,
    )


def free_gb(device: torch.device) -> float:
    """Return what the device could still give; on a CPU there is no end to it."""
    if device.type != "cuda":
        return float("inf")
    return torch.cuda.mem_get_info(device)[0] / _GB


def _difference(
    used: float | None, before: float | None, reserved: float, given_back: float
) -> float | None:
    """Return what was used at most, less what was used before besides the allocator's share.

    >>> _difference(1000.0, 700.0, 200.0, 50.0)  # 500 MiB were the context's
    550.0
    """
    if used is None or before is None:
        return None
    return used + given_back - (before - reserved)


def _cpu_peak(action: Callable[[], object]) -> Peak:
    _forget_peak_rss()
    action()
    return Peak(rss_mib=_peak_rss_mib())


def _forget_peak_rss() -> None:
    """Let the peak start from now; where the system cannot, the process's life counts."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # Linux: proc(5)


def _peak_rss_mib() -> float | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / _MIB if sys.platform == "darwin" else most / 1024  # bytes there, KiB here
