import numpy as np
import pytest
import torch

from ncabench.nca.data import Videos
from ncabench.nca.draws import Draws
from ncabench.nca.task.video import Video

PARTS = {"train": slice(0, 2), "test": slice(2, 5)}


def videos(*, parts=PARTS, length=6):
    """Five videos; frame f of video v is v * 10 + f everywhere."""
    values = 10 * np.arange(5)[:, None] + np.arange(length)
    frames = np.broadcast_to(values[:, :, None, None], (5, length, 2, 3)).astype(np.uint8)
    return Videos(frames=frames, digits=np.zeros((5, 2), dtype=np.int64), parts=parts)


def task(**given):
    return Video(videos(), Draws(0), **{"channels": 5, **given})


def values(images):
    return (images[:, :, 0, 0] * 255).round().long().tolist()


def label(video, frame):
    return torch.tensor([video * 6 + frame])


def test_a_seed_is_a_window_newest_first_above_zeros():
    seed = task().seed_state(label(1, 2), samples=torch.arange(1), draws=Draws(0))
    assert values(seed) == [[14, 13, 12, 0, 0]]


def test_the_target_is_the_window_shifted_by_one_frame():
    made = task()
    assert values(made.target(label(1, 2))) == [[15, 14, 13]]
    assert torch.equal(made.target(label(1, 1)), made.window(label(1, 2)))


def test_the_picture_is_the_newest_frame():
    made = task()
    assert values(made.picture(made.target(label(0, 0)))) == [[3]]


def test_trainings_start_from_every_window_of_their_videos_that_has_a_successor():
    drawn = task().training_labels(torch.arange(400), draws=Draws(3))
    assert set(drawn.tolist()) == {0, 1, 2, 6, 7, 8}


def test_a_first_window_follows_no_label_that_is_drawn():
    drawn = set(task().training_labels(torch.arange(400), draws=Draws(3)).tolist())
    assert {first - 1 for first in (0, 6)}.isdisjoint(drawn)


def test_tests_are_the_first_windows_of_the_test_videos_and_begin_again():
    turns = torch.arange(4)
    tested = task().test_labels(torch.zeros(4, dtype=torch.int64), turns=turns)
    assert tested.tolist() == [12, 18, 24, 12]


@pytest.mark.parametrize(
    ("data", "given", "message"),
    [
        (
            videos(parts={"train": slice(0, 5)}),
            {},
            "videos must hold the splits train and test, not only train",
        ),
        (videos(), {"window": 6}, "window must be from 1 to channels, which is 5, not 6"),
        (
            videos(length=3),
            {},
            "videos must have more frames than a window of 3, not 3",
        ),
    ],
)
def test_what_does_not_fit_is_refused(data, given, message):
    with pytest.raises(ValueError) as caught:
        Video(data, Draws(0), **{"channels": 5, **given})
    assert str(caught.value) == message
