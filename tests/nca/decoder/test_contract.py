"""What every decoder must do, whichever it is. New ones are tested unasked."""

import pytest
import torch

from ncabench import catalog
from ncabench.nca.draws import Draws
from ncabench.nca.weights import initialise

C, K, D = 5, 3, 2


def build(kind):
    made = catalog.find("decoder", kind)().make(C, outputs=K, axes=D)
    initialise(made, Draws(0))
    return made


@pytest.fixture(params=catalog.kinds("decoder"))
def readout(request):
    return build(request.param)


@pytest.fixture
def points():
    """States of points on two planes, and coordinates that both planes share."""
    chance = torch.Generator().manual_seed(1)
    return torch.randn(2, 4, 6, C, generator=chance), torch.rand(4, 6, D, generator=chance)


def test_gives_what_is_seen_at_every_point(readout, points):
    assert readout(*points).shape == (2, 4, 6, K)


def test_looks_at_one_point_alone(readout, points):
    states, coordinates = points
    whole, one = readout(states, coordinates), readout(states[:, 2, 3], coordinates[2, 3])
    torch.testing.assert_close(one, whole[:, 2, 3])


def test_passes_gradients_to_the_states_and_to_every_weight(readout, points):
    states, coordinates = points
    readout(states.requires_grad_(), coordinates).square().sum().backward()
    assert states.grad.abs().sum() > 0
    assert all(weight.grad.abs().sum() > 0 for weight in readout.parameters())


def test_leaves_its_input_as_it_was_and_draws_nothing(readout, points):
    before, chance = [one.clone() for one in points], torch.get_rng_state()
    readout(*points)
    torch.testing.assert_close(list(points), before, rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), chance)


@pytest.mark.parametrize("kind", catalog.kinds("decoder"))
def test_starts_the_same_whatever_the_global_generator_does(kind):
    one, other = build(kind), build(kind)
    torch.testing.assert_close(one.state_dict(), other.state_dict(), rtol=0, atol=0)
