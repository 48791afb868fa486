import numpy as np
import pytest
import torch

from ncabench.nca.data import Images, Pairs
from ncabench.nca.draws import Draws
from ncabench.nca.task.self_classification import SelfClassification

DIM, INK = 25, 26  # 25 / 255 is below 0.1, 26 / 255 above it


def images(*, shape=(6, 3, 3), parts=None, classes=("a", "b")):
    """Four images to train on and two to test; pixel (1, 1) is ink, (1, 2) is not quite."""
    pixels = np.zeros(shape, dtype=np.uint8)
    pixels[:, 1, 1], pixels[:, 1, 2] = INK, DIM
    pixels[:, 0, 0] = 10 * np.arange(len(pixels)).reshape(-1, *[1] * (len(shape) - 3))
    labels = np.array([0, 1, 1, 1, 1, 0])
    parts = {"train": slice(0, 4), "test": slice(4, 6)} if parts is None else parts
    return Images(images=pixels, labels=labels, classes=classes, parts=parts)


def task(data=None, **given):
    made = images() if data is None else data
    return SelfClassification(made, Draws(0), **{"padding_px": 1, "channels": 5, **given})


def seed(made, *labels):
    named = torch.tensor(labels)
    return made.seed_state(named, samples=torch.arange(len(labels)), draws=Draws(0))


def test_the_first_channel_is_the_mask_and_all_others_are_the_image():
    state = seed(task(), 1)[0]
    assert state.shape == (5, 5, 5)
    assert state[0].nonzero().tolist() == [[2, 2]]
    for channel in state[1:]:
        torch.testing.assert_close(channel[2, 1:4], torch.tensor([0.0, INK, DIM]) / 255)
        assert channel[1, 1] == pytest.approx(10 / 255)


def test_the_state_is_the_papers():
    layout = SelfClassification(images(shape=(6, 28, 28)), Draws(0)).layout
    assert (layout.height, layout.width, layout.channels) == (52, 52, 20)
    assert (layout.frozen, layout.visible, layout.classes, layout.alive) == (1, 0, 2, 0)


def test_the_target_is_one_on_the_digits_cells_in_its_plane():
    planes = task().target(torch.tensor([0, 1]))
    assert planes.nonzero().tolist() == [[0, 0, 2, 2], [1, 1, 2, 2]]


def test_trainings_are_asked_for_the_target_or_for_the_class_everywhere():
    label = torch.tensor([1])
    assert torch.equal(task().lesson(label), task().target(label))
    everywhere = task(background="class").lesson(label)[0]
    assert everywhere.sum(dim=(1, 2)).tolist() == [0.0, 25.0]


def test_trainings_draw_training_images_and_all_of_them():
    drawn = task().training_labels(torch.arange(200), draws=Draws(0))
    assert drawn.unique().tolist() == [0, 1, 2, 3]


def test_tests_take_the_test_images_of_a_class_in_turn():
    data = images(parts={"train": slice(0, 1), "test": slice(1, 6)})
    classes, turns = torch.tensor([1, 1, 1, 1, 1, 0, 0]), torch.tensor([0, 1, 2, 3, 4, 0, 1])
    assert task(data).test_labels(classes, turns=turns).tolist() == [1, 2, 3, 4, 1, 5, 5]


def test_a_picture_shows_the_digit_white_until_a_score_leads():
    made = task()
    state = seed(made, 1)
    before = made.picture(state)[0]
    state[0, -1, 2, 2] = 1.0
    after = made.picture(state)[0]
    assert before[:, 2, 2].tolist() == [1.0, 1.0, 1.0]
    assert after[:, 2, 2].min() < 0.9
    assert before.sum() == 3  # nothing beside the digit


@pytest.mark.parametrize(
    ("data", "given", "message"),
    [
        (images(shape=(6, 3, 3, 3)), {}, "dataset: expected grey images, not of 3 planes"),
        (images(), {"channels": 2}, "mask and the class scores, so at least 3, not 2"),
        (images(), {"padding_px": -1}, "padding_px must be at least 0, not -1"),
        (images(parts={"test": slice(0, 6)}), {}, "splits train and test, not only test"),
        (images(classes=("a",)), {}, "images must be of two classes or more, not of 'a'"),
    ],
)
def test_what_cannot_be_classified_is_refused(data, given, message):
    with pytest.raises(ValueError, match=f"{message}$"):
        task(data, **given)


def test_a_set_of_pairs_is_refused():
    pairs = Pairs(inputs=np.zeros((1, 2, 2)), targets=np.zeros((1, 2, 2)), parts={})
    with pytest.raises(TypeError) as caught:
        task(pairs)
    assert str(caught.value) == ("dataset: expected a set of images with classes, not of Pairs")
