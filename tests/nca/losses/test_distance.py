import math

import pytest
import torch

from ncabench.nca.losses.distance import distance, pixel_ce


def planes(*cells):
    """Class scores of a row of cells, ``(1, K, 1, W)``."""
    return torch.tensor(cells).T[None, :, None]


def test_names_are_those_of_recipes():
    answer, target = planes([1.0, 0.0], [0.0, 0.0]), planes([4.0, 0.0], [0.0, 0.0])
    assert float(distance("mse")(answer, target)) == 9 / 4
    assert float(distance("l1")(answer, target)) == 3 / 4
    assert distance("pixel_ce") is pixel_ce


def test_cross_entropy_is_that_of_each_cells_class_averaged_over_cells():
    scores = planes([0.0, math.log(3.0)], [math.log(4.0), 0.0])
    target = planes([0.0, 1.0], [0.0, 1.0])
    expected = (-math.log(3 / 4) - math.log(1 / 5)) / 2
    assert float(pixel_ce(scores, target)) == pytest.approx(expected)


def test_a_cell_without_a_class_is_of_the_first():
    scores = planes([math.log(9.0), 0.0])
    assert float(pixel_ce(scores, planes([0.0, 0.0]))) == pytest.approx(-math.log(0.9))


def test_equal_scores_have_the_slope_that_raises_the_right_one():
    scores = planes([0.0, 0.0]).requires_grad_()
    pixel_ce(scores, planes([0.0, 1.0])).backward()
    torch.testing.assert_close(scores.grad, planes([0.5, -0.5]))
