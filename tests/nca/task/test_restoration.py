import numpy as np
import pytest
import torch

from ncabench.nca.corruption.masked_noise import masked_noise
from ncabench.nca.corruption.motion_blur import motion_blur
from ncabench.nca.data import Images, Pairs
from ncabench.nca.draws import Draws
from ncabench.nca.task.restoration import CORRUPTIONS, TEST, VALIDATION, Restoration

SIDE, COUNT = 16, 10
PARTS = {"train": slice(0, 4), "val": slice(4, 6), "test": slice(6, 10)}
SAMPLES = torch.arange(400)


def pixels(seed=0, *shape):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (COUNT, SIDE, SIDE, *shape), dtype=np.uint8)


def images(*, parts=PARTS, shape=(3,)):
    return Images(images=pixels(0, *shape), labels=np.zeros(COUNT), classes=("a",), parts=parts)


def made(corruption="noise", **settings):
    return Restoration(images(), Draws(0), corruption=corruption, hidden=2, **settings)


def under(task, strength, samples=SAMPLES):
    return task.labels_under(torch.tensor([strength]), samples=samples, draws=Draws(3))


def to_test(task):
    turns = torch.arange(4)
    return task.test_labels(torch.zeros_like(turns), turns=turns)


def test_tests_have_noise_on_half_of_their_pixels_drawn_by_the_images_number():
    task = made()
    wanted = masked_noise(
        torch.from_numpy(pixels(0, 3)[6:]).movedim(-1, 1) / 255,
        share=0.5,
        purpose="restoration/noise",
        samples=TEST + torch.arange(4),
        draws=CORRUPTIONS,
    )
    torch.testing.assert_close(task.corrupted(to_test(task)), wanted)


def test_tests_are_blurred_by_7_px_along_a_direction_of_the_images_number():
    task = made("blur")
    wanted = motion_blur(
        torch.from_numpy(pixels(0, 3)[6:]).movedim(-1, 1) / 255,
        side_px=7,
        purpose="restoration/blur",
        samples=TEST + torch.arange(4),
        draws=CORRUPTIONS,
    )
    torch.testing.assert_close(task.corrupted(to_test(task)), wanted)


def test_a_batch_may_hold_corruptions_of_several_strengths():
    for corruption, strengths in (("noise", [250, 500, 750]), ("blur", [4, 7, 10])):
        task = made(corruption)
        given = torch.tensor(strengths)
        labels = task.labels_under(given, samples=SAMPLES[:3], draws=Draws(3))
        assert torch.equal(task.strength(labels), given)
        for row, strength in enumerate(strengths):
            alone = under(task, strength, SAMPLES[row : row + 1])
            torch.testing.assert_close(task.corrupted(labels)[row], task.corrupted(alone)[0])


def test_strengths_are_those_of_the_curriculum():
    shares = [250] * 6 + [300, 350, 400, 450, 500, 550, 600, 650, 700] + [750] * 5
    assert made("noise").strengths(epochs=20) == shares
    assert made("blur").strengths(epochs=10) == [4, 4, 4, 4, 6, 7, 9, 10, 10, 10]
    assert real().strengths(epochs=3) == [0, 0, 0]


def test_trainings_draw_training_images_alike_and_a_corruption_for_each():
    task = made()
    labels = under(task, 300)
    assert (labels % COUNT).bincount(minlength=COUNT)[:4].min() > 60
    assert (labels % COUNT).max() == 3
    numbers = labels // COUNT // 1001
    assert len(numbers.unique()) == 400
    assert numbers.max() < VALIDATION


def test_validations_go_through_their_split_and_never_change():
    task = made()
    labels = task.validation_labels(torch.arange(2))
    assert (labels % COUNT).tolist() == [4, 5]
    assert (labels // COUNT // 1001).tolist() == [VALIDATION, VALIDATION + 1]
    assert task.strength(labels).tolist() == [500, 500]


def test_without_a_split_to_validate_on_tests_are_validated_on():
    parts = {"train": slice(0, 4), "test": slice(4, 10)}
    task = Restoration(images(parts=parts), Draws(0))
    assert (task.trainings, task.validations, task.tests) == (4, 6, 6)
    assert (task.validation_labels(torch.arange(6)) % COUNT).tolist() == [4, 5, 6, 7, 8, 9]


def test_the_seed_is_the_input_under_grey_and_zero():
    task = made()
    labels = under(task, 500)
    seed = task.seed_state(labels, samples=SAMPLES, draws=Draws(3))
    given, grey, hidden = seed.split([3, 3, 2], dim=1)
    assert torch.equal(given, task.corrupted(labels))
    assert torch.equal(grey, torch.full_like(grey, 0.5))
    assert not hidden.any()


def test_grey_images_have_three_equal_channels_under_the_same_noise():
    task = Restoration(images(shape=()), Draws(0))
    both = task.image(to_test(task)).view(4, 2, 3, SIDE, SIDE)
    assert torch.equal(both, both[:, :, :1].expand_as(both))
    assert task.layout.frozen == task.layout.visible == 3


def real(parts=PARTS):
    pairs = Pairs(inputs=pixels(1, 3), targets=pixels(2, 3), parts=parts)
    return Restoration(pairs, Draws(0), corruption="real")


def test_real_pairs_are_given_as_they_are():
    task = real()
    given, whole = task.image(to_test(task)).split(3, dim=1)
    for found, seed in ((given, 1), (whole, 2)):
        wanted = torch.from_numpy(pixels(seed, 3)[6:]).movedim(-1, 1) / 255
        torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize(
    ("data", "corruption", "message"),
    [
        ("images", "real", "the corruption real is for a set of pairs, not of Images"),
        ("pairs", "blur", "the corruption blur is for a set of images, not of Pairs"),
    ],
)
def test_what_a_corruption_is_not_for_is_refused(data, corruption, message):
    pairs = Pairs(inputs=pixels(1, 3), targets=pixels(2, 3), parts=PARTS)
    given = images() if data == "images" else pairs
    with pytest.raises(TypeError) as caught:
        Restoration(given, Draws(0), corruption=corruption)
    assert str(caught.value) == f"dataset: {message}"


def test_a_split_that_is_missing_is_named():
    with pytest.raises(ValueError) as caught:
        Restoration(images(parts={"train": slice(0, 10)}), Draws(0))
    assert str(caught.value) == "images must hold the splits train and test, not only train"


@pytest.mark.parametrize(
    "given", [{"hidden": -1}, {"deviation": -1}, {"share": 1.5}, {"side_px": 0}]
)
def test_numbers_out_of_range_are_refused(given):
    shown = {"hidden": 32, "deviation": 0.2, "share": 0.5, "side_px": 7} | given
    hidden, deviation, share, side = shown.values()
    with pytest.raises(ValueError) as caught:
        Restoration(images(), Draws(0), **given)
    assert str(caught.value) == (
        "hidden and deviation must be at least 0, share from 0 to 1 and side_px from 1 to 32, "
        f"not {hidden}, {deviation}, {share} and {side}"
    )
