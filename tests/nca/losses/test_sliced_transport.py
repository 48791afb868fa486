import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.losses.sliced_transport import directions, quantiles, sliced_transport

AXES = torch.tensor([[1.0, 0.0], [0.0, 1.0]])


def row(*cells):
    """The features of a row of cells, ``(1, C, 1, W)``."""
    return torch.tensor(cells).T[None, :, None]


def test_points_on_a_line_are_paired_in_their_order():
    line = torch.tensor([[1.0]])
    seen = quantiles(row([0.0], [5.0], [1.0]), line)
    wanted = quantiles(row([3.0], [2.0], [5.0]), line)
    expected = ((0 - 2) ** 2 + (1 - 3) ** 2 + (5 - 5) ** 2) / 3
    torch.testing.assert_close(sliced_transport([seen], [wanted]), torch.tensor([expected]))


def test_it_is_averaged_over_directions_and_added_up_over_layers():
    seen = quantiles(row([0.0, 0.0]), AXES)
    wanted = quantiles(row([3.0, 1.0]), AXES)
    one = sliced_transport([seen], [wanted])
    torch.testing.assert_close(one, torch.tensor([(9.0 + 1.0) / 2]))
    torch.testing.assert_close(sliced_transport([seen] * 3, [wanted] * 3), 3 * one)


def test_features_in_other_places_are_the_same():
    along = torch.tensor([[1.0, 0.0], [0.5, -0.25], [0.75, 0.5]])  # products have no rounding
    maps = torch.randint(64, (1, 2, 4, 6), generator=torch.Generator().manual_seed(0)) / 64
    there = quantiles(maps.roll((1, 2), dims=(2, 3)).flip(3), along)
    assert sliced_transport([quantiles(maps, along)], [there]).tolist() == [0.0]


def test_the_slope_pulls_each_point_to_its_partner():
    points = row([4.0], [0.0]).requires_grad_()
    line = torch.tensor([[1.0]])
    wanted = quantiles(row([1.0], [2.0]), line)
    sliced_transport([quantiles(points, line)], [wanted]).sum().backward()
    torch.testing.assert_close(points.grad, row([2.0], [-1.0]))  # 2 (4 - 2) / 2, 2 (0 - 1) / 2


def test_directions_have_length_1_and_change_with_the_index():
    given = {"count": 64, "draws": Draws(3), "purpose": "test"}
    first, second = (directions(7, **given, index=index) for index in (0, 1))
    torch.testing.assert_close(first.square().sum(dim=1), torch.ones(64))
    assert not torch.equal(first, second)
    assert torch.equal(first, directions(7, **given, index=torch.tensor(0)))
    assert float(first.mean().abs()) < 0.05


def test_layers_of_other_sizes_are_refused():
    one, other = torch.zeros(1, 2, 4), torch.zeros(1, 2, 5)
    with pytest.raises(ValueError) as caught:
        sliced_transport([one], [other])
    assert str(caught.value) == (
        "layers must be equally many and large, not [(1, 2, 4)], [(1, 2, 5)]"
    )
