import sys

import pytest
import torch

from ncabench.errors import RunError
from ncabench.nca.perception.sobel import Sobel
from ncabench.run import cax
from ncabench.run.cax_worker import Sizes

CPU = torch.device("cpu")
STAND_IN = """
import json, sys
sizes = json.loads(sys.stdin.readline())
print(json.dumps({"compile_s": 1.5, "peak_gb": None, "versions": {"cax": "0"}}), flush=True)
for line in sys.stdin:
    word, count = line.split()
    print(json.dumps({"ms": sizes["steps"] * int(count)}), flush=True)
"""
COMMAND = [sys.executable, "-c", STAND_IN]


def test_sizes_are_those_of_the_automaton(workload):
    assert cax.sizes(workload(batch=4, steps=9), precision="bf16") == Sizes(
        batch=4,
        steps=9,
        height=6,
        width=8,
        channels=5,
        visible=4,
        condition=0,
        percepts=7,
        kernel_size=3,
        hidden=3,
        fire_rate=0.5,
        precision="bf16",
    )


def test_a_worker_tells_of_itself_and_then_times_what_it_is_asked(workload):
    worker = cax.Worker(
        cax.sizes(workload(steps=9), precision="default"), device=CPU, command=COMMAND
    )
    try:
        assert worker.ready == {"compile_s": 1.5, "peak_gb": None, "versions": {"cax": "0"}}
        assert [worker.lap(2), worker.lap(3)] == [18.0, 27.0]
    finally:
        worker.close()


def test_a_worker_that_ends_is_an_error_with_its_code(workload):
    sizes = cax.sizes(workload(), precision="default")
    with pytest.raises(RunError) as caught:
        cax.Worker(sizes, device=CPU, command=[sys.executable, "-c", "raise SystemExit(3)"])
    assert str(caught.value) == "cax: its process ended with code 3"


def test_an_automaton_that_cax_has_no_parts_for_is_named(workload):
    why = "cax: not measured, its parts make no automaton like this one"
    fixed = workload()
    fixed.model.perception = Sobel(5)
    assert cax.obstacle(fixed) == cax.obstacle(workload(clamp=True)) == why
