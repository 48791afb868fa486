import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.model.nafnet import NAFNet
from ncabench.nca.state import Layout
from ncabench.nca.weights import initialise

PHOTO = Layout(height=8, width=12, frozen=3, visible=3, hidden=5)
SMALL = {"width": 2, "encoder": (1, 2), "middle": 1, "decoder": (2, 1)}
GOPRO = {"encoder": (1, 1, 1, 28), "middle": 1, "decoder": (1, 1, 1, 1)}


def built(layout=PHOTO, **given):
    """A small network in float64, none of its weights zero."""
    model = NAFNet(layout, **{**SMALL, **given})
    initialise(model, Draws(0))
    with torch.no_grad():
        for number, weight in enumerate(model.parameters()):
            waves = (number + torch.arange(float(weight.numel()))).sin()
            weight.add_(0.3 * waves.view(weight.shape))
    return model.double()


@pytest.fixture
def image():
    chance = torch.Generator().manual_seed(1)
    return torch.rand(2, 3, 8, 12, generator=chance, dtype=torch.float64)


def convolved(grid, layer):
    """A convolution of stride 1 that keeps the sides, place by place of its kernel."""
    side, (_, _, height, width) = layer.weight.shape[-1], grid.shape
    around = torch.nn.functional.pad(grid, [side // 2] * 4)
    apart, found = layer.groups > 1, torch.zeros(())
    for y in range(side):
        for x in range(side):
            seen, kernel = around[:, :, y : y + height, x : x + width], layer.weight[:, :, y, x]
            across = "o,bohw->bohw" if apart else "oi,bihw->bohw"
            found = found + torch.einsum(across, kernel[:, 0] if apart else kernel, seen)
    return found if layer.bias is None else found + layer.bias[:, None, None]


def normed(grid, layer):
    mean = grid.mean(dim=1, keepdim=True)
    deviation = ((grid - mean).square().mean(dim=1, keepdim=True) + 1e-6).sqrt()
    return (grid - mean) / deviation * layer.weight[:, None, None] + layer.bias[:, None, None]


def gate(grid):
    half = grid.shape[1] // 2
    return grid[:, :half] * grid[:, half:]


def by_its_parts(block, grid):
    mixed = convolved(normed(grid, block.before_mixing), block.widen)
    mixed = gate(convolved(mixed, block.mix))
    means = mixed.flatten(2).mean(dim=2)
    weights = means @ block.weigh.weight[:, :, 0, 0].T + block.weigh.bias
    mixed = convolved(mixed * weights[:, :, None, None], block.narrow)
    grid = grid + mixed * block.mixing_factor
    thought = gate(convolved(normed(grid, block.before_thought), block.expand))
    return grid + convolved(thought, block.shrink) * block.thought_factor


def through(blocks, grid):
    for block in blocks:
        grid = by_its_parts(block, grid)
    return grid


def smaller(grid, layer):
    """2x2 cells become one: the four of them in a row, times a matrix."""
    batch, channels, height, width = grid.shape
    fours = grid.view(batch, channels, height // 2, 2, width // 2, 2)
    return torch.einsum("ocyx,bchywx->bohw", layer.weight, fours) + layer.bias[:, None, None]


def larger(grid, layer):
    """Each cell becomes 2x2: four channels in a row are the four of them, row by row."""
    wide = convolved(grid, layer)
    batch, channels, height, width = wide.shape
    cells = wide.view(batch, channels // 4, 2, 2, height, width).permute(0, 1, 4, 2, 5, 3)
    return cells.reshape(batch, channels // 4, 2 * height, 2 * width)


def test_it_is_what_its_parts_are(image):
    model = built()
    full = through(model.down[0], convolved(image, model.stem))
    half = through(model.down[1], smaller(full, model.shrink[0]))
    quarter = through(model.middle, smaller(half, model.shrink[1]))
    half = through(model.up[0], larger(quarter, model.grow[0]) + half)
    full = through(model.up[1], larger(half, model.grow[1]) + full)
    wanted = image + convolved(full, model.head)
    torch.testing.assert_close(model(image, None), wanted)


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({}, 115_982_915),
        ({"width": 32}, 29_159_715),
        (GOPRO, 67_888_835),
        ({**GOPRO, "width": 32}, 17_111_907),
    ],
    ids=str,
)
def test_it_has_the_weights_of_the_published_sizes(given, count):
    with torch.device("meta"):
        faces = Layout(height=32, width=32, frozen=3, visible=3, hidden=32)
        assert NAFNet(faces, **given).parameter_count() == count


@pytest.mark.parametrize(("height", "width"), [(5, 7), (8, 9), (4, 4)])
def test_sides_are_filled_with_zeros_to_the_right_and_below(image, height, width):
    model = built()
    part = image[..., :height, :width]
    whole = torch.zeros(2, 3, -(-height // 4) * 4, -(-width // 4) * 4, dtype=torch.float64)
    whole[..., :height, :width] = part
    wanted = model(whole, None)[..., :height, :width]
    torch.testing.assert_close(model(part, None), wanted, rtol=0, atol=0)


def test_four_levels_fill_sides_to_multiples_of_16():
    levels = {"encoder": (1,) * 4, "decoder": (1,) * 4}
    model, seen = built(**levels), []
    model.stem.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape))
    assert model(torch.zeros(1, 3, 17, 16, dtype=torch.float64), None).shape[-2:] == (17, 16)
    assert seen == [(1, 3, 32, 16)]


def test_blocks_start_as_the_identity_and_so_would_the_network_without_its_head(image):
    model = NAFNet(PHOTO, **SMALL)
    initialise(model, Draws(0))
    grid = torch.rand(2, 2, 8, 12)
    assert torch.equal(model.down[0](grid), grid)
    torch.nn.init.zeros_(model.head.weight)
    torch.testing.assert_close(model(image.float(), None), image.float(), rtol=0, atol=0)


@pytest.mark.parametrize("init", ["glorot", "pytorch"])
def test_biases_start_as_init_says(init):
    model = NAFNet(PHOTO, **SMALL, init=init)
    initialise(model, Draws(0))
    assert bool(model.stem.bias.any()) is (init == "pytorch")


@pytest.mark.parametrize(
    ("layout", "given", "message"),
    [
        (PHOTO, {"decoder": (1,)}, "encoder and decoder must have as many levels, not 2 and 1"),
        (PHOTO, {"width": 0}, "width must be at least 1, and numbers of blocks at least 0"),
        (PHOTO, {"middle": -1}, "width must be at least 1, and numbers of blocks at least 0"),
        (
            Layout(height=8, width=8, frozen=1, visible=3, classes=2),
            {},
            "an image of 1 channels cannot be restored to 3 visible channels and 2 scores",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_built_is_refused(layout, given, message):
    with pytest.raises(ValueError) as caught:
        NAFNet(layout, **{**SMALL, **given})
    assert str(caught.value) == message
