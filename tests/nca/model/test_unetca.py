import pytest
import torch
import torch.nn.functional as F

from ncabench.nca.draws import Draws
from ncabench.nca.model.unetca import UNetCA
from ncabench.nca.model.vitca_unet import ViTCAUNet
from ncabench.nca.state import Layout
from ncabench.nca.weights import initialise

CELLS = Layout(height=16, width=8, frozen=1, visible=1, hidden=3, alive=1)
IMAGE = Layout(height=16, width=8, frozen=1, visible=1)


def started(model):
    initialise(model, Draws(0))
    return model.double()


def grid(channels, *, height=16, width=8):
    chance = torch.Generator().manual_seed(0)
    return torch.randn(2, channels, height, width, generator=chance, dtype=torch.float64)


def by_graph(network, image):
    """The network's graph with weights read by their names, in the order of the facts."""

    def on(name, *grids):
        layer = getattr(network, name)
        given = torch.cat(grids, dim=1)
        found = F.conv2d(given, layer.weight, layer.bias, padding=layer.weight.shape[-1] // 2)
        return torch.where(found > 0, found, 0.1 * found)

    def halved(one):
        return one.unfold(2, 2, 2).unfold(3, 2, 2).amax(dim=(-1, -2))

    def doubled(one):
        return one.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)

    kept = halved(on("full", on("stem", image)))
    bottom = on("bottom", halved(on("middle", kept)))
    up = on("after_middle", on("join_middle", doubled(bottom), kept))
    up = on("after_top", on("join_top", doubled(up), image))
    head = network.head
    return F.conv2d(up, head.weight, head.bias, padding=head.weight.shape[-1] // 2), bottom


def test_the_u_net_is_its_graph():
    model, image = started(ViTCAUNet(IMAGE, width=4)), grid(1)
    answer, bottom = by_graph(model.network, image)
    torch.testing.assert_close(model(image, None), answer)
    torch.testing.assert_close(model.features(image), bottom)
    assert bottom.shape == (2, 4, 4, 2)


def test_the_automaton_adds_its_graph_of_the_whole_cell_to_output_and_hidden_channels():
    model, state = started(UNetCA(CELLS, width=4, zero_start=False)), grid(5)
    expected = state.clone()
    expected[:, 1:] += by_graph(model.network, state)[0]
    torch.testing.assert_close(model.step(state, condition=None, mask=None), expected)


def test_only_the_first_convolution_of_the_automaton_is_3x3():
    model = UNetCA(CELLS)
    sides = {name: one.shape[-1] for name, one in model.network.named_parameters()}
    sides = {name: side for name, side in sides.items() if name.endswith("weight")}
    assert sides.pop("stem.weight") == 3
    assert set(sides.values()) == {1}


@pytest.mark.parametrize("zero", [True, False])
def test_it_starts_without_change_as_the_paper_says_or_with_as_its_code_has_it(zero):
    model, state = started(UNetCA(CELLS, width=4, zero_start=zero)), grid(5)
    assert torch.equal(model.step(state, condition=None, mask=None), state) is zero


def test_cells_outside_the_mask_stay():
    model, state = started(UNetCA(CELLS, width=4, zero_start=False)), grid(5)
    mask = torch.rand(2, 1, 16, 8, generator=torch.Generator().manual_seed(2)) < 0.5
    some, every = (model.step(state, condition=None, mask=one) for one in (mask, None))
    assert torch.equal(some, torch.where(mask, every, state))


@pytest.mark.parametrize("fire_rate", [0.0, 1.5])
def test_a_rate_out_of_range_is_refused(fire_rate):
    with pytest.raises(ValueError) as caught:
        UNetCA(CELLS, fire_rate=fire_rate)
    assert str(caught.value) == f"fire_rate must be above 0 and at most 1, not {fire_rate}"


def test_a_grid_that_cannot_be_halved_twice_is_refused():
    with pytest.raises(ValueError, match=r"^H and W must be multiples of 4, not 10 x 8$"):
        started(ViTCAUNet(IMAGE, width=4))(grid(1, height=10), None)
