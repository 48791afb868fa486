import numpy as np
import pytest
import torch

from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.task.image_classification import ImageClassification

LABELS = torch.tensor([2, 0])
SAMPLES = torch.tensor([7, 3])


def images(*shape):
    """Three images to train on, the i-th filled with 51 i, and one to test."""
    pixels = np.ones((4, *shape), dtype=np.uint8) * 51
    pixels *= np.arange(4, dtype=np.uint8).reshape(4, *[1] * len(shape))
    parts = {"train": slice(0, 3), "test": slice(3, 4)}
    labels = np.array([0, 1, 1, 0])
    return Images(images=pixels, labels=labels, classes=("a", "b"), parts=parts)


def task(*shape, **given):
    made = images(*(shape or (16, 16, 3)))
    return ImageClassification(made, Draws(0), **{"channels": 9, **given})


def seed(made, draws=1):
    return made.seed_state(LABELS, samples=SAMPLES, draws=Draws(draws))


def test_the_image_is_frozen_and_all_else_is_faint_noise():
    state = seed(task())
    assert state.shape == (2, 9, 16, 16)
    for channel in (0, 1, 2):
        torch.testing.assert_close(state[0, channel], torch.full((16, 16), 102 / 255))
        assert not state[1, channel].any()
    noise = state[:, 3:]
    assert float(noise.std()) == pytest.approx(0.05, rel=0.05)
    assert abs(float(noise.mean())) < 0.005


def test_noise_is_drawn_for_each_sample_by_whoever_asks():
    made, other = seed(task()), seed(task(), draws=2)
    drawn = Draws(1).normal("task/seed", samples=SAMPLES, cells=6 * 256)
    torch.testing.assert_close(made[:, 3:].flatten(1), drawn[:, 0] * 0.05)
    assert not (made == other)[:, 3:].any()


def test_a_grey_image_has_one_channel_and_padding_is_black():
    made = task(28, 28, padding_px=2)
    state = seed(made)
    assert made.layout.frozen == 1
    assert state.shape == (2, 9, 32, 32)
    assert float(state[0, 0].sum()) == pytest.approx(28 * 28 * 102 / 255)
    assert not state[0, 0, :2].any()


def test_all_cells_live_and_all_are_to_name_the_class():
    made = task()
    assert made.layout.alive is None
    planes = made.target(LABELS)
    assert planes.sum(dim=(2, 3)).tolist() == [[0.0, 256.0], [256.0, 0.0]]
    assert torch.equal(made.lesson(LABELS), planes)


def test_too_few_channels_are_refused():
    with pytest.raises(ValueError) as caught:
        task(channels=4)
    assert str(caught.value) == (
        "channels must hold the image and the class scores, so at least 5, not 4"
    )
