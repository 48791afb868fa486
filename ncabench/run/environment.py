"""What a number was measured with: commit, versions, device, flags."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from ncabench.run import nvml
from ncabench.run.device import cpu_name

PACKAGES = (
    "ncabench",
    "torch",
    "torchvision",
    "lpips",
    "scikit-image",
    "numpy",
    "mlflow",
    "stlpips-pytorch",
)


def describe(device: str) -> dict[str, Any]:
    """Return the environment of a run on ``device``, JSON-able."""
    return {
        "device": device_name(device),
        "commit": commit(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "packages": {name: version(name) for name in PACKAGES},
        "flags": _flags(),
        "gpu": _gpu(device) if device.startswith("cuda") else None,
    }


def device_name(device: str) -> str:
    """Return the product name of what a run runs on."""
    if device.startswith("cuda"):
        return str(torch.cuda.get_device_properties(device).name)
    return cpu_name()


def version(package: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def commit() -> dict[str, Any] | None:
    """Return the commit that this package was read from, and whether it was changed since.

    A copy without its repository may be told by ``NCABENCH_COMMIT`` what it is a copy of;
    whether it was changed is then not known.
    """
    here = Path(__file__).parents[2]
    if not (here / ".git").exists():
        told = os.environ.get("NCABENCH_COMMIT")
        return {"sha": told, "dirty": None} if told else None
    try:
        head = _git(here, "rev-parse", "HEAD")
        return {"sha": head, "dirty": bool(_git(here, "status", "--porcelain", "ncabench"))}
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(folder: Path, *words: str) -> str:
    """Ask git, which must not refresh its index: a killed run would leave a lock behind."""
    done = subprocess.run(
        ["git", "--no-optional-locks", "-C", str(folder), *words],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def _flags() -> dict[str, Any]:
    return {
        "matmul_precision": torch.get_float32_matmul_precision(),
        "cudnn_tf32": torch.backends.cudnn.allow_tf32,
        "matmul_tf32": torch.backends.cuda.matmul.allow_tf32,
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
    }


def _gpu(device: str) -> dict[str, Any]:
    properties = torch.cuda.get_device_properties(device)
    with nvml.opened(torch.device(device)) as gpu:
        driver = gpu.driver()
    return {
        "name": properties.name,
        "driver": driver,
        "memory_mib": properties.total_memory // 2**20,
        "multiprocessors": properties.multi_processor_count,
        "capability": f"{properties.major}.{properties.minor}",
    }
