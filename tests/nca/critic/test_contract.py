"""What every critic must do, whichever it is. New ones are tested unasked."""

import pytest
import torch

from ncabench import catalog, schema
from ncabench.nca.draws import Draws
from ncabench.nca.weights import initialise

CHANNELS, SIDE, BATCH = 5, 32, 6


@pytest.fixture(params=catalog.kinds("critic"))
def critic(request):
    spec, problems = schema.complete("critic", {"kind": request.param}, where="critic")
    assert problems == []
    return catalog.build("critic", spec)


@pytest.fixture
def network(critic):
    made = critic.make(CHANNELS, height=SIDE, width=SIDE + 8)
    initialise(made, Draws(1))
    return made


@pytest.fixture
def images():
    cells = CHANNELS * SIDE * (SIDE + 8)
    drawn = Draws(2).uniform("images", samples=torch.arange(BATCH), cells=cells)
    return drawn.view(BATCH, CHANNELS, SIDE, SIDE + 8)


def test_gives_a_map_of_scores_for_each_image(network, images):
    scores = network(images)
    assert scores.shape[:2] == (BATCH, 1)
    assert scores.ndim == 4
    assert scores.isfinite().all()


def test_makes_a_new_network_each_time(critic):
    size = {"height": SIDE, "width": SIDE}
    one, other = (critic.make(CHANNELS, **size).parameters() for _ in range(2))
    assert not {id(weight) for weight in one} & {id(weight) for weight in other}


def test_leaves_its_input_as_it_was_and_draws_nothing(network, images):
    before, state = images.clone(), torch.get_rng_state()
    assert torch.equal(network(images), network(images))
    assert torch.equal(images, before)
    assert torch.equal(torch.get_rng_state(), state)


def test_keeps_nothing_beside_its_weights(network):
    assert list(network.buffers()) == []


def test_can_be_differentiated_twice(network, images):
    network.double()
    given = images.double().requires_grad_()
    (slope,) = torch.autograd.grad(network(given).sum(), given, create_graph=True)
    slope.square().sum().backward()
    moved = [one.grad is not None and bool(one.grad.any()) for one in network.parameters()]
    biases = [name for name, _ in network.named_parameters() if name.endswith("bias")]
    assert sum(moved) >= len(moved) - len(biases)  # a bias need not bend a slope
