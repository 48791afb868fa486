"""Products of rows and their gradients, against PyTorch's own."""

import pytest
import torch

from ncabench.nca.engine.products import FEWEST, PART, matrix_gradient, product, summed_by_parts

DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


def drawn(*shape, seed, device="cpu", dtype=torch.float64):
    chance = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=chance, dtype=torch.float64).to(device, dtype)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("count", [1, PART, FEWEST * PART, FEWEST * PART + 3])
def test_gradients_are_those_of_a_matrix_product(device, count):
    rows = drawn(count, 5, seed=0, device=device).requires_grad_()
    matrix = drawn(5, 3, seed=1, device=device).requires_grad_()
    slope = drawn(count, 3, seed=2, device=device)
    found = torch.autograd.grad(product(rows, matrix), (rows, matrix), slope)
    expected = torch.autograd.grad(rows @ matrix, (rows, matrix), slope)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


def test_a_sum_by_parts_is_the_whole_sum():
    rows, gradient = drawn(4 * PART, 6, seed=3), drawn(4 * PART, 2, seed=4)
    torch.testing.assert_close(summed_by_parts(rows, gradient), rows.T @ gradient)


def test_a_gradient_may_lie_in_any_order():
    rows, gradient = drawn(2 * PART, 6, seed=3), drawn(2, 2 * PART, seed=4).T
    torch.testing.assert_close(summed_by_parts(rows, gradient), rows.T @ gradient)


@pytest.mark.parametrize("device", DEVICES)
def test_half_precision_is_summed_in_single(device):
    rows = torch.full((FEWEST * PART, 1), 1.0, device=device, dtype=torch.bfloat16)
    gradient = torch.full_like(rows, 1 / 256)
    assert float(matrix_gradient(rows, gradient)) == FEWEST * PART / 256
