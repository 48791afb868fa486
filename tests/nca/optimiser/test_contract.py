"""What every optimiser must do, whichever it is. New ones are tested unasked."""

import io

import pytest
import torch
from torch import nn

from ncabench import catalog


@pytest.fixture(params=catalog.kinds("optimiser"))
def optimiser(request: pytest.FixtureRequest):
    return catalog.find("optimiser", request.param)(learning_rate=0.05)


@pytest.fixture
def weights():
    return [nn.Parameter(torch.tensor([1.0, -2.0])), nn.Parameter(torch.tensor([[3.0]]))]


def descend(made, weights, *, turns):
    for _ in range(turns):
        made.zero_grad()
        sum(weight.square().sum() for weight in weights).backward()
        made.step()


def test_makes_an_optimiser_of_the_weights_it_is_given(optimiser, weights):
    made = optimiser.make(iter(weights))
    held = [weight for group in made.param_groups for weight in group["params"]]
    assert [id(weight) for weight in held] == [id(weight) for weight in weights]


def test_starts_at_the_unscheduled_learning_rate(optimiser, weights):
    rates = {group["lr"] for group in optimiser.make(weights).param_groups}
    assert rates == {0.05} == {optimiser.learning_rate}


def test_finds_the_minimum_of_a_parabola(optimiser, weights):
    descend(optimiser.make(weights), weights, turns=300)
    assert all(float(weight.detach().abs().max()) < 0.02 for weight in weights)


def test_a_learning_rate_of_0_changes_nothing(optimiser, weights):
    made = optimiser.make(weights)
    made.param_groups[0]["lr"] = 0.0
    descend(made, weights, turns=3)
    assert torch.equal(weights[0], torch.tensor([1.0, -2.0]))


def test_makes_a_new_one_each_time(optimiser, weights):
    first = optimiser.make(weights)
    descend(first, weights, turns=1)
    assert not optimiser.make(weights).state


def test_goes_on_bit_identically_from_a_saved_state(optimiser, weights):
    whole = [nn.Parameter(weight.detach().clone()) for weight in weights]
    descend(optimiser.make(whole), whole, turns=6)
    first, file = optimiser.make(weights), io.BytesIO()
    descend(first, weights, turns=3)
    torch.save(first.state_dict(), file)
    second = optimiser.make(weights)
    second.load_state_dict(torch.load(io.BytesIO(file.getvalue()), weights_only=True))
    descend(second, weights, turns=3)
    assert all(torch.equal(one, other) for one, other in zip(weights, whole, strict=True))
