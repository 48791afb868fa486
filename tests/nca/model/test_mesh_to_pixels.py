import hashlib

import pytest
import torch

from ncabench.nca.decoder.linear import Linear
from ncabench.nca.decoder.lppn import LPPN
from ncabench.nca.draws import Draws
from ncabench.nca.model.mesh_to_pixels import AHEAD, MeshToPixels
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


def test_a_training_sees_each_sample_from_a_view_that_is_drawn(state):
    model = MeshToPixels(IMAGE, decoder=Linear(), subdivision=4, hidden=6, views=5)
    samples, draws = torch.tensor([5, 6]), Draws(1)
    seen = model.glimpse(state, samples=samples, draws=draws)
    turns = draws.integers("train/view", low=0, high=5, samples=samples).tolist()
    centres = [torch.tensor(AHEAD), *surface.around(4)]
    for sample, turn in enumerate(turns):
        whole = model.render(state, centre=centres[turn], height=6, width=8)
        torch.testing.assert_close(seen[sample], whole[sample])
    assert turns[0] != turns[1]


def test_tests_see_the_first_of_many_views(state):
    one, many = (
        MeshToPixels(IMAGE, decoder=Linear(), subdivision=4, views=views) for views in (1, 3)
    )
    many.load_state_dict(one.state_dict())
    torch.testing.assert_close(many.end(state), one.end(state), rtol=0, atol=0)
    looked = one.glimpse(state, samples=torch.arange(2), draws=Draws(0))
    torch.testing.assert_close(looked, one.end(state), rtol=0, atol=0)


def test_without_remapping_a_pixel_is_told_its_corners_shares_as_they_come(state):
    model = MeshToPixels(IMAGE, decoder=LPPN(width=8), subdivision=4, remap=False).double()
    parts, state = model.shares[0, 2, 3], state.double()  # sines enlarge float32's rounding
    mixed = (state[:, :, 0, model.corners[0, 2, 3]] * parts).sum(dim=-1)
    expected = model.readout(mixed, (2 * parts - 1).expand(2, 3))
    torch.testing.assert_close(model.end(state)[:, :, 2, 3], expected)


OCTAHEDRON = """
v 1 0 0\nv 0 1 0\nv 0 0 1\nv -1 0 0\nv 0 -1 0\nv 0 0 -1
f 1 2 3\nf 2 4 3\nf 4 5 3\nf 5 1 3\nf 2 1 6\nf 4 2 6\nf 5 4 6\nf 1 5 6
"""


@pytest.fixture
def octahedron(tmp_path):
    """What to build a model of an octahedron with, of which all is seen."""
    path = tmp_path / "octahedron.obj"
    path.write_text(OCTAHEDRON)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"mesh": str(path), "mesh_digest": digest[:8], "reach": 1.2}


def test_a_mesh_from_a_file_is_seen_before_white(octahedron):
    model = MeshToPixels(IMAGE, decoder=Linear(), **octahedron)
    state = torch.rand(2, 5, 1, 6, generator=torch.Generator().manual_seed(0))
    image = model.render(state, centre=torch.tensor([0.0, 0, 1]), height=9, width=9, reach=1.2)
    torch.testing.assert_close(image[:, :, 4, 4], model.readout(state[:, :, 0, 2], None))
    assert (image[:, :, 0, 0] == 1).all()
    assert int((image != 1).all(dim=1).sum()) == 2 * 25  # |x| + |y| up to 3.75 px


def test_gradients_go_through_the_corners_of_what_is_seen(octahedron):
    model = MeshToPixels(IMAGE, decoder=Linear(), **octahedron)
    state = torch.rand(1, 5, 1, 6, requires_grad=True)
    model.end(state).sum().backward()
    reached = state.grad.abs().sum(dim=(0, 1, 2)) > 0
    assert reached.tolist() == [True, True, True, True, True, False]  # 0, 0, -1 is behind


def test_a_mesh_from_a_file_steps_as_its_own_neighbours_say(octahedron):
    torch.manual_seed(0)
    model = MeshToPixels(IMAGE, decoder=Linear(), hidden=64, **octahedron)  # some unit is open
    torch.nn.init.uniform_(model.update.last.weight, -0.3, 0.3)
    state = torch.rand(1, 5, 1, 6)
    moved = state.clone()
    moved[..., 0] += 1.0
    one, other = (model.step(each, condition=None, mask=None) for each in (state, moved))
    differs = (one != other).any(dim=1)[0, 0]
    assert differs.tolist() == [True, True, True, False, True, True]  # all but its opposite


def test_a_mesh_without_its_digest_is_refused_with_it(octahedron):
    octahedron["mesh_digest"], digest = "", octahedron["mesh_digest"]
    with pytest.raises(ValueError, match=rf": its SHA-256 begins with {digest}"):
        MeshToPixels(IMAGE, decoder=Linear(), **octahedron)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"views": 0}, "views must be 1 or more, not 0"),
        (
            {"reach": 0.0},
            "reach must be above 0 and below 1.200, where the corners meet, not 0",
        ),
        ({"mesh": "ball.obj"}, "ball.obj: no such mesh file"),
    ],
)
def test_what_cannot_be_seen_is_refused(given, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        MeshToPixels(IMAGE, decoder=Linear(), subdivision=2, **given)


def test_its_weights_are_counted_apart_as_table_1_says():
    layout = Layout(height=8, width=8, visible=3, hidden=13)
    found = MeshToPixels(layout, decoder=LPPN(width=32), subdivision=1).counted_apart()
    assert found == {"automaton": 12_416, "decoder": 2_851}
    assert f"{found['decoder'] / found['automaton']:.3f}" == "0.230"


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
