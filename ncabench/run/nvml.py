"""What the driver says of a GPU; None wherever it says nothing.

Needs the module ``pynvml`` of the package ``nvidia-ml-py``. No driver, no such module, a
counter that the device lacks: none of these is an error, each is "not available".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_MIB = 2**20


class Gpu:
    """A GPU as NVML sees it; every reading is None where it is not available.

    Args:
        nvml: the module ``pynvml``, initialised, or None.
        handle: NVML's handle of the device, or None.

    >>> Gpu(None, None).used_mib() is None
    True
    """

    def __init__(self, nvml: Any, handle: Any) -> None:
        self._nvml = nvml
        self._handle = handle

    @property
    def found(self) -> bool:
        """Whether NVML knows the device."""
        return self._handle is not None

    def name(self) -> str | None:
        """Return the product name."""
        found = self._ask("nvmlDeviceGetName")
        return None if found is None else _text(found)

    def driver(self) -> str | None:
        """Return the driver's version."""
        found = _try(self._nvml, lambda: self._nvml.nvmlSystemGetDriverVersion())
        return None if found is None else _text(found)

    def used_mib(self) -> float | None:
        """Return the memory in use on the device, by all processes and the driver."""
        found = self._ask("nvmlDeviceGetMemoryInfo")
        return None if found is None else found.used / _MIB

    def total_mib(self) -> float | None:
        """Return the memory of the device."""
        found = self._ask("nvmlDeviceGetMemoryInfo")
        return None if found is None else found.total / _MIB

    def energy_j(self) -> float | None:
        """Return the joules drawn by the whole board since the driver was loaded.

        A counter that stands at 0 is taken for one that does not exist.
        """
        millijoules = self._ask("nvmlDeviceGetTotalEnergyConsumption")
        return millijoules / 1000 if millijoules else None

    def sm_clock_mhz(self) -> float | None:
        """Return the present clock of the multiprocessors."""
        return self._clock("NVML_CLOCK_SM")

    def memory_clock_mhz(self) -> float | None:
        """Return the present clock of the memory."""
        return self._clock("NVML_CLOCK_MEM")

    def temperature_c(self) -> float | None:
        """Return the chip's temperature, in degrees Celsius."""
        found = self._ask("nvmlDeviceGetTemperature", "NVML_TEMPERATURE_GPU")
        return None if found is None else float(found)

    def power_limit_w(self) -> float | None:
        """Return the board's power limit."""
        found = self._ask("nvmlDeviceGetPowerManagementLimit")
        return None if found is None else found / 1000

    def _clock(self, which: str) -> float | None:
        found = self._ask("nvmlDeviceGetClockInfo", which)
        return None if found is None else float(found)

    def _ask(self, function: str, *constants: str) -> Any:
        if not self.found:
            return None
        return _try(
            self._nvml,
            lambda: getattr(self._nvml, function)(
                self._handle, *(getattr(self._nvml, name) for name in constants)
            ),
        )


@contextmanager
def opened(device: torch.device, *, nvml: Any = None) -> Iterator[Gpu]:
    """Give the GPU that PyTorch calls ``device``, and shut NVML down after use.

    The device is found by its UUID, not by its index, since ``CUDA_VISIBLE_DEVICES`` numbers
    the devices of PyTorch alone. For a device that is no GPU every reading is None.

    Args:
        device: PyTorch's device.
        nvml: what stands in for the module ``pynvml``.
    """
    uuid = ""
    if device.type == "cuda":
        import torch  # those who only list devices need not load it

        uuid = str(torch.cuda.get_device_properties(device).uuid)
    with opened_by_uuid(uuid, nvml=nvml) as gpu:
        yield gpu


@contextmanager
def opened_by_uuid(uuid: str, *, nvml: Any = None) -> Iterator[Gpu]:
    """Give the GPU, or the slice of one (MIG), that has this UUID (without a prefix)."""
    nvml = nvml or _module()
    if not uuid or nvml is None or _try(nvml, lambda: nvml.nvmlInit() or True) is None:
        yield Gpu(None, None)
        return
    try:
        yield Gpu(nvml, _handle(nvml, uuid))
    finally:
        nvml.nvmlShutdown()


def device_names(*, nvml: Any = None) -> list[str]:
    """Return the product names of all GPUs, in the driver's order; empty where there are none.

    A GPU that does not answer keeps its place, as ``"unknown GPU"``.

    Args:
        nvml: what stands in for the module ``pynvml``.
    """
    nvml = nvml or _module()
    if nvml is None or _try(nvml, lambda: nvml.nvmlInit() or True) is None:
        return []
    try:
        count = _try(nvml, nvml.nvmlDeviceGetCount) or 0
        handles = [
            _try(nvml, partial(nvml.nvmlDeviceGetHandleByIndex, i)) for i in range(count)
        ]
        return [Gpu(nvml, handle).name() or "unknown GPU" for handle in handles]
    finally:
        nvml.nvmlShutdown()


def _handle(nvml: Any, uuid: str) -> Any:
    for prefix in ("GPU-", "MIG-"):
        handle = _try(nvml, partial(nvml.nvmlDeviceGetHandleByUUID, f"{prefix}{uuid}"))
        if handle is not None:
            return handle
    return None


def _module() -> Any:
    try:
        import pynvml
    except ImportError:
        return None
    return pynvml


def _try(nvml: Any, action: Callable[[], Any]) -> Any:
    if nvml is None:
        return None
    try:
        return action()
    except nvml.NVMLError:
        return None


def _text(found: str | bytes) -> str:
    return found.decode() if isinstance(found, bytes) else found
