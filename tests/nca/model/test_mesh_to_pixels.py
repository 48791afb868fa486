import pytest
import torch

from ncabench.nca.decoder.linear import Linear
from ncabench.nca.decoder.lppn import LPPN
from ncabench.nca.draws import Draws
from ncabench.nca.model.mesh_to_pixels import MeshToPixels
from ncabench.nca.rendering import surface
from ncabench.nca.rendering.mesh import icosphere
from ncabench.nca.state import Layout
from ncabench.nca.weights import initialise

IMAGE = Layout(height=6, width=8, visible=3, hidden=2)


@pytest.fixture
def model():
    made = MeshToPixels(IMAGE, decoder=LPPN(width=8), subdivision=4, hidden=6)
    initialise(made, Draws(0))
    torch.nn.init.uniform_(made.update.last.weight, -0.3, 0.3)
    return made


@pytest.fixture
def state():
    return torch.rand(2, 5, 1, 162, generator=torch.Generator().manual_seed(0))


def test_its_weights_are_as_many_as_table_1_says():
    layout = Layout(height=8, width=8, visible=3, hidden=13)
    model = MeshToPixels(layout, decoder=LPPN(width=32), subdivision=1)
    parts = [sum(one.numel() for one in part.parameters()) for part in model.children()]
    assert parts == [12_416, 2_851]


def test_a_vertex_is_changed_by_those_around_it_and_no_other(model, state):
    moved = state.clone()
    moved[..., 50] += 1.0
    one, other = (model.step(each, condition=None, mask=None) for each in (state, moved))
    differs = (one != other).any(dim=1)[:, 0]
    around = torch.zeros(162, dtype=torch.bool)
    around[model.table[50]] = True
    assert torch.equal(differs, around.expand(2, -1))
    assert int(around.sum()) == 7


def test_a_step_adds_what_the_percepts_call_for_where_the_mask_is(model, state):
    mask = torch.arange(162).view(1, 1, 1, -1) % 3 == 0
    sensed = surface.percepts(state[:, :, 0], *surface.senses(icosphere(4)))
    change = model.update(sensed[:, :, None])
    after = model.step(state, condition=None, mask=mask)
    torch.testing.assert_close(after, state + change * mask)


def test_a_pixel_is_decoded_of_the_triangle_that_it_lies_in(model, state):
    centre = torch.tensor([0.0, 1.0, 1.0])
    image = model.render(state, centre=centre, height=4, width=5, reach=0.3)
    assert image.shape == (2, 3, 4, 5)
    way = surface.patch(centre, height=4, width=5, reach=0.3)[2, 3]
    number, parts = surface.located(way[None], subdivision=4)
    corners = icosphere(4).triangles[int(number)]
    mixed = (state[:, :, 0, corners] * parts[0]).sum(dim=-1)
    expected = model.readout(mixed, surface.local(parts)[0])
    torch.testing.assert_close(image[:, :, 2, 3], expected)


def test_two_patches_agree_where_they_overlap(model, state):
    centre = torch.tensor([0.3, 0.5, 0.8])
    small = model.render(state, centre=centre, height=4, width=4, reach=0.2)
    large = model.render(state, centre=centre, height=8, width=8, reach=0.4)
    torch.testing.assert_close(small, large[..., 2:6, 2:6], rtol=1e-3, atol=1e-3)
    own = model.render(state, centre=centre, height=6, width=8, reach=0.4)
    torch.testing.assert_close(model.end(state), own)


def test_it_starts_from_the_seeds_mean(model):
    seed = torch.zeros(1, 5, 6, 8)
    seed[0, 2] = -0.5
    first = model.begin(seed)
    assert first.shape == (1, 5, 1, 162)
    torch.testing.assert_close(first[0, 2, 0], torch.full((162,), -0.5))


def test_an_error_in_a_picture_teaches_every_weight(model, state):
    after = model.step(state, condition=None, mask=None)
    model.end(after).square().mean().backward()
    assert all(weight.grad.abs().sum() > 0 for weight in model.parameters())


def test_a_saved_model_holds_its_weights_alone(model):
    assert set(model.state_dict()) == {name for name, _ in model.named_parameters()}


def test_a_sphere_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"^subdivision must be 1 or more, not 0$"):
        MeshToPixels(IMAGE, decoder=Linear(), subdivision=0)
