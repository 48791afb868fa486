"""The fused kernels on a GPU, each check in a process of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

HERE = Path(__file__).parent
CHECKS = re.findall(r"^def (test_\w+)", (HERE / "check_kernels.py").read_text(), re.MULTILINE)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("check", CHECKS)
def test_a_kernel_on_this_gpu(check):
    done = subprocess.run(
        [
            sys.executable,
            *("-m", "pytest", "-p", "no:cacheprovider", "-p", "no:benchmark", "-x"),
            f"{HERE / 'check_kernels.py'}::{check}",
        ],
        env={**os.environ, "TRITON_INTERPRET": "0"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:]


def test_there_are_checks():
    assert len(CHECKS) == 5
