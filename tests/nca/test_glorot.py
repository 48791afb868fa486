import math

import pytest
import torch
from torch import nn

from ncabench.nca.draws import Draws
from ncabench.nca.glorot import glorot
from ncabench.nca.weights import Keyed, initialise

LAYERS = {  # a layer, and its fans in and out
    "linear": (lambda: nn.Linear(30, 50), 30, 50),
    "convolution": (lambda: nn.Conv2d(8, 16, 3), 9 * 8, 9 * 16),
    "transposed": (lambda: nn.ConvTranspose2d(16, 8, 3), 9 * 16, 9 * 8),
    "grouped": (lambda: nn.Conv2d(64, 128, 3, groups=64), 9, 9 * 128),
}


@pytest.mark.parametrize(("make", "fan_in", "fan_out"), LAYERS.values(), ids=LAYERS)
def test_kernels_are_uniform_within_a_bound_of_both_fans(make, fan_in, fan_out):
    layer = make()
    glorot(layer, Keyed(layer, Draws(0)))
    bound = math.sqrt(6 / (fan_in + fan_out))
    drawn = layer.weight.detach()
    assert 0.95 * bound < float(drawn.abs().max()) <= bound
    assert float(drawn.std()) == pytest.approx(bound / math.sqrt(3), rel=0.05)
    assert not bool(layer.bias.any())


def test_a_layer_may_have_no_bias_and_norms_stay():
    module = nn.Sequential(nn.Conv2d(2, 2, 1, bias=False), nn.LayerNorm(3))
    initialise(module, Draws(0))
    before = module[0].weight.clone()
    glorot(module, Keyed(module, Draws(0)))
    assert not torch.equal(module[0].weight, before)
    assert torch.equal(module[1].weight, torch.ones(3))
