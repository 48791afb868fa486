import pytest
import torch
import torch.nn.functional as F

from ncabench.nca.perception.attention import attend
from ncabench.nca.perception.transformer import Transformer


@pytest.fixture
def state():
    return torch.randn(2, 5, 6, 6, generator=torch.Generator().manual_seed(0))


def normal(cells):
    """Mean 0 and variance 1 over the last axis."""
    centred = cells - cells.mean(dim=-1, keepdim=True)
    return centred / (centred.square().mean(dim=-1, keepdim=True) + 1e-5).sqrt()


def mapped(layer, grid):
    weight = layer.weight.flatten(1)
    cells = torch.einsum("oi,bihw->bhwo", weight, grid)
    return cells if layer.bias is None else cells + layer.bias


def test_the_block_is_its_layers_in_order(state):
    block = Transformer(5, out_channels=8, embedding=8, heads=2)
    parts = [
        mapped(layer, state).movedim(-1, 1) for layer in (block.query, block.key, block.value)
    ]
    read = attend(*parts, heads=2, reach=1, bias=None)
    cells = normal(mapped(block.projection, read) + mapped(block.skip, state))
    thought = block.narrow(F.gelu(block.widen(cells)))
    expected = normal(cells + thought).movedim(-1, 1)
    torch.testing.assert_close(block(state), torch.where(expected > 0, 1.0, 0.2) * expected)


def test_without_the_input_residual_a_cell_knows_itself_only_by_attention(state):
    block = Transformer(5, input_residual=False)
    torch.nn.init.zeros_(block.value.weight)
    percepts = block(state)
    torch.testing.assert_close(percepts, percepts[:1, :, :1, :1].expand_as(percepts))


def test_the_relative_bias_reaches_the_scores(state):
    block = Transformer(5, relative_bias=True)
    plain = block(state)
    torch.nn.init.normal_(block.bias, generator=torch.Generator().manual_seed(1))
    assert not torch.equal(block(state), plain)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kernel_size": 0}, "kernel_size must be odd and positive, not 0"),
        ({"heads": 5}, "heads must divide embedding 128, not be 5"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, said):
    with pytest.raises(ValueError, match=f"^{said}$"):
        Transformer(16, **settings)
