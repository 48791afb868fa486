"""What every perception must do, whichever it is. New ones are tested unasked."""

import pytest
import torch

from ncabench import catalog
from ncabench.nca.draws import Draws
from ncabench.nca.perception.conv import Conv
from ncabench.nca.perception.sobel import Sobel
from ncabench.nca.weights import initialise

B, C, H, W = 2, 5, 16, 20
REACH = 6  # cells beyond which no perception looks on this grid


def build(kind):
    needed = {
        parameter.name: (Sobel(C), Conv(C, kernel_size=5, dilation=2))
        for parameter in catalog.describe("perception", kind).parameters
        if parameter.default is catalog.REQUIRED
    }
    return catalog.find("perception", kind)(C, **needed)


@pytest.fixture(params=catalog.kinds("perception"))
def perception(request):
    built = build(request.param)
    chance = torch.Generator().manual_seed(0)
    for weight in built.parameters():
        torch.nn.init.uniform_(weight, -0.3, 0.3, generator=chance)
    return built


@pytest.fixture
def state():
    return torch.randn(B, C, H, W, generator=torch.Generator().manual_seed(1))


def test_shape_is_what_out_channels_promises(perception, state):
    assert perception(state).shape == (B, perception.out_channels, H, W)


def test_is_translation_equivariant_away_from_the_border(perception, state):
    here = perception(state)[:, :, REACH:-REACH, REACH : -REACH - 1]
    there = perception(state.roll(1, dims=3))[:, :, REACH:-REACH, REACH + 1 : -REACH]
    assert here.std() > 0.01
    torch.testing.assert_close(there, here, rtol=1e-4, atol=1e-4)


def test_sees_its_neighbours_and_no_further(perception, state):
    changed = state.clone()
    changed[:, :, H // 2, W // 2] += 1.0
    differs = (perception(changed) != perception(state)).any(dim=1)  # (B, H, W)
    assert differs[:, H // 2, W // 2 + 1].all()
    assert not differs[:, : H // 2 - REACH].any()
    assert not differs[..., : W // 2 - REACH].any()


def test_leaves_its_input_as_it_was(perception, state):
    before = state.clone()
    perception(state)
    torch.testing.assert_close(state, before, rtol=0, atol=0)


def test_draws_no_random_numbers(perception, state):
    before = torch.get_rng_state()
    perception(state)
    assert torch.equal(torch.get_rng_state(), before)


def test_passes_gradients_to_the_state_and_to_every_weight(perception, state):
    perception(state.requires_grad_()).square().sum().backward()
    assert state.grad.abs().sum() > 0
    assert all(weight.grad.abs().sum() > 0 for weight in perception.parameters())


@pytest.mark.parametrize("kind", catalog.kinds("perception"))
def test_starts_the_same_whatever_the_global_generator_does(kind):
    one, other = build(kind), build(kind)
    for built in (one, other):
        initialise(built, Draws(7))
    for name, value in one.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], value, rtol=0, atol=0)


@pytest.mark.parametrize("kind", catalog.kinds("perception"))
def test_starts_right_when_it_was_made_without_storage(kind):
    with torch.device("meta"):
        bare = build(kind)
    bare.to_empty(device="cpu")
    made = build(kind)
    initialise(bare, Draws(7))
    initialise(made, Draws(7))
    torch.testing.assert_close(bare.state_dict(), made.state_dict(), rtol=0, atol=0)
