import math

import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.model._transposed import Block
from ncabench.nca.model.restormer import Restormer
from ncabench.nca.state import Layout
from ncabench.nca.weights import initialise

PHOTO = Layout(height=8, width=16, frozen=3, visible=3, hidden=5)
SMALL = {"width": 4, "heads": 2, "depths": (1, 2, 1, 1), "refinement": 1}
SWITCHES = [
    {},
    {"normalised_qk": False, "temperature": "block", "epsilon": 1e-3},
]


def waved(module):
    """The module in float64, none of its weights zero."""
    initialise(module, Draws(0))
    with torch.no_grad():
        for number, weight in enumerate(module.parameters()):
            waves = (number + torch.arange(float(weight.numel()))).sin()
            weight.add_(0.3 * waves.view(weight.shape))
    return module.double()


def images(channels=3, height=8, width=16):
    chance = torch.Generator().manual_seed(1)
    return torch.rand(2, channels, height, width, generator=chance, dtype=torch.float64)


def convolved(grid, layer):
    """A convolution that keeps the sides, in every channel by itself or across them."""
    side, (_, _, height, width) = layer.weight.shape[-1], grid.shape
    around = torch.nn.functional.pad(grid, [side // 2] * 4)
    apart, found = layer.groups > 1, torch.zeros(())
    for y in range(side):
        for x in range(side):
            seen, kernel = around[:, :, y : y + height, x : x + width], layer.weight[:, :, y, x]
            across = "o,bohw->bohw" if apart else "oi,bihw->bohw"
            found = found + torch.einsum(across, kernel[:, 0] if apart else kernel, seen)
    return found


def attended(layer, grid):
    """What channels read of one another, channel by channel."""
    (batch, channels, height, width), heads = grid.shape, layer.heads
    size = channels // heads
    every = convolved(convolved(grid, layer.qkv), layer.mix).flatten(2)
    query, key, value = (
        every[:, :channels],
        every[:, channels : 2 * channels],
        every[:, -channels:],
    )
    read = torch.zeros_like(query)
    for b in range(batch):
        for i in range(channels):
            own = range(i // size * size, i // size * size + size)
            asked, keys = query[b, i], [key[b, j] for j in own]
            if layer.normalised_qk:
                asked = asked / math.sqrt(float(asked @ asked))
                keys = [one / math.sqrt(float(one @ one)) for one in keys]
            factor = layer.temperature.flatten()[i // size if len(layer.temperature) > 1 else 0]
            shares = torch.stack([asked @ one * factor for one in keys]).softmax(0)
            read[b, i] = sum(share * value[b, j] for share, j in zip(shares, own, strict=True))
    return convolved(read.view(batch, channels, height, width), layer.project)


def normed(grid, layer, epsilon):
    mean = grid.mean(dim=1, keepdim=True)
    deviation = ((grid - mean).square().mean(dim=1, keepdim=True) + epsilon).sqrt()
    return (grid - mean) / deviation * layer.weight[:, None, None] + layer.bias[:, None, None]


def by_its_parts(block, grid, epsilon):
    grid = grid + attended(block.attention, normed(grid, block.before_attention, epsilon))
    wide = convolved(
        convolved(normed(grid, block.before_thought, epsilon), block.widen), block.mix
    )
    half = wide.shape[1] // 2
    gate = wide[:, :half] * (1 + torch.erf(wide[:, :half] / math.sqrt(2))) / 2
    return grid + convolved(gate * wide[:, half:], block.narrow)


@pytest.mark.parametrize("given", SWITCHES, ids=str)
def test_a_block_is_what_its_parts_are(given):
    given = {"normalised_qk": True, "temperature": "head", "epsilon": 1e-5} | given
    block, grid = waved(Block(6, heads=2, expansion=2.66, **given)), images(6, 3, 4)
    with torch.no_grad():
        wanted = by_its_parts(block, grid, given["epsilon"])
        torch.testing.assert_close(block(grid), wanted)


def test_levels_are_joined_as_the_figure_has_it():
    model, image = waved(Restormer(PHOTO, **SMALL)), images()
    seen = {}

    def keep(name):
        return lambda _, given, found: seen.update({name: (given[0], found)})

    for name in ("stem", "refine", "head"):
        getattr(model, name).register_forward_hook(keep(name))
    for side in ("down", "up"):
        for n, level in enumerate(getattr(model, side)):
            level.register_forward_hook(keep(f"{side} {n}"))
    answer = model(image, None)
    wanted = {"stem": image, "down 0": seen["stem"][1]}
    for n in range(3):
        wanted[f"down {n + 1}"] = smaller(convolved(seen[f"down {n}"][1], model.shrink[n]))
        coarser = seen[f"up {n + 1}" if n < 2 else "down 3"][1]
        grown = larger(convolved(coarser, model.grow[n]))
        both = torch.cat([grown, seen[f"down {n}"][1]], dim=1)
        wanted[f"up {n}"] = convolved(both, model.join[n]) if n else both
    wanted |= {"refine": seen["up 0"][1], "head": seen["refine"][1]}
    torch.testing.assert_close({name: given for name, (given, _) in seen.items()}, wanted)
    torch.testing.assert_close(answer, image + convolved(seen["refine"][1], model.head))


def smaller(grid):
    """The four pixels of each 2x2 become channels in a row."""
    batch, channels, height, width = grid.shape
    fours = grid.view(batch, channels, height // 2, 2, width // 2, 2).permute(0, 1, 3, 5, 2, 4)
    return fours.reshape(batch, 4 * channels, height // 2, width // 2)


def larger(grid):
    """Four channels in a row become the pixels of a 2x2, row by row."""
    batch, channels, height, width = grid.shape
    cells = grid.view(batch, channels // 4, 2, 2, height, width).permute(0, 1, 4, 2, 5, 3)
    return cells.reshape(batch, channels // 4, 2 * height, 2 * width)


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({}, 26_126_644),
        ({"normalised_qk": False, "temperature": "block", "epsilon": 1e-3}, 26_126_540),
    ],
    ids=str,
)
def test_it_has_the_weights_of_its_paper_or_of_lncas_code(given, count):
    with torch.device("meta"):
        faces = Layout(height=32, width=32, frozen=3, visible=3, hidden=32)
        assert Restormer(faces, **given).parameter_count() == count


def test_blocks_and_heads_of_the_levels_are_those_that_are_set():
    with torch.device("meta"):
        model = Restormer(PHOTO)
    levels = [*model.down, *reversed(model.up), model.refine]
    assert [len(level) for level in levels] == [4, 6, 6, 8, 6, 6, 4, 4]
    assert [level[0].attention.heads for level in levels] == [1, 2, 4, 8, 4, 2, 1, 1]
    widths = [level[0].attention.project.in_channels for level in levels]
    assert widths == [48, 96, 192, 384, 192, 96, 96, 96]
    assert model.down[0][0].narrow.in_channels == 127  # of 2.66 * 48


@pytest.mark.parametrize(("height", "width"), [(5, 15), (8, 9)])
def test_sides_are_filled_with_zeros_to_multiples_of_8(height, width):
    model, part = waved(Restormer(PHOTO, **SMALL)), images()[..., :height, :width]
    whole = torch.zeros_like(images())
    whole[..., :height, :width] = part
    wanted = model(whole, None)[..., :height, :width]
    torch.testing.assert_close(model(part, None), wanted, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("init", "bound"),
    [("pytorch", 1 / math.sqrt(9 * 3)), ("glorot", math.sqrt(6 / (9 * (3 + 16))))],
)
def test_kernels_are_drawn_as_init_says_and_scores_start_as_they_are(init, bound):
    model = Restormer(PHOTO, width=16, depths=(1,) * 4, refinement=1, init=init)
    initialise(model, Draws(0))
    assert 0.97 * bound < float(model.stem.weight.detach().abs().max()) <= bound
    assert model.down[1][0].attention.temperature.flatten().tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"depths": (1, 1)}, "depths must be 4 numbers of blocks, not (1, 1)"),
        ({"refinement": -1}, "numbers of blocks must be at least 0"),
        ({"depths": (1, 1, 1, -1)}, "numbers of blocks must be at least 0"),
        ({"width": 3}, "width must be even and a multiple of heads, not 3 of 2"),
        ({"expansion": 0.2}, "expansion must leave a channel, and 0.2 does not"),
    ],
    ids=str,
)
def test_what_cannot_be_built_is_refused(given, message):
    with pytest.raises(ValueError) as caught:
        Restormer(PHOTO, **{**SMALL, **given})
    assert str(caught.value) == message


def test_an_image_of_other_channels_is_refused():
    with pytest.raises(ValueError) as caught:
        Restormer(Layout(height=8, width=8, frozen=1, visible=3))
    assert str(caught.value) == (
        "an image of 1 channels cannot be restored to 3 visible channels and 0 scores"
    )
