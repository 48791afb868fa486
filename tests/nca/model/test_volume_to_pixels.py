import math

import pytest
import torch

from ncabench.nca.decoder.linear import Linear
from ncabench.nca.decoder.lppn import LPPN
from ncabench.nca.draws import Draws
from ncabench.nca.model._viewed import angles
from ncabench.nca.model.volume_to_pixels import VolumeToPixels
from ncabench.nca.rendering import surface, volume
from ncabench.nca.rendering.volume import Camera
from ncabench.nca.state import Layout
from ncabench.nca.weights import initialise

IMAGE = Layout(height=6, width=8, visible=3, hidden=2)


@pytest.fixture
def model():
    made = VolumeToPixels(
        IMAGE, decoder=LPPN(width=8), cells_per_axis=4, hidden=6, samples_per_ray=16
    )
    initialise(made, Draws(0))
    torch.nn.init.uniform_(made.update.last.weight, -0.3, 0.3)
    return made


@pytest.fixture
def state():
    return torch.rand(2, 5, 16, 4, generator=torch.Generator().manual_seed(0))


def test_its_weights_are_as_many_as_table_1_says():
    layout = Layout(height=8, width=8, visible=3, hidden=13)
    model = VolumeToPixels(layout, decoder=LPPN(width=32))
    parts = [sum(one.numel() for one in part.parameters()) for part in model.children()]
    assert parts == [12_416, 2_884]


def test_a_step_is_the_same_wherever_a_cell_is_in_the_cube(model, state):
    after = model.cube(model.step(state, condition=None, mask=None))
    for axis in (2, 3, 4):
        moved = model.cube(state).roll(1, dims=axis).flatten(2, 3)
        there = model.cube(model.step(moved, condition=None, mask=None))
        torch.testing.assert_close(there, after.roll(1, dims=axis))
    assert not torch.equal(after, model.cube(state))


def test_cells_outside_the_mask_stay(model, state):
    mask = torch.rand(2, 1, 16, 4, generator=torch.Generator().manual_seed(1)) < 0.5
    after = model.step(state, condition=None, mask=mask)
    differs = (after != state).any(dim=1, keepdim=True)
    assert torch.equal(differs, mask)


def test_it_starts_from_the_seeds_mean(model):
    seed = torch.zeros(1, 5, 6, 8)
    seed[0, 4] = 0.5
    seed[0, 1, 0, 0] = 48.0
    first = model.begin(seed)
    expected = torch.tensor([0.0, 1.0, 0.0, 0.0, 0.5])
    torch.testing.assert_close(first, expected[:, None, None].expand(1, 5, 16, 4))


def test_a_pixel_is_composed_of_what_is_decoded_along_its_ray(model, state):
    camera = Camera(turn=0.6, lift=0.4)
    origin, ways = camera.rays(height=6, width=8)
    begin, length = volume.crossing(origin, ways[2, 3])
    samples = []
    for turn in range(16):
        point = origin + (begin + length * (turn + 0.5) / 16) * ways[2, 3]
        cell = volume.interpolated(model.cube(state), point)
        where = volume.local(point, side=4)
        samples.append(model.readout(cell, where.expand(2, 3)))
    seen = torch.stack(samples, dim=1)  # (B, N, K)
    expected = volume.composed(seen[..., :3], seen[..., 3], (length / 16).expand(2))
    torch.testing.assert_close(model.end(state)[:, :, 2, 3], expected)
    again = model.render(state, camera=camera, height=6, width=8, samples_per_ray=16)
    torch.testing.assert_close(again, model.end(state))


def test_a_training_sees_each_sample_from_a_view_that_is_drawn(state):
    model = VolumeToPixels(
        IMAGE, decoder=Linear(), cells_per_axis=4, samples_per_ray=4, views=6
    )
    samples, draws = torch.tensor([0, 3]), Draws(1)
    seen = model.glimpse(state, samples=samples, draws=draws)
    turns = draws.integers("train/view", low=0, high=6, samples=samples).tolist()
    cameras = [Camera(turn=0.6, lift=0.4)]
    for z, turn in [(0.8, 0), (0.4, 1), (0.0, 2), (-0.4, 3), (-0.8, 4)]:  # around the spiral
        y, x = (math.sqrt(1 - z * z) * f(turn * 2.399963) for f in (math.sin, math.cos))
        cameras.append(Camera(turn=math.atan2(-y, -z), lift=math.asin(-x)))
    for sample, turn in enumerate(turns):
        given = {"camera": cameras[turn], "height": 6, "width": 8, "samples_per_ray": 4}
        torch.testing.assert_close(seen[sample], model.render(state, **given)[sample])
    assert turns[0] != turns[1]


