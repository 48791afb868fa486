"""Which devices there are, by what name records know them; imports no torch."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ncabench.errors import MachineError, Problem, SuiteError
from ncabench.run import nvml


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device that entries can be leased.

    Attributes:
        name: for torch, such as ``"cuda:0"``.
        device_class: what records are keyed by, such as ``"nvidia-h200"``.
    """

    name: str
    device_class: str


def available(wanted: str) -> list[Device]:
    """Return the devices of this machine that ``wanted`` names; see `among`."""
    names = [] if wanted == "cpu" else nvml.device_names()
    return among(wanted, names=names, visible=os.environ.get("CUDA_VISIBLE_DEVICES"))


def among(wanted: str, *, names: Sequence[str], visible: str | None) -> list[Device]:
    """Return the devices that ``wanted`` names, numbered as torch numbers them.

    Args:
        wanted: ``"auto"`` (every GPU, or else the CPU), ``"cpu"``, ``"cuda"`` (every GPU) or
            ``"cuda:N"``.
        names: product names of the machine's GPUs, in the driver's order.
        visible: ``CUDA_VISIBLE_DEVICES``, or None where it is not set.

    Raises:
        MachineError: there is no such device here.
        SuiteError: ``wanted`` is none of these words.

    >>> among("auto", names=[], visible=None)
    [Device(name='cpu', device_class='cpu')]
    """
    if wanted == "cpu":
        return [Device(name="cpu", device_class="cpu")]
    if not re.fullmatch(r"auto|cuda(:\d+)?", wanted):
        problem = Problem(
            where="--device",
            what=f"no device is called {wanted!r}",
            accepted=("auto", "cpu", "cuda", "cuda:0"),
            found=wanted,
        )
        raise SuiteError("", [problem])
    gpus = [
        Device(name=f"cuda:{index}", device_class=slug(name))
        for index, name in enumerate(_visible(names, visible))
    ]
    if wanted == "auto":
        return gpus or among("cpu", names=(), visible=None)
    chosen = [gpu for gpu in gpus if wanted in ("cuda", gpu.name)]
    if not chosen:
        there = ", ".join(gpu.name for gpu in gpus) or "no CUDA GPU"
        raise MachineError(f"--device {wanted}: this machine has {there}")
    return chosen


def slug(name: str) -> str:
    """Return a device's name as a folder can carry it.

    >>> slug("NVIDIA GeForce RTX 4090")
    'nvidia-geforce-rtx-4090'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _visible(names: Sequence[str], visible: str | None) -> list[str]:
    if visible is None:
        return list(names)
    chosen = [word.strip() for word in visible.split(",") if word.strip()]
    indices = [int(word) for word in chosen if word.isdigit()]
    if len(indices) != len(chosen):  # listed by UUID: as many as are listed
        return list(names[: len(chosen)])
    return [names[index] for index in indices if index < len(names)]


def cpu_name() -> str:
    """Return the processor's model name."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", listing.read_text(), flags=re.MULTILINE)
        if found:
            return found.group(1).strip()
    return platform.processor() or platform.machine()
