import pytest
import torch

from ncabench.nca.perception.deformable import Deformable
from ncabench.run.roofline import Ceilings, ceilings, count_flops, least_bytes, needed_share

CELLS = 2 * 6 * 8  # of a batch of two
UPDATE = 7 * 3 + 3 * 5  # products for a cell


def test_a_convolution_and_an_update_are_counted_by_hand(workload):
    products = 9 * 5 * 7 + UPDATE
    forward = 2 * products * CELLS * 3  # three steps
    assert count_flops(workload(), train=False) == forward
    assert count_flops(workload(), train=True) == 3 * forward  # to the state, to the weights


def test_a_deformable_convolution_counts_its_products(workload):
    products = 9 * 5 * 7 + UPDATE + 9 * 5 * (18 + 9)  # the taps' places and weights
    forward = 2 * products * CELLS * 3
    load = workload(perception=Deformable)
    assert count_flops(load, train=False) == forward
    assert count_flops(load, train=True) == 3 * forward


def test_counting_leaves_the_weights_without_gradients(workload):
    load = workload()
    count_flops(load, train=True)
    assert [weight.grad for weight in load.model.parameters()] == [None] * 6


def test_only_what_fires_is_needed(workload):
    assert needed_share(workload(fire_rate=0.25)) == 0.25


def test_bytes_grow_with_batch_and_steps(workload):
    layout = workload().task.layout
    state, mask = 4 * 5 * 48, 48
    assert least_bytes(layout, batch=3, steps=7, train=False) == 21 * (2 * state + mask)
    assert least_bytes(layout, batch=3, steps=7, train=True) == 21 * (5 * state + 2 * mask)


def test_the_floor_is_the_longer_of_multiplying_and_moving():
    found = Ceilings(bandwidth_gb_s=2.0, tflop_s={"float32": 0.5})
    assert found.floor_ms("float32", flops=1e9, least_bytes=1e6) == pytest.approx(2.0)
    assert found.floor_ms("float32", flops=1e6, least_bytes=1e7) == pytest.approx(5.0)


def test_ceilings_are_measured_at_each_precision():
    found = ceilings(["float32", "bf16"], device=torch.device("cpu")).values()
    names = ["bandwidth_gb_s", "float32_tflop_s", "bf16_tflop_s"]
    assert list(found) == [f"ceiling/{name}" for name in names]
    assert min(found.values()) > 0
