"""The fused kernels, interpreted here, and built for a GPU that is not there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

triton = pytest.importorskip("triton", reason="Triton is not there for this platform")
HERE = Path(__file__).parent
CHECKS = ("check_fused.py", "check_kernels.py", "check_attention.py", "check_encoded.py")
SCALARS = (
    "ignore:Conversion of an array with ndim > 0:DeprecationWarning"  # Triton's, up to 3.6
)


def version(of):
    return tuple(map(int, of.__version__.split(".")[:2]))


@pytest.mark.skipif(
    version(triton) < (3, 7) and version(np) >= (2, 4),
    reason="Triton's interpreter before 3.7 does not work with NumPy 2.4",
)
def test_the_interpreted_kernels_pass_their_checks():
    done = subprocess.run(
        [
            sys.executable,
            *("-m", "pytest", "-W", SCALARS, "-p", "no:cacheprovider", "-p", "no:benchmark"),
            *("-n", "2"),
            *(str(HERE / name) for name in CHECKS),
        ],
        env={**os.environ, "TRITON_INTERPRET": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


def test_the_kernels_are_built_for_a_gpu_within_its_shared_memory():
    done = subprocess.run(
        [sys.executable, str(HERE / "absent_fused.py")],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    shared = json.loads(done.stdout)
    assert len(shared) == 25
    assert max(shared.values()) <= 227 * 1024
