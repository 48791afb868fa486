import math

import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.update.relu_mlp import ReLUMLP
from ncabench.nca.weights import initialise


def test_what_is_negative_is_cut_off():
    update = ReLUMLP(1, 1, hidden=1)
    torch.nn.init.ones_(update.first.weight)
    torch.nn.init.constant_(update.first.bias, 0.5)
    torch.nn.init.constant_(update.last.weight, 2.0)
    change = update(torch.tensor([3.0, -5.0]).view(1, 1, 1, 2))
    torch.testing.assert_close(change.flatten(), torch.tensor([7.0, 0.0]))


def test_the_first_layer_starts_at_a_fifth_of_xaviers_deviation_and_the_last_at_zero():
    update = ReLUMLP(128, 32, hidden=256)
    initialise(update, Draws(0))
    wanted = 0.2 * math.sqrt(2 / (128 + 256))
    assert update.first.weight.std().item() == pytest.approx(wanted, rel=0.02)
    assert update.first.weight.abs().max() > 3 * wanted  # normal, not uniform
    assert update.first.bias.abs().max() <= 1 / math.sqrt(128)
    assert not update.last.weight.any()


@pytest.mark.parametrize(
    ("channels", "hidden", "percepts", "count"),
    [(32, 256, 4, 41_216), (16, 128, 4, 10_368), (16, 128, 5, 12_416)],
)
def test_its_weights_are_as_many_as_table_1_says(channels, hidden, percepts, count):
    update = ReLUMLP(percepts * channels, channels, hidden=hidden)
    assert sum(weight.numel() for weight in update.parameters()) == count
