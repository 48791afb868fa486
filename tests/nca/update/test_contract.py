"""What every update must do, whichever it is. New ones are tested unasked."""

import pytest
import torch

from ncabench import catalog
from ncabench.nca.draws import Draws
from ncabench.nca.weights import initialise

B, IN, OUT, H, W = 2, 6, 4, 5, 7
AT_REST = {"relu_mlp"}  # whose last layer starts at zero


@pytest.fixture(params=catalog.kinds("update"))
def update(request):
    built = catalog.find("update", request.param)(IN, OUT)
    initialise(built, Draws(0))
    with torch.no_grad():
        for weight in built.parameters():  # some start where nothing changes
            places = torch.arange(weight.numel(), dtype=weight.dtype)
            weight.add_(0.1 * places.sin().view(weight.shape))
    return built


@pytest.fixture
def percepts():
    return torch.randn(B, IN, H, W, generator=torch.Generator().manual_seed(1))


def test_gives_a_change_for_every_channel_of_the_state(update, percepts):
    assert update(percepts).shape == (B, OUT, H, W)


def test_looks_at_one_cell_alone(update, percepts):
    changed = percepts.clone()
    changed[0, :, 2, 3] += 1.0
    differs = (update(changed) - update(percepts)).abs().amax(dim=1) > 1e-6
    assert differs.nonzero().tolist() == [[0, 2, 3]]


def test_leaves_its_input_as_it_was(update, percepts):
    before = percepts.clone()
    update(percepts)
    torch.testing.assert_close(percepts, before, rtol=0, atol=0)


def test_draws_no_random_numbers(update, percepts):
    before = torch.get_rng_state()
    update(percepts)
    assert torch.equal(torch.get_rng_state(), before)


def test_passes_gradients_to_the_percepts_and_to_every_weight(update, percepts):
    update(percepts.requires_grad_()).square().sum().backward()
    assert percepts.grad.abs().sum() > 0
    assert all(weight.grad.abs().sum() > 0 for weight in update.parameters())


@pytest.mark.parametrize("kind", catalog.kinds("update"))
def test_starts_small_but_not_at_zero_unless_it_says_so(kind, percepts):
    built = catalog.find("update", kind)(IN, OUT)
    initialise(built, Draws(0))
    change = built(percepts).abs()
    assert change.mean() < 0.2
    assert bool((change == 0).all()) == (kind in AT_REST)


@pytest.mark.parametrize("kind", catalog.kinds("update"))
def test_starts_the_same_whatever_the_global_generator_does(kind):
    one, other = (catalog.find("update", kind)(IN, OUT) for _ in range(2))
    for built in (one, other):
        initialise(built, Draws(7))
    torch.testing.assert_close(one.state_dict(), other.state_dict(), rtol=0, atol=0)
