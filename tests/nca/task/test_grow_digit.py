import numpy as np
import pytest
import torch

from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.task.grow_digit import GrowDigit

SAMPLES = torch.arange(4)


def images(classes=("a", "b"), shape=(3, 5)):
    """Four images to train on and two to test, the i-th of one grey, 51 i."""
    pixels = 51 * np.arange(6, dtype=np.uint8)[:, None, None] * np.ones(shape, dtype=np.uint8)
    parts = {"train": slice(0, 4), "test": slice(4, 6)}
    labels = np.array([0, 1, 1, 0, 0, 1])
    return Images(images=pixels, labels=labels, classes=classes, parts=parts)


def task(**given):
    return GrowDigit(images(), Draws(0), **{"padding_px": 2, "channels": 7, **given})


def test_the_seed_is_one_cell_of_the_classs_colour():
    made = task(hidden_seed="zeros")
    state = made.seed_state(torch.tensor([0, 1]), samples=SAMPLES[:2], draws=Draws(1))
    assert state.shape == (2, 7, 7, 9)
    assert state[:, :4, 3, 4].tolist() == [[1, 0, 0, 1], [0, 0, 1, 1]]  # red and blue
    state[:, :4, 3, 4] = 0
    assert not state.any()


def test_eight_is_green_and_no_two_colours_are_near():
    made = GrowDigit(images(classes=tuple("0123456789")), Draws(0))
    assert made.palette[8].tolist() == [0, 1, 0, 1]
    apart = torch.cdist(made.palette, made.palette) + torch.eye(10)
    assert float(apart.min()) >= 0.5


def test_hidden_noise_is_drawn_for_each_sample_by_whoever_asks():
    made, samples = task(), torch.tensor([7, 3])
    state = made.seed_state(torch.tensor([0, 0]), samples=samples, draws=Draws(1))
    drawn = Draws(1).normal("task/seed", samples=samples, cells=3 * 7 * 9)
    torch.testing.assert_close(state[:, 4:].flatten(1), drawn[:, 0] * 0.05)


def test_the_target_is_white_and_opaque_where_there_is_ink():
    target = task().target(torch.tensor([0, 3]))  # one without ink, one of 153 of 255
    assert not target[0].any()
    inner = target[1, :, 2:-2, 2:-2]
    torch.testing.assert_close(inner[:3], torch.full((3, 3, 5), 0.6))
    assert inner[3].tolist() == [[1.0] * 5] * 3
    assert float(target[1, 3].sum()) == 15


def test_ink_undoes_padding_and_stays_in_range():
    made = task()
    again = made.ink(3 * made.target(torch.tensor([1, 3])))  # 0.2 and 0.6, three times
    torch.testing.assert_close(again[0], torch.full((1, 3, 5), 0.6))
    torch.testing.assert_close(again[1], torch.ones(1, 3, 5))


def test_nothing_is_told_unless_asked_for():
    assert task().condition(torch.tensor([0])) is None
    assert task().layout.condition == 0


def test_a_blurred_cell_is_a_gaussian_cut_off():
    made = task(blurred=True, blur_px=3, blur_sigma_px=1.0)
    near, middle = torch.tensor(-0.5).exp(), torch.tensor(1.0)
    window = torch.stack([near, middle, near]) / (1 + 2 * near)
    cell = torch.zeros(7, 9)
    cell[3, 4] = 1.0
    blurred = made.blur_down @ cell @ made.blur_across.T
    torch.testing.assert_close(blurred[2:5, 3:6], torch.outer(window, window))
    assert float(blurred.sum()) == pytest.approx(1.0)
    assert int(blurred.count_nonzero()) == 9


def test_the_blur_is_what_torchvision_gives_where_padding_is_wide_enough():
    from torchvision.transforms.functional import gaussian_blur

    made = task(blurred=True, padding_px=12)
    label = torch.tensor([3])
    told = made.condition(label)
    wanted = gaussian_blur(made.target(label)[:, [0, 3]], [21, 21], [10.0, 10.0])
    torch.testing.assert_close(told, wanted)


def test_dropped_samples_are_told_nothing_and_shown_the_same():
    made = task(blurred=True, condition_dropout=0.5)
    samples = torch.arange(1000)
    labels = made.training_labels(samples, draws=Draws(5))
    plain = task().training_labels(samples, draws=Draws(5))
    dropped = labels >= 6
    assert torch.equal(made.numbers(labels), plain)
    assert float(dropped.float().mean()) == pytest.approx(0.5, abs=0.05)
    assert torch.equal(made.target(labels), made.target(plain))
    told = made.condition(labels)
    assert not told[dropped].any()
    assert torch.equal(told[~dropped], made.condition(plain)[~dropped])


def test_tests_are_told_always():
    made = task(blurred=True, condition_dropout=1.0)
    labels = made.test_labels(torch.tensor([0, 1]), turns=torch.tensor([0, 0]))
    assert labels.tolist() == [4, 5]
    assert made.condition(labels).flatten(1).any(dim=1).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"channels": 3}, "channels must hold RGBA, so at least 4, not 3"),
        ({"blur_px": 4}, "blur_px must be odd and blur_sigma_px above 0, not 4 and 10.0"),
        (
            {"condition_dropout": 0.1},
            "condition_dropout must be in [0, 1], and 0 where nothing is told, not 0.1",
        ),
    ],
)
def test_what_cannot_be_grown_is_refused(given, said):
    with pytest.raises(ValueError) as caught:
        task(**given)
    assert str(caught.value) == said


def test_more_classes_than_colours_are_refused():
    with pytest.raises(ValueError, match=r"^there are 10 colours, not 11$"):
        GrowDigit(images(classes=tuple("abcdefghijk")), Draws(0))
