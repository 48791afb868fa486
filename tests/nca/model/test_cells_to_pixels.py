import pytest
import torch

from ncabench.nca.decoder.linear import Linear
from ncabench.nca.decoder.lppn import LPPN
from ncabench.nca.draws import Draws
from ncabench.nca.model.cells_to_pixels import CellsToPixels
from ncabench.nca.perception.stencil import Stencil
from ncabench.nca.rendering import plane
from ncabench.nca.rollout import rollout
from ncabench.nca.state import Layout
from ncabench.nca.update.relu_mlp import ReLUMLP
from ncabench.nca.weights import initialise

IMAGE = Layout(height=16, width=24, visible=4, hidden=4, alive=3)
DECODER = LPPN(width=8, harmonics=1)


def make(layout=IMAGE, *, decoder=DECODER, hidden=12, **given):
    channels = CellsToPixels.grid(layout, **given).perceived
    parts = Stencil(channels), ReLUMLP(4 * channels, layout.channels, hidden=hidden)
    model = CellsToPixels(layout, *parts, decoder=decoder, **given)
    initialise(model, Draws(0))
    with torch.no_grad():
        places = torch.arange(model.update.last.weight.numel())
        model.update.last.weight.add_(0.1 * places.cos().view(layout.channels, hidden, 1, 1))
    return model


@pytest.fixture
def state():
    return torch.rand(2, 8, 2, 3, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("visible", "hidden", "width", "decoder", "cells", "pixels"),
    [
        (4, 28, 256, LPPN(width=64, harmonics=1), 41_216, 10_948),
        (9, 7, 128, LPPN(width=32), 10_368, 3_017),
        (3, 13, 128, LPPN(width=32), 10_368, 2_819),
        (4, 28, 256, Linear(), 41_216, 132),
        (9, 7, 128, Linear(), 10_368, 153),
    ],
)
def test_its_weights_are_as_many_as_table_1_says(
    visible, hidden, width, decoder, cells, pixels
):
    layout = Layout(height=16, width=16, visible=visible, hidden=hidden)
    model = make(layout, decoder=decoder, hidden=width)
    assert sum(one.numel() for one in model.readout.parameters()) == pixels
    assert model.counted_apart() == {"automaton": cells, "decoder": pixels}
    assert model.parameter_count() == cells + pixels


def test_no_cell_changes_before_the_first_iteration(state):
    model = make(Layout(height=16, width=24, visible=4, hidden=4))
    torch.nn.init.zeros_(model.update.last.weight)
    assert torch.equal(model.step(state, condition=None, mask=None), state)


def test_a_step_is_the_one_of_nca_on_the_cells_grid(state):
    model = make()
    mask = torch.tensor([[1, 0, 1], [0, 1, 1]], dtype=torch.bool).expand(2, 1, 2, 3)
    moved = state + model.update(model.perception(state)) * mask
    alive = torch.nn.functional.max_pool2d(moved[:, 3:4], 3, 1, 1) > 0.1
    after = model.step(state, condition=None, mask=mask)
    torch.testing.assert_close(after, moved * alive)
    assert (after != state)[:, :, 0, 0].any()


def test_a_cell_dies_that_did_not_live_before_or_does_not_after():
    model, state = make(), torch.zeros(1, 8, 1, 7)
    model.update.last.weight.data.zero_()
    state[0, :, 0, 1] = state[0, :, 0, 5] = 1.0
    state[0, 3, 0, 5] = 0.09  # not above 0.1: neither it nor those beside it live
    state[0, 4, 0, 2] = state[0, 4, 0, 3] = 1.0
    after = model.step(state, condition=None, mask=None)
    expected = state.clone()
    expected[..., 3:] = 0.0
    torch.testing.assert_close(after, expected)


def test_a_pixel_is_decoded_of_the_state_and_the_coordinates_there(state):
    model = make(Layout(height=16, width=24, visible=4, hidden=4))
    image, fine = model.end(state), plane.interpolated(state, scale=8)
    assert image.shape == (2, 4, 16, 24)
    for row, column in ((0, 0), (9, 17), (15, 23)):
        where = plane.coordinates(8)[row % 8, column % 8]
        expected = model.readout(fine[1, :, row, column], where)
        torch.testing.assert_close(image[1, :, row, column], expected)


@pytest.mark.parametrize("scale", [1, 2, 4, 8, 16])
def test_the_same_weights_render_at_any_scale(state, scale):
    model = make()
    image = model.render(state, scale=scale)
    assert image.shape == (2, 4, 2 * scale, 3 * scale)
    again = make(
        Layout(height=2 * scale, width=3 * scale, visible=4, hidden=4, alive=3), scale=scale
    )
    again.load_state_dict(model.state_dict())
    torch.testing.assert_close(again.end(state), image)


def test_nothing_is_seen_where_nothing_lives_nearby():
    model, state = make(), torch.zeros(1, 8, 5, 5)
    state[0, 3, 2, 2] = 1.0
    seen = (model.render(state, scale=8) != 0).any(dim=1)[0]
    fine = plane.interpolated(state, scale=8)[0, 3] > 0.1
    near = torch.zeros_like(fine)
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            near |= fine.roll((down, across), dims=(0, 1))
    assert torch.equal(seen, near)
    assert 0 < int(near.sum()) < near.numel()


def test_one_living_pixel_is_one_living_cell():
    model, seed = make(), torch.zeros(1, 8, 16, 24)
    seed[0, 3:, 8, 12] = 1.0
    seed[0, 5, 8, 12] = -0.5
    first = model.begin(seed)
    assert first.count_nonzero() == 5
    torch.testing.assert_close(first[0, :, 1, 1], seed[0, :, 8, 12])


def test_an_even_seed_stays_even():
    first = make().begin(torch.full((1, 8, 16, 24), -0.25))
    torch.testing.assert_close(first, torch.full((1, 8, 2, 3), -0.25))


def test_an_error_in_pixels_teaches_cells_and_decoder(state):
    model = make()
    masks = torch.ones(3, 2, 1, 2, 3, dtype=torch.bool)
    last = rollout(model, state, condition=None, masks=masks)
    model.end(last).square().mean().backward()
    assert all(weight.grad.abs().sum() > 0 for weight in model.parameters())


def test_a_scale_without_pixels_is_refused(state):
    said = r"^scale must be 1 or more pixels a cell, not 0$"
    with pytest.raises(ValueError, match=said):
        make().render(state, scale=0)
    with pytest.raises(ValueError, match=said):
        CellsToPixels.grid(IMAGE, scale=0)


@pytest.mark.parametrize(
    ("layout", "message"),
    {
        "frozen": (
            Layout(height=16, width=16, frozen=1, visible=4),
            "cells are rendered: the task must have visible channels, and neither frozen ones "
            "nor class scores",
        ),
        "sides": (
            Layout(height=16, width=20, visible=3),
            "H and W must be multiples of 8, not 16 x 20",
        ),
    }.values(),
)
def test_a_task_that_cannot_be_rendered_is_refused(layout, message):
    with pytest.raises(ValueError) as caught:
        CellsToPixels.grid(layout, scale=8)
    assert str(caught.value) == message
