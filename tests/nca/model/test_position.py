import math

import pytest
import torch

from ncabench.nca.model._position import mapped, ordinal, planes

LIKE = torch.zeros((), dtype=torch.float64)


@pytest.mark.parametrize(
    ("cell", "index"), [(0, 0), (0, 1), (1, 0), (1, 3), (37, 2), (1023, 5)]
)
def test_a_cells_number_becomes_sines_and_cosines_each_with_an_exponent(cell, index):
    angle = cell * 10_000 ** (-index / 6)
    expected = math.cos(angle) if index % 2 else math.sin(angle)
    found = float(ordinal(cells=1024, width=6)[cell, index])
    assert found == pytest.approx(expected, abs=1e-6)


def test_numbers_of_a_smaller_grid_are_the_first_of_a_larger_one():
    assert torch.equal(ordinal(cells=9, width=4), ordinal(cells=16, width=4)[:9])


def test_coordinates_go_to_the_right_and_then_down():
    right, down = mapped("xy", height=2, width=3, like=LIKE)
    assert right.tolist() == [[-1.0, 0.0, 1.0]] * 2
    assert down.tolist() == [[-1.0] * 3, [1.0] * 3]


def test_octaves_are_sines_of_both_axes_and_then_their_cosines():
    found = mapped("sincos5", height=3, width=5, like=LIKE)[:, 2, 3]  # x = 0.5, y = 1
    angles = [2**octave * math.pi * axis for axis in (0.5, 1.0) for octave in range(5)]
    expected = [wave(angle) for wave in (math.sin, math.cos) for angle in angles]
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


def test_octaves_and_coordinates_stand_in_that_order():
    both = mapped("sincos5xy", height=4, width=4, like=LIKE)
    assert torch.equal(both[:20], mapped("sincos5", height=4, width=4, like=LIKE))
    assert torch.equal(both[20:], mapped("xy", height=4, width=4, like=LIKE))


@pytest.mark.parametrize(
    ("encoding", "count"),
    {
        "none": 0,
        "handcrafted": 0,
        "learned": 0,
        "xy": 2,
        "sincos5": 20,
        "sincos5xy": 22,
    }.items(),
)
def test_only_what_is_concatenated_adds_channels(encoding, count):
    assert planes(encoding) == count
    if count:
        assert len(mapped(encoding, height=2, width=2, like=LIKE)) == count
