import pytest
import torch

from ncabench.nca.metric.image_accuracy import ImageAccuracy
from ncabench.nca.metric.pixel_accuracy import PixelAccuracy


def planes(*cells):
    """Class scores of a row of cells, ``(1, K, 1, W)``."""
    return torch.tensor(cells).T[None, :, None]


DIGIT = planes([0.0, 0, 0], [0, 1, 0], [0, 1, 0], [0, 1, 0])  # background and three of class 1


@pytest.mark.parametrize(
    ("scores", "share"),
    [
        (planes([9.0, 0, 0], [0, 0.1, 0], [0, 3, 2], [0.5, 0.6, 0.5]), 100.0),
        (planes([0.0, 9, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]), 100 / 3),
        (planes([0.0, 9, 0], [1, 0, 0], [-3, -2, -1], [0, 0, 1]), 0.0),
    ],
)
def test_the_digits_cells_count_and_the_background_does_not(scores, share):
    assert float(PixelAccuracy()(scores, DIGIT)) == pytest.approx(share)


def test_a_cell_without_a_score_says_the_first_class():
    nothing = torch.zeros_like(DIGIT)
    assert float(PixelAccuracy()(nothing, DIGIT)) == 0.0
    assert float(PixelAccuracy()(nothing, DIGIT.roll(-1, dims=1))) == 100.0


def test_a_few_sure_cells_outvote_many_hesitant_ones():
    scores = planes([0.0, 0, 0], [0, 0.9, 0], [0.2, 0.1, 0], [0.2, 0.1, 0])
    assert float(ImageAccuracy()(scores, DIGIT)) == 100.0
    assert float(PixelAccuracy()(scores, DIGIT)) == pytest.approx(100 / 3)


def test_the_background_does_not_vote():
    scores = planes([9.0, 0, 0], [0, 0.1, 0], [0, 0.1, 0], [0, 0.1, 0])
    assert float(ImageAccuracy()(scores, DIGIT)) == 100.0


def test_each_image_is_right_or_wrong():
    both = torch.cat([DIGIT, DIGIT.roll(1, dims=1)])
    assert ImageAccuracy()(both, torch.cat([DIGIT, DIGIT])).tolist() == [100.0, 0.0]