def test_up_to_a_reach_of_0_7_every_ray_of_every_view_goes_through_the_cube():
    square = Layout(height=9, width=9, visible=3, hidden=2)
    lengths = []
    for reach in (0.7, 1.3):
        model = VolumeToPixels(square, decoder=Linear(), views=40, reach=reach)
        pairs = zip(model.origins, model.ways, strict=True)
        lengths.append(min(volume.crossing(*one)[1].min() for one in pairs))
    assert lengths[0] > 0.1
    assert lengths[1] == 0


def test_cameras_stand_in_the_directions_that_they_are_asked_for():
    for way in surface.around(7):
        turn, lift = angles(way)
        origin, _ = Camera(turn=turn, lift=lift).rays(height=1, width=1)
        torch.testing.assert_close(origin / 20, way)


@pytest.mark.parametrize("parts", [2, 4, 100])
def test_a_picture_made_in_parts_is_the_same_and_teaches_the_same(model, state, parts):
    expected = model.end(state)
    expected.square().sum().backward()
    slopes = [one.grad.clone() for one in model.readout.parameters()]
    model.zero_grad()
    model.ray_parts = parts
    torch.testing.assert_close(model.end(state), expected)
    model.end(state).square().sum().backward()
    found = [one.grad for one in model.readout.parameters()]
    torch.testing.assert_close(found, slopes, rtol=1e-4, atol=1e-4)


def test_its_weights_are_counted_apart_as_table_1_says():
    layout = Layout(height=8, width=8, visible=3, hidden=13)
    found = VolumeToPixels(layout, decoder=LPPN(width=32)).counted_apart()
    assert found == {"automaton": 12_416, "decoder": 2_884}
    assert f"{found['decoder'] / found['automaton']:.3f}" == "0.232"


def test_an_even_fog_is_as_dense_as_the_cube_is_deep(state):
    model = VolumeToPixels(IMAGE, decoder=Linear(), cells_per_axis=4)
    torch.nn.init.zeros_(model.readout.layer.weight)
    model.readout.layer.bias.data = torch.tensor([0.2, 0.4, 0.6, 0.3])
    far = Camera(distance=1000.0, reach=1.5)
    image = model.render(state, camera=far, height=3, width=3, samples_per_ray=5)
    clear = math.exp(-2 * math.log1p(math.exp(0.3)))
    expected = torch.tensor([0.2, 0.4, 0.6]) * (1 - clear) + clear
    torch.testing.assert_close(image[0, :, 1, 1], expected, rtol=1e-4, atol=1e-4)
    outside = model.render(state, camera=Camera(reach=6.0), height=9, width=9)
    torch.testing.assert_close(outside[0, :, 0, 0], torch.ones(3))


def test_an_error_in_a_picture_teaches_every_weight(model, state):
    after = model.step(state, condition=None, mask=None)
    model.end(after).square().mean().backward()
    assert all(weight.grad.abs().sum() > 0 for weight in model.parameters())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"cells_per_axis": 0}, "cells_per_axis must be 1 or more, not 0"),
        ({"reach": 0.0}, "reach must be above 0, not 0.0"),
        ({"ray_parts": 0}, "ray_parts must be 1 or more, not 0"),
        ({"views": 0}, "views must be 1 or more, not 0"),
        ({"samples_per_ray": 0}, "samples_per_ray must be 1 or more, not 0"),
        ({"fire_rate": 0.0}, "fire_rate must be above 0 and at most 1, not 0.0"),
    ],
)
def test_sizes_of_nothing_are_refused(given, message):
    with pytest.raises(ValueError) as caught:
        VolumeToPixels(IMAGE, decoder=Linear(), **given)
    assert str(caught.value) == message
