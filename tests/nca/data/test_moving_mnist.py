import numpy as np
import pytest
import torch

from ncabench.errors import NoData
from ncabench.nca.data._draws import uniform
from ncabench.nca.data.mnist_5k import Mnist5k
from ncabench.nca.data.moving_mnist import MovingMnist, paths
from ncabench.nca.draws import Draws

SMALL = {"split": "train", "sequences": 4, "frames": 12}


def message(selection):
    with pytest.raises(ValueError) as caught:
        MovingMnist().digest(selection)
    return str(caught.value)


@pytest.mark.parametrize(("samples", "cells"), [(1, 1), (5, 2), (3, 9)])
def test_the_draws_are_those_of_the_project_bit_for_bit(samples, cells):
    theirs = Draws(0).uniform("moving", samples=torch.arange(samples), cells=cells)
    assert np.array_equal(uniform("moving", samples=samples, cells=cells), theirs[:, 0].numpy())


def test_a_digit_moves_straight_on_and_bounces():
    start = np.array([[1.0, 30.0]])
    found = paths(start=start, angle=np.array([np.pi / 2]), speed_px=np.array([4.0]), frames=5)
    assert found[0].tolist() == [[1, 30], [1, 34], [1, 34], [1, 30], [1, 26]]  # edge at 36


def test_the_first_frame_is_both_digits_where_they_start():
    videos, digits = MovingMnist().load(SMALL), Mnist5k().load("train")
    which = (uniform("moving_mnist/train/digit", samples=4, cells=2) * 4000).astype(int)
    y, x = (uniform(f"moving_mnist/train/{axis}", samples=4, cells=2) * 36 for axis in "yx")
    frame = np.zeros((64, 64), dtype=np.uint8)
    for digit in (0, 1):
        top, left = round(y[2, digit]), round(x[2, digit])
        here = frame[top : top + 28, left : left + 28]
        here[:] = np.maximum(here, digits.images[which[2, digit]])
    assert np.array_equal(videos.frames[2, 0], frame)
    assert videos.digits[2].tolist() == digits.labels[which[2]].tolist()


def test_digits_never_leave_the_box():
    rng = np.random.default_rng(0)
    found = paths(
        start=rng.uniform(0, 36, (50, 2)),
        angle=rng.uniform(0, 7, 50),
        speed_px=rng.uniform(2, 5, 50),
        frames=100,
    )
    assert found.min() >= 0
    assert found.max() <= 36
    assert np.abs(np.diff(found, axis=1)).max() <= 6  # 5 px, and rounding


def test_fewer_sequences_are_the_first_of_more():
    few, more = (MovingMnist().load({**SMALL, "sequences": count}) for count in (2, 4))
    assert np.array_equal(few.frames, more.frames[:2])


def test_splits_show_other_digits_on_other_paths():
    both = MovingMnist().load({**SMALL, "split": "all"})
    assert both.parts == {"train": slice(0, 4), "test": slice(4, 8)}
    assert not np.array_equal(both.frames[:4], both.frames[4:])


def test_only_the_selected_digits_move():
    found = MovingMnist().load({**SMALL, "classes": [6, 9]})
    assert set(found.digits.flat) <= {6, 9}
    assert len(set(found.digits.flat)) == 2


def test_the_defaults_are_the_papers_twenty_frames():
    assert MovingMnist().load("test").frames.shape == (200, 20, 64, 64)


def test_a_digest_names_all_that_is_selected():
    changes = [{}, {"frames": 5}, {"sequences": 3}, {"split": "test"}, {"classes": [3]}]
    assert len({MovingMnist().digest({**SMALL, **one}) for one in changes}) == 5


def test_missing_digits_are_no_data(tmp_path):
    with pytest.raises(NoData, match=r"^mnist: no train-images-idx3-ubyte in "):
        MovingMnist(tmp_path).digest({**SMALL, "digits": "mnist"})


def test_what_cannot_be_made_is_refused():
    assert message({**SMALL, "digits": "mnist5k"}) == (
        "digits: there is no 'mnist5k'\n  accepted: mnist, mnist_5k\n  did you mean 'mnist_5k'?"
    )
    assert message({"frames": 0}) == "frames: expected an integer of 1 or more, found 0"
    assert message({"per_class": 3}).startswith("a selection has no key 'per_class'")
