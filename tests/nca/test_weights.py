import math

import pytest
import torch
from torch import nn

from ncabench.nca.draws import Draws
from ncabench.nca.weights import Keyed, initialise


class Raw(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(3))


class Own(Raw):
    def initialise(self, keyed: Keyed) -> None:
        keyed.normal_(self.scale, sd=0.5)


class Outer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = Own()

    def initialise(self, keyed: Keyed) -> None:
        nn.init.constant_(self.inner.scale, 7.0)


@pytest.mark.parametrize(
    ("layer", "fan_in"),
    [
        (nn.Conv2d(30, 40, 3), 270),
        (nn.Conv2d(30, 60, 3, groups=2), 135),
        (nn.ConvTranspose2d(30, 40, 4), 640),
        (nn.Linear(200, 50), 200),
    ],
    ids=["conv", "grouped", "transposed", "linear"],
)
def test_layers_fill_the_range_of_pytorchs_default(layer, fan_in):
    initialise(layer, Draws(0))
    bound = 1 / math.sqrt(fan_in)
    assert 0.99 * bound < float(layer.weight.detach().abs().max()) <= bound
    assert float(layer.weight.detach().std()) == pytest.approx(bound / math.sqrt(3), rel=0.03)
    assert 0.5 * bound < float(layer.bias.detach().abs().max()) <= bound


def test_the_transposed_convolutions_range_is_pytorchs_own():
    layer = nn.ConvTranspose2d(30, 40, 4)  # as its constructor fills it
    assert 0.99 < float(layer.weight.detach().abs().max()) * math.sqrt(640) <= 1


def test_norms_become_the_identity():
    norm = nn.BatchNorm2d(2)
    norm.running_mean.fill_(9.0)
    initialise(norm, Draws(0))
    assert (norm.weight.tolist(), norm.bias.tolist()) == ([1.0, 1.0], [0.0, 0.0])
    assert (norm.running_mean.tolist(), norm.running_var.tolist()) == ([0.0, 0.0], [1.0, 1.0])


def test_another_layer_leaves_a_layers_weights_as_they_were():
    small = nn.ModuleDict({"b": nn.Linear(3, 3)})
    large = nn.ModuleDict({"a": nn.Linear(5, 5), "b": nn.Linear(3, 3)})
    initialise(small, Draws(1))
    initialise(large, Draws(1))
    assert torch.equal(small["b"].weight, large["b"].weight)


def test_weights_follow_the_rng_seed_and_nothing_else():
    layers = [nn.Linear(4, 4) for _ in range(3)]
    for layer, rng_seed in zip(layers, (1, 1, 2), strict=True):
        initialise(layer, Draws(rng_seed))
    assert torch.equal(layers[0].weight, layers[1].weight)
    assert not torch.equal(layers[0].weight, layers[2].weight)


def test_a_modules_own_initialise_comes_after_the_default():
    own = Own()
    initialise(own, Draws(2))
    zero = torch.tensor([0])
    expected = Draws(2).normal("init/scale", samples=zero, cells=3)[0, 0] * 0.5
    torch.testing.assert_close(own.scale.detach(), expected, rtol=0, atol=0)


def test_the_outer_modules_initialise_comes_last():
    outer = Outer()
    initialise(outer, Draws(0))
    assert outer.inner.scale.tolist() == [7.0, 7.0, 7.0]


def test_a_weight_that_nothing_sets_is_named():
    with pytest.raises(TypeError) as caught:
        initialise(nn.ModuleDict({"part": Raw()}), Draws(0))
    assert str(caught.value) == (
        "nothing initialises part.scale: "
        "give the module that holds it a method initialise(keyed)"
    )


def test_a_foreign_tensor_is_refused():
    with pytest.raises(ValueError) as caught:
        Keyed(Raw(), Draws(0)).normal_(torch.zeros(2, 3), sd=1.0)
    assert str(caught.value) == "a tensor (2, 3) is no parameter of the module"
