"""The fused kernels on a GPU, each check in a process of its own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ncabench.run import assembler

HERE = Path(__file__).parent
FORMS = ("conv", "sobel", "combined")
CHECKS = {  # and the forms of automata that each is tried with
    "test_cells_that_fire_are_listed": ("",),
    "test_cells_think": FORMS,
    "test_cells_settle": ("",),
    "test_a_kernel_of_the_backward_pass_stays_within_its_memory": FORMS,
    "test_a_rollout_cut_otherwise_descends_the_same": ("",),
    "test_a_rollout_and_its_gradients_are_the_definitions": FORMS,
}
SANITIZER = shutil.which("compute-sanitizer")
lacking = assembler.lacking() if torch.cuda.is_available() else "there is no GPU"
needs_a_gpu = pytest.mark.skipif(bool(lacking), reason=lacking)


def run(check, *, of="check_kernels.py", under=(), only="", **environment):
    return subprocess.run(
        [
            *under,
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:benchmark"),
            *("-x", "-k", only, f"{HERE / of}" + (f"::{check}" if check else "")),
        ],
        env={**os.environ, "TRITON_INTERPRET": "0", **environment},
        capture_output=True,
        text=True,
    )


@needs_a_gpu
@pytest.mark.parametrize(
    ("check", "form"), [(name, form) for name, forms in CHECKS.items() for form in forms]
)
def test_a_kernel_on_this_gpu(check, form):
    done = run(check, only=form)
    assert done.returncode == 0, done.stdout[-4000:]


@needs_a_gpu
@pytest.mark.parametrize("of", ["check_attention.py", "check_encoded.py"])
def test_attention_on_this_gpu(of):
    done = run("", of=of)
    assert done.returncode == 0, done.stdout[-4000:]


@needs_a_gpu
@pytest.mark.skipif(SANITIZER is None, reason="compute-sanitizer is not installed")
@pytest.mark.parametrize("check", CHECKS)
def test_a_kernel_touches_no_memory_but_its_own(check):
    """Each tensor is an allocation of its own, so that reading beyond one is seen."""
    done = run(
        check,
        under=[SANITIZER, "--tool", "memcheck", "--error-exitcode", "9", "--print-limit", "3"],
        only="not sobel and not combined and not tiling1",
        PYTORCH_NO_CUDA_MEMORY_CACHING="1",
    )
    assert done.returncode == 0, done.stdout[-6000:]


def test_all_checks_are_tried():
    text = (HERE / "check_kernels.py").read_text()
    assert set(CHECKS) == set(re.findall(r"^def (test_\w+)", text, re.MULTILINE))
