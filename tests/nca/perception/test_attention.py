import math

import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.perception.attention import Attention, attend
from ncabench.nca.weights import initialise


def grids(channels, *, height=5, width=6, seed=0):
    chance = torch.Generator().manual_seed(seed)
    return torch.randn(3, 2, channels, height, width, generator=chance, dtype=torch.float64)


def attend_cell_by_cell(query, key, value, *, heads, reach, bias):
    """The definition, one cell, head and neighbour at a time."""
    batch, channels, height, width = query.shape
    size = channels // heads
    near = [(y, x) for y in range(-reach, reach + 1) for x in range(-reach, reach + 1)]
    out = torch.zeros_like(query)
    for b, h, y, x in torch.cartesian_prod(*map(torch.arange, (batch, heads, height, width))):
        part = slice(int(h) * size, (int(h) + 1) * size)
        cells = [((y + dy) % height, (x + dx) % width) for dy, dx in near]
        scores = torch.stack([query[b, part, y, x] @ key[b, part, r, c] for r, c in cells])
        shares = (scores / math.sqrt(size) + bias[h]).softmax(dim=0)
        values = torch.stack([value[b, part, r, c] for r, c in cells])  # (neighbours, size)
        out[b, part, y, x] = shares @ values
    return out


@pytest.mark.parametrize("reach", [1, 2])
def test_agrees_with_the_definition_cell_by_cell(reach):
    query, key, value = grids(4)
    bias = torch.linspace(-1, 1, 2 * (2 * reach + 1) ** 2, dtype=torch.float64).view(2, -1)
    fast = attend(query, key, value, heads=2, reach=reach, bias=bias)
    slow = attend_cell_by_cell(query, key, value, heads=2, reach=reach, bias=bias)
    torch.testing.assert_close(fast, slow)


def test_gradients_are_those_of_finite_differences():
    query, key, value = grids(2, height=3, width=3).requires_grad_()
    bias = torch.zeros(2, 9, dtype=torch.float64, requires_grad=True)

    def attended(*inputs):
        return attend(*inputs[:3], heads=2, reach=1, bias=inputs[3])

    assert torch.autograd.gradcheck(attended, (query, key, value, bias))


def test_a_strong_bias_reads_one_neighbour_and_wraps_at_the_border():
    value = torch.arange(12.0).view(1, 1, 3, 4)
    flat, bias = torch.zeros_like(value), torch.zeros(1, 9)
    bias[0, 5] = 1000.0  # row by row, the sixth of nine is the cell to the right
    read = attend(flat, flat, value, heads=1, reach=1, bias=bias)
    torch.testing.assert_close(read, value.roll(-1, dims=3))


def test_one_call_of_the_module_is_attention_then_projection():
    attention = Attention(3, out_channels=4, heads=2).double()
    state = torch.randn(1, 3, 4, 4, generator=torch.Generator().manual_seed(0)).double()
    query, key, value = torch.einsum(
        "oi,bihw->bohw", attention.qkv.weight[..., 0, 0], state
    ).split(4, dim=1)
    read = attend_cell_by_cell(query, key, value, heads=2, reach=1, bias=attention.bias)
    projected = torch.einsum("oi,bihw->bohw", attention.projection.weight[..., 0, 0], read)
    expected = projected + attention.projection.bias[:, None, None]
    torch.testing.assert_close(attention(state), torch.where(expected > 0, 1.0, 0.2) * expected)


def test_starts_within_the_bounds_of_xavier():
    attention = Attention(16)
    initialise(attention, Draws(0))
    wide, narrow = attention.qkv.weight.abs().max(), attention.projection.weight.abs().max()
    assert 0.99 * 0.1 * math.sqrt(6 / 256) < wide <= 0.1 * math.sqrt(6 / 256)
    assert 0.99 * 0.01 * math.sqrt(6 / 160) < narrow <= 0.01 * math.sqrt(6 / 160)
    assert not attention.projection.bias.any()
    assert not attention.bias.any()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kernel_size": 4}, "kernel_size must be odd and positive, not 4"),
        ({"heads": 3}, "heads must divide out_channels 80, not be 3"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, said):
    with pytest.raises(ValueError, match=f"^{said}$"):
        Attention(16, **settings)
