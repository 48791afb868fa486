"""Which assembler builds the fused kernels: NVIDIA's ptxas, in a version that can be trusted.

On Hopper older ones corrupt them, at random and without a word: from 12.8 on they may lose
registers after nested divergence, and give those away that an asynchronous product still
reads. Both are mended in 13.3; Triton carries older ones for that GPU, up to its 3.8 at least.

Source: NVIDIA, CUDA 13.3 release notes, compiler; triton-lang/triton, issues 10486 and 11366,
pull request 11781.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import util
from pathlib import Path

from ncabench.errors import EngineFailed

VARIABLE = "TRITON_PTXAS_PATH"  # Triton's own
LEAST = (13, 3)
MEND = "pip install 'nvidia-cuda-nvcc>=13.3'"


@dataclass(frozen=True)
class Assembler:
    """A ptxas and its version."""

    path: Path
    version: tuple[int, int]

    @property
    def trusted(self) -> bool:
        """Whether it builds what it is given."""
        return self.version >= LEAST


def use() -> Assembler:
    """Let Triton build with a trusted assembler from now on, and return it.

    Raises:
        EngineFailed: there is none on this machine.
    """
    found = next((one for one in _all() if one.trusted), None)
    if found is None:
        raise EngineFailed(lacking())
    os.environ[VARIABLE] = str(found.path)
    return found


def lacking() -> str:
    """Return what is missing for building the fused kernels, or ``""``."""
    found = _all()
    if any(one.trusted for one in found):
        return ""
    least = ".".join(map(str, LEAST))
    told = [f"{'.'.join(map(str, one.version))} in {one.path}" for one in found]
    return (
        f"the assembler ptxas {least} or newer is needed, since older ones corrupt the fused "
        f"kernels; found {', '.join(told) or 'none'}: {MEND}"
    )


def named() -> str | None:
    """Return the version of the assembler that Triton is told of, as `use` tells it.

    None where Triton takes its own.
    """
    path = Path(os.environ.get(VARIABLE) or ".")
    version = _version(path, path.stat().st_mtime_ns) if path.is_file() else None
    return ".".join(map(str, version)) if version else None


def _all() -> list[Assembler]:
    paths = dict.fromkeys(path for path in _places() if path.is_file())
    read = ((path, _version(path, path.stat().st_mtime_ns)) for path in paths)
    return [Assembler(path, version) for path, version in read if version]


def _places() -> Iterator[Path]:
    """Yield where one may lie: what the user says, then packages, then the system."""
    if named := os.environ.get(VARIABLE):
        yield Path(named)
    for package, inside in (
        ("nvidia.cu13", "bin/ptxas"),
        ("triton", "backends/nvidia/bin/ptxas"),
        ("triton", "backends/nvidia/bin/ptxas-blackwell"),
    ):
        for folder in _folders(package):
            yield folder / inside
    if home := os.environ.get("CUDA_HOME"):
        yield Path(home) / "bin" / "ptxas"
    if program := shutil.which("ptxas"):
        yield Path(program)
    yield Path("/usr/local/cuda/bin/ptxas")


def _folders(package: str) -> list[Path]:
    """Return where a package lies, without importing it."""
    parent, _, rest = package.partition(".")
    try:
        found = util.find_spec(parent)
    except (ImportError, ValueError):
        return []
    places = list(found.submodule_search_locations or ()) if found else []
    return [Path(place) / rest if rest else Path(place) for place in places]


@cache
def _version(path: Path, _changed: int) -> tuple[int, int] | None:
    """Return what a program says its version is, or None where it is no ptxas."""
    try:
        said = subprocess.run(
            [path, "--version"], check=True, capture_output=True, text=True, timeout=60
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"release (\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else None
