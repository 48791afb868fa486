import math

import pytest
import torch

from ncabench.nca.autoencoder._adjusted import Adjusted, Doubled
from ncabench.nca.autoencoder.skip import Skip
from ncabench.nca.draws import Draws
from ncabench.nca.weights import initialise

ENCODER, DECODER = ("first", "side", "second"), ("double_once", "mix", "double_twice")


@pytest.fixture
def coder():
    """A small one in float64, none of whose weights or statistics hides its use."""
    made = Skip(base=4)
    initialise(made, Draws(0))
    named = dict(made.named_parameters()) | dict(made.named_buffers())
    with torch.no_grad():
        for number, (name, one) in enumerate(named.items()):
            if one.is_floating_point():
                waves = (number + torch.arange(float(one.numel()))).sin().view(one.shape)
                one.add_((0.4 if name.endswith("var") else 0.3) * waves)
    return made.double().eval()


@pytest.fixture
def image():
    chance = torch.Generator().manual_seed(1)
    return torch.rand(2, 3, 8, 12, generator=chance, dtype=torch.float64)


def count(module):
    return sum(weight.numel() for weight in module.parameters())


def normed(grid, norm):
    """A batch norm by what it has gathered, in so many words."""
    mean, variance, weight, bias = (
        one[:, None, None]
        for one in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    )
    return (grid - mean) / (variance + 0.001).sqrt() * weight + bias


def silu(grid):
    return grid / (1 + (-grid).exp())


def convolved(grid, layer, *, stride):
    """An adjusted convolution, place by place of its kernel."""
    batch, _, height, width = grid.shape
    before = 0 if stride == 2 else 1
    around = grid.new_zeros(batch, grid.shape[1], height + 2, width + 2)
    around[:, :, before : before + height, before : before + width] = grid
    found = layer.conv.bias[:, None, None]
    for y in range(3):
        for x in range(3):
            seen = around[:, :, y : y + height : stride, x : x + width : stride]
            found = found + torch.einsum("oi,bihw->bohw", layer.conv.weight[:, :, y, x], seen)
    return silu(normed(found, layer.norm))


def doubled(grid, layer):
    """A transposed convolution, cell by cell."""
    batch, _, height, width = grid.shape
    wide = layer.conv.bias[:, None, None].expand(batch, -1, 2 * height, 2 * width).clone()
    for i in range(height):
        for j in range(width):
            reach = torch.einsum("bi,ioyx->boyx", grid[:, :, i, j], layer.conv.weight)
            rows, columns = min(3, 2 * height - 2 * i), min(3, 2 * width - 2 * j)
            here = (slice(2 * i, 2 * i + rows), slice(2 * j, 2 * j + columns))
            wide[:, :, here[0], here[1]] += reach[:, :, :rows, :columns]
    return normed(wide, layer.norm)


def test_the_weights_are_lncas():
    made = Skip()
    assert sum(count(getattr(made, name)) for name in ENCODER) == 1_680
    assert sum(count(getattr(made, name)) for name in DECODER) == 2_001
    assert count(made) == 3_681
    kept = [one for one in made.buffers() if one.is_floating_point()]
    assert sum(one.numel() for one in kept) == 102


def test_every_layer_is_what_it_says_it_is(coder, image):
    skip = convolved(image, coder.first, stride=2)
    latent = convolved(skip + convolved(image, coder.side, stride=2), coder.second, stride=2)
    half = silu(doubled(latent, coder.double_once)) + skip
    wanted = torch.sigmoid(doubled(convolved(half, coder.mix, stride=1), coder.double_twice))
    torch.testing.assert_close(coder.beside(image), skip)
    torch.testing.assert_close(coder.encode(image), latent)
    torch.testing.assert_close(coder(image).image, wanted)


def test_a_grid_is_halved_with_a_border_to_the_right_and_below():
    layer = Adjusted(1, 1, stride=2)
    torch.nn.init.ones_(layer.conv.weight)
    torch.nn.init.zeros_(layer.conv.bias)
    seen = []
    layer.norm.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    layer(torch.ones(1, 1, 4, 4))
    assert seen[0][0, 0].tolist() == [[9.0, 6.0], [6.0, 4.0]]


def test_a_cell_reaches_three_pixels_and_the_last_of_the_border_are_cut_off():
    layer = Doubled(1, 1)
    with torch.no_grad():
        layer.conv.weight.copy_(torch.arange(1.0, 10.0).view(1, 1, 3, 3))
        layer.conv.bias.zero_()
    seen = []
    layer.norm.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    layer(torch.tensor([[1.0, 0.0], [0.0, 10.0]]).view(1, 1, 2, 2))
    assert seen[0][0, 0].tolist() == [
        [1.0, 2.0, 3.0, 0.0],
        [4.0, 5.0, 6.0, 0.0],
        [7.0, 8.0, 9.0 + 10.0, 20.0],
        [0.0, 0.0, 40.0, 50.0],
    ]


def test_batch_norms_keep_0_99_of_what_they_have_gathered():
    layer = Adjusted(1, 1, stride=1)
    torch.nn.init.zeros_(layer.conv.weight)
    torch.nn.init.constant_(layer.conv.bias, 5.0)
    layer(torch.rand(2, 1, 4, 4))
    torch.testing.assert_close(layer.norm.running_mean, torch.tensor([0.05]))
    torch.testing.assert_close(layer.norm.running_var, torch.tensor([0.99]))


def test_the_skip_connection_does_not_see_the_side_channel(coder, image):
    before = coder.beside(image)
    torch.nn.init.zeros_(coder.side.norm.weight)
    torch.testing.assert_close(coder.beside(image), before, rtol=0, atol=0)


def test_nothing_beside_a_latent_grid_is_as_zeros_beside_it(coder, image):
    latent = coder.encode(image)
    none = torch.zeros_like(coder.beside(image))
    torch.testing.assert_close(coder.join(latent, None), coder.join(latent, none))
    assert not torch.allclose(coder.decode(latent), coder.join(latent, coder.beside(image)))


def test_it_starts_as_keras_does_or_as_pytorch_does():
    keras, plain = Skip(), Skip(init="pytorch")
    for made in (keras, plain):
        initialise(made, Draws(0))
    bound = math.sqrt(6 / (9 * (3 + 8)))
    assert 0.95 * bound < float(keras.first.conv.weight.detach().abs().max()) <= bound
    assert not bool(keras.first.conv.bias.any())
    bound = math.sqrt(1 / (9 * 3))
    assert 0.95 * bound < float(plain.first.conv.weight.detach().abs().max()) <= bound
    assert bool(plain.first.conv.bias.all())


@pytest.mark.parametrize("base", [0, 1, 5])
def test_an_odd_width_is_refused(base):
    with pytest.raises(ValueError) as caught:
        Skip(base=base)
    assert str(caught.value) == f"base must be even and positive, not {base}"


def test_sides_that_cannot_be_halved_twice_are_refused(coder):
    with pytest.raises(ValueError) as caught:
        coder.encode(torch.zeros(1, 3, 8, 10, dtype=torch.float64))
    assert str(caught.value) == "H and W must be multiples of 4, not 8 x 10"
