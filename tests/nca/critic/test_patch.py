import pytest
import torch
import torch.nn.functional as F

from ncabench.nca.critic.patch import Patch, mirrored, variation
from ncabench.nca.draws import Draws
from ncabench.nca.weights import initialise


def made(features, channels=3, side=32):
    network = Patch(features=features).make(channels, height=side, width=side)
    initialise(network, Draws(1))
    return network


def drawn(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("features", "channels", "count"),
    [
        ((64, 128, 256, 512), 4, 2_773_953),
        ((64, 128, 256, 512), 8, 2_778_049),
        ((32, 64, 128, 256), 4, 698_849),
    ],
)
def test_has_the_weights_of_ncatorchs_critic(features, channels, count):
    weights = made(features, channels).parameters()
    assert sum(one.numel() for one in weights) == count


def test_is_what_plain_pytorch_makes_of_the_same_weights():
    network, images = made((3, 5, 6)), drawn(4, 3, 16, 16)
    first, second = network.halving
    seen = images
    for layer in (first, second):
        padded = F.pad(seen, [1] * 4, mode="reflect")
        seen = F.leaky_relu(F.conv2d(padded, layer.weight, layer.bias, stride=2), 0.2)
    sd = torch.sqrt(seen.var(dim=0, correction=0) + 1e-8).mean()
    seen = torch.cat([seen, sd.expand(4, 1, *seen.shape[2:])], dim=1)
    for layer, slope in ((network.joining, 0.2), (network.scoring, 1.0)):
        padded = F.pad(seen, [1] * 4, mode="reflect")
        seen = F.leaky_relu(F.conv2d(padded, layer.weight, layer.bias), slope)
    torch.testing.assert_close(network(images), seen)


def test_a_border_is_pytorchs_reflection_and_so_is_its_slope():
    one = drawn(2, 3, 4, 5).double().requires_grad_()
    other = one.detach().clone().requires_grad_()
    weight = drawn(2, 3, 6, 7).double()
    found, expected = mirrored(one), F.pad(other, [1] * 4, mode="reflect")
    torch.testing.assert_close(found, expected)
    (found * weight).sum().backward()
    (expected * weight).sum().backward()
    torch.testing.assert_close(one.grad, other.grad)


def test_variation_is_told_to_every_other_group():
    values = torch.tensor([0.0, 1.0, 0.0, 1.0, 2.0, 1.0, 2.0, 1.0]).view(8, 1, 1, 1)
    told = variation(values.expand(8, 2, 3, 3)).amax(dim=(1, 2, 3))
    torch.testing.assert_close(told[::2], torch.ones(4))  # 0 0 2 2, a deviation of 1
    torch.testing.assert_close(told[1::2], torch.full((4,), 1e-4))  # 1 1 1 1


@pytest.mark.parametrize("batch", [1, 3, 6])
def test_a_batch_that_4_does_not_divide_is_one_group(batch):
    values = drawn(batch, 1, 1, 1)
    expected = (values.var(correction=0) + 1e-8).sqrt()
    torch.testing.assert_close(variation(values), expected.expand(batch, 1, 1, 1))


def test_the_slope_of_no_variation_is_finite():
    same = torch.ones(4, 1, 2, 2, requires_grad=True)
    variation(same).sum().backward()
    assert same.grad.isfinite().all()


@pytest.mark.parametrize("features", [(), (8,), (8, 0)])
def test_features_that_make_no_critic_are_refused(features):
    with pytest.raises(ValueError) as caught:
        Patch(features=features)
    assert str(caught.value) == f"features must be 2 or more, each at least 1, not {features}"


def test_a_grid_too_small_for_a_score_is_refused():
    assert made((8, 8, 8), side=12)(drawn(4, 3, 12, 12)).shape == (4, 1, 1, 1)
    with pytest.raises(ValueError) as caught:
        made((8, 8, 8), side=11)
    assert str(caught.value) == (
        "a critic of 3 features needs sides of 12 cells or more, not 11 x 11"
    )
