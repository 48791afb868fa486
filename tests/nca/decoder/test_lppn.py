import math

import pytest
import torch

from ncabench.nca.decoder.linear import Linear
from ncabench.nca.decoder.lppn import LPPN
from ncabench.nca.draws import Draws
from ncabench.nca.weights import initialise


def count(decoder, channels, outputs, axes=2):
    made = decoder.make(channels, outputs=outputs, axes=axes)
    return sum(weight.numel() for weight in made.parameters())


@pytest.fixture
def made():
    network = LPPN(width=64, harmonics=1).make(32, outputs=4, axes=2)
    initialise(network, Draws(0))
    return network


def test_its_weights_are_as_many_as_table_1_says():
    growing, other = LPPN(width=64, harmonics=1), LPPN(width=32)
    assert count(growing, 32, 4) == 10_948
    assert [count(other, 16, outputs) for outputs in (9, 3)] == [3_017, 2_819]
    assert [count(other, 16, outputs, axes=3) for outputs in (3, 4)] == [2_851, 2_884]


def test_the_baselines_readouts_are_as_large_as_the_paper_says():
    assert [count(Linear(), 32, 4), count(Linear(), 16, 9)] == [132, 153]


def test_a_network_of_one_sine_a_layer_by_hand():
    network = LPPN(width=1).make(1, outputs=1, axes=1)
    for layer, bias in zip(network.layers, (0.1, 0.2, 0.3, 0.5), strict=True):
        torch.nn.init.constant_(layer.weight, 0.3)
        torch.nn.init.constant_(layer.bias, bias)
    first = math.sin(10 * (0.3 * 0.25 + 0.3 * 2.0 + 0.1))
    third = math.sin(10 * (0.3 * math.sin(10 * (0.3 * first + 0.2)) + 0.3))
    seen = network(torch.tensor([2.0]), torch.tensor([0.25]))
    torch.testing.assert_close(seen, torch.tensor([0.3 * third + 0.5]))


def test_coordinates_stand_before_the_state_and_sines_before_cosines(made):
    states, where = torch.zeros(32), torch.tensor([0.5, -0.25])
    encoded = [1.0, -math.sqrt(0.5), 0.0, math.sqrt(0.5)]
    torch.testing.assert_close(made._encoded(where), torch.tensor(encoded))
    raw = LPPN(width=64).make(34, outputs=4, axes=2)
    raw.load_state_dict(made.state_dict())
    told = torch.tensor(encoded)
    expected = raw(torch.cat([told[2:], states]), told[:2])
    torch.testing.assert_close(made(states, where), expected)


def test_harmonics_make_both_ends_of_a_cell_one(made):
    states, ends = torch.rand(32), torch.tensor([[-1.0, 0.3], [1.0, 0.3]])
    left, right = made(states.expand(2, -1), ends)
    torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-5)
    plain = LPPN(width=64).make(32, outputs=4, axes=2)
    initialise(plain, Draws(0))
    left, right = plain(states.expand(2, -1), ends)
    assert (left - right).abs().max() > 0.01


def test_every_harmonic_adds_sines_and_cosines():
    network = LPPN(harmonics=3).make(1, outputs=1, axes=2)
    assert network.layers[0].in_features == 1 + 3 * 2 * 2
    third = network._encoded(torch.tensor([0.1, 0.0]))[8:]
    expected = [math.sin(0.3 * math.pi), 0.0, math.cos(0.3 * math.pi), 1.0]
    torch.testing.assert_close(third, torch.tensor(expected))


def test_without_coordinates_it_does_not_know_where_a_point_lies():
    network = LPPN(coordinates=False).make(4, outputs=3, axes=2)
    initialise(network, Draws(0))
    states = torch.rand(4).expand(2, -1)
    one, other = network(states, torch.tensor([[-0.9, 0.2], [0.4, 0.8]]))
    torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-7)  # rows of one product
    assert network.layers[0].in_features == 4


def test_weights_start_so_that_phases_keep_their_spread(made):
    bounds = [1 / 36, *[math.sqrt(6 / 64) / 10] * 3]
    for layer, bound in zip(made.layers, bounds, strict=True):
        assert 0.97 * bound < layer.weight.abs().max() <= bound
        assert layer.bias.abs().max() <= 1 / math.sqrt(layer.in_features)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"harmonics": -1}, "harmonics must be 0 or more, not -1"),
        (
            {"harmonics": 2, "coordinates": False},
            "2 harmonics of coordinates that are not shown",
        ),
    ],
)
def test_harmonics_of_nothing_are_refused(given, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        LPPN(**given)
