"""What the compiled engine would run on a GPU can be built, also where there is no GPU."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton", reason="PyTorch has no compiler for GPUs on this platform")


def test_every_program_of_the_engine_is_built_for_a_gpu():
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("absent_gpu.py"))],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    answers = dict(json.loads(line) for line in done.stdout.splitlines())
    assert len(answers) == 30
    assert {name: why for name, why in answers.items() if why} == {}
