"""What every model must do, whichever it is. New ones are tested unasked."""

import inspect

import pytest
import torch

from ncabench import catalog
from ncabench.nca.autoencoder.vqvae import VQVAE
from ncabench.nca.decoder.lppn import LPPN
from ncabench.nca.draws import Draws
from ncabench.nca.perception.conv import Conv
from ncabench.nca.state import Layout
from ncabench.nca.update.mlp import MLP
from ncabench.nca.weights import initialise

B, H, W = 2, 32, 24
LAYOUT = Layout(height=H, width=W, visible=4, hidden=12, condition=5, alive=3)
TOLD = torch.eye(5)[:B]
KINDS = catalog.kinds("model")
GIVEN = {  # what models need besides parts, and how small those may be that have other cells
    "autoencoder": VQVAE(base=4, groups=2),
    "decoder": LPPN(width=8),
    "cells_per_axis": 4,
    "samples_per_ray": 8,
    "subdivision": 3,
}
TRAINED = [kind for kind in KINDS if catalog.describe("model", kind).attributes["trainers"]]
SMALL = {  # what has many weights as it is
    "nafnet": {"width": 4, "encoder": (1, 1), "middle": 1, "decoder": (1, 1)},
    "restormer": {"width": 4, "depths": (1, 1, 1, 1), "refinement": 1},
}


def build(kind):
    model, needed = catalog.find("model", kind), {one.name for one in asked(kind)}
    given = {name: one for name, one in GIVEN.items() if name in needed}
    given |= SMALL.get(kind, {})
    grid = model.grid(LAYOUT, **given)
    parts = {"perception": Conv(grid.perceived), "update": MLP(80, grid.channels)}
    return model(LAYOUT, *(parts[family] for family in model.parts), **given)


def asked(kind):
    return catalog.describe("model", kind).parameters


def run(model, state, *, condition=TOLD):
    if model.iterative:
        mask = torch.ones(B, 1, *state.shape[2:], dtype=torch.bool)
        return model.step(state, condition=condition, mask=mask)
    return model(state[:, LAYOUT.visible_slice], condition)


@pytest.fixture(params=TRAINED)
def model(request):
    built = build(request.param)
    initialise(built, Draws(0))
    with torch.no_grad():
        for weight in built.parameters():  # some start where nothing changes
            places = torch.arange(weight.numel(), dtype=weight.dtype)
            weight.add_(0.02 * places.sin().view(weight.shape))
    return built


@pytest.fixture
def state(model):
    grid = model.layout if model.iterative else LAYOUT
    size = B, grid.channels, grid.height, grid.width
    return torch.rand(*size, generator=torch.Generator().manual_seed(1))


def test_gives_as_many_channels_as_it_took(model, state):
    channels = state.shape[1] if model.iterative else LAYOUT.visible
    assert run(model, state).shape == (B, channels, *state.shape[2:])


def test_an_automaton_goes_from_the_tasks_grid_to_its_own_and_back(model):
    if not model.iterative:
        return
    seed = torch.rand(B, LAYOUT.channels, H, W)
    first = model.begin(seed)
    assert first.shape == (B, model.layout.channels, model.layout.height, model.layout.width)
    seen = model.end(first)
    assert seen[:, LAYOUT.visible_slice].shape == (B, LAYOUT.visible, H, W)


def test_hears_the_condition(model, state):
    one = run(model, state[:1].expand(B, -1, -1, -1))  # the same grid, two classes
    assert not torch.equal(one[0], one[1])


def test_leaves_its_input_as_it_was(model, state):
    before = state.clone()
    run(model, state)
    torch.testing.assert_close(state, before, rtol=0, atol=0)


def test_draws_no_random_numbers(model, state):
    before = torch.get_rng_state()
    run(model, state)
    assert torch.equal(torch.get_rng_state(), before)


def test_passes_gradients_to_every_weight_that_inference_needs(model, state):
    after = run(model, state.requires_grad_())
    (model.end(after) if model.iterative else after).square().sum().backward()
    reached = sum(weight.numel() for weight in model.parameters() if weight.grad is not None)
    assert reached == model.parameter_count()
    assert state.grad.abs().sum() > 0


def test_a_missing_condition_is_refused(model, state):
    said = r"^the layout has 5 condition channels, but none was given$"
    with pytest.raises(ValueError, match=said):
        run(model, state, condition=None)


def test_is_as_large_without_storage(model):
    with torch.device("meta"):
        bare = build(inspect.getmodule(type(model)).__name__.rpartition(".")[2])
    assert bare.parameter_count() == model.parameter_count()


@pytest.mark.parametrize("kind", KINDS)
def test_says_in_its_source_who_trains_and_tests_it(kind):
    said = catalog.describe("model", kind).attributes
    assert said["protocols"]
    assert bool(said["trainers"]) == bool(build(kind).state_dict())  # else nothing to train
    assert "version" in said


def test_features_are_those_of_each_image_or_state_alone(model, state):
    if "linear_probe" not in model.protocols:
        return
    shown = state if model.iterative else state[:, LAYOUT.visible_slice]
    told = {} if model.iterative else {"condition": TOLD}
    found = model.eval().features(shown, **told)
    alone = model.features(shown[:1], **{name: one[:1] for name, one in told.items()})
    torch.testing.assert_close(found[:1], alone, rtol=1e-4, atol=1e-5)
    assert found.shape[0] == B
    assert found.std() > 0
