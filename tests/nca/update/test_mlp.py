import math

import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.update.mlp import MLP
from ncabench.nca.weights import initialise


def by_hand(**settings):
    """Weights of 1 and 2: the change is 2 * leaky(percept)."""
    update = MLP(1, 1, hidden=1, **settings)
    for layer, weight in ((update.first, 1.0), (update.last, 2.0)):
        torch.nn.init.constant_(layer.weight, weight)
        torch.nn.init.zeros_(layer.bias)
    return update


def test_the_hidden_layer_leaks_a_fifth_of_what_is_negative():
    change = by_hand()(torch.tensor([3.0, -5.0]).view(1, 1, 1, 2))
    torch.testing.assert_close(change.flatten(), torch.tensor([6.0, -2.0]))


def test_tanh_bounds_the_change():
    change = by_hand(tanh=True)(torch.tensor([3.0, -0.25]).view(1, 1, 1, 2))
    expected = torch.tensor([math.tanh(6.0), math.tanh(-0.1)])
    torch.testing.assert_close(change.flatten(), expected)


def test_the_first_codes_last_layer_starts_within_a_tenth_of_xavier():
    update = MLP(80, 16)
    initialise(update, Draws(0))
    bound = 0.1 * math.sqrt(6 / 96)
    assert 0.99 * bound < update.last.weight.abs().max() <= bound
    assert 0.5 / math.sqrt(80) < update.last.bias.abs().max() <= 1 / math.sqrt(80)


def test_later_codes_last_layer_starts_normal_and_tiny():
    update = MLP(80, 64, last="small_normal")
    initialise(update, Draws(0))
    assert update.last.weight.std().item() == pytest.approx(1e-3, rel=0.05)
    assert update.last.bias.std().item() == pytest.approx(1e-3, rel=0.5)
