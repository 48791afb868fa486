import numpy as np
import pytest
import torch

from ncabench.nca.data import Images, Pairs
from ncabench.nca.draws import Draws
from ncabench.nca.task import _masking as masking
from ncabench.nca.task.denoising import TEST, VALIDATION, Denoising

SIDE, COUNT = 16, 10
PARTS = {"train": slice(0, 4), "val": slice(4, 6), "test": slice(6, 10)}
SAMPLES = torch.arange(400)


def images(*, colours=3, parts=None, side=SIDE):
    """Ten images of one grey level each: 25, 50, ... 250."""
    levels = np.arange(25, 251, 25, dtype=np.uint8)
    shape = (COUNT, side, side, 3) if colours == 3 else (COUNT, side, side)
    pixels = np.empty(shape, dtype=np.uint8)
    pixels[:] = levels.reshape(-1, *[1] * (len(shape) - 1))
    return Images(
        images=pixels,
        labels=np.zeros(COUNT),
        classes=("a",),
        parts=PARTS if parts is None else parts,
    )


def made(*, colours=3, **settings):
    return Denoising(images(colours=colours), Draws(0), **{"hidden": 2, "batch": 2, **settings})


def under(task, configuration, *, samples=SAMPLES):
    one = torch.tensor([configuration])
    return task.labels_under(one, samples=samples, draws=Draws(3))


def seeds(task, labels):
    return task.seed_state(labels, samples=torch.arange(len(labels)), draws=Draws(3))


@pytest.mark.parametrize("configuration", range(9))
def test_as_much_is_masked_as_the_coverage_says_patch_by_patch(configuration):
    task = made()
    coverage, patch = masking.CONFIGURATIONS[configuration]
    mask = task.mask(under(task, configuration))[:, 0]
    patches = mask.unfold(1, patch, patch).unfold(2, patch, patch).flatten(3).float()
    assert torch.equal(patches.amin(dim=3), patches.amax(dim=3))  # masked whole or not at all
    drawn = patches[..., 0]
    spread = (coverage * (1 - coverage) / drawn.numel()) ** 0.5
    assert abs(float(drawn.mean()) - coverage) < 4 * spread
    assert drawn.std(dim=0).min() > 0  # each of them by itself
    neighbours = torch.corrcoef(torch.stack([drawn[:, 0, 0], drawn[:, 0, 1]]))[0, 1]
    assert abs(float(neighbours)) < 0.25


def test_what_an_image_shows_is_asked_by_its_label_whatever_hides_it():
    data = images()
    shown = np.arange(COUNT) % 3
    data = Images(images=data.images, labels=shown, classes=("a", "b", "c"), parts=PARTS)
    task = Denoising(data, Draws(0), hidden=2, batch=2)
    turns = torch.arange(4)
    tests = task.test_labels(torch.zeros_like(turns), turns=turns)
    assert task.classes_of(tests).tolist() == [0, 1, 2, 0]  # images 6 to 9
    trained = under(task, 4)
    assert torch.equal(task.classes_of(trained), trained % COUNT % 3)
    assert task.classes == 1


def test_dropout_is_black_in_all_channels_and_leaves_the_rest():
    task = made()
    labels = under(task, 5)
    masked, mask = task.masked(labels), task.mask(labels).expand(-1, 3, -1, -1)
    assert task.noise == "dropout"
    assert not masked[mask].any()
    assert torch.equal(masked[~mask], task.target(labels)[~mask])


def test_grey_patches_are_each_one_normal_value():
    task = made(colours=1)
    labels = under(task, 7)  # 75 %, 2 px
    masked, mask = task.masked(labels), task.mask(labels)
    assert task.noise == "gaussian"
    assert torch.equal(masked[~mask], task.target(labels)[~mask])
    patches = masked.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)[mask[:, :, ::2, ::2]]
    assert torch.equal(patches.amin(dim=1), patches.amax(dim=1))
    values = patches[:, 0]
    assert abs(float(values.mean())) < 0.05
    assert abs(float(values.std()) - 1) < 0.05
    assert values.min() < -2  # neither scaled nor clipped
    assert values.max() > 3


def test_noise_may_be_chosen():
    assert made(noise="gaussian").masked(torch.tensor([0])).shape == (1, 3, SIDE, SIDE)
    task = made(colours=1, noise="dropout")
    labels = under(task, 0)
    assert not task.masked(labels)[task.mask(labels)].any()


def test_the_seed_is_the_input_under_grey_and_zero():
    task = made()
    labels = under(task, 3)
    seed = seeds(task, labels)
    assert torch.equal(seed[:, :3], task.masked(labels))
    assert torch.equal(seed[:, 3:6], torch.full((400, 3, SIDE, SIDE), 0.5))
    assert not seed[:, 6:].any()
    assert (task.layout.frozen, task.layout.visible, task.layout.hidden) == (3, 3, 2)


def test_a_random_seed_fills_both_ranges():
    task = made(seed="random")
    visible, hidden = seeds(task, under(task, 3))[:, 3:].split([3, 2], dim=1)
    for values, low in ((visible, 0), (hidden, -1)):
        assert low <= values.min() < low + 0.01
        assert 0.99 < values.max() < 1
        assert abs(float(values.mean()) - (low + 1) / 2) < 0.01


def test_trainings_draw_training_images_alike_and_a_mask_for_each():
    task = made()
    labels = under(task, 4)
    assert torch.equal(task.configurations(labels), torch.full((400,), 4))
    assert (labels % COUNT).bincount(minlength=COUNT)[:4].min() > 60
    assert (labels % COUNT).max() == 3
    masks = labels // (9 * COUNT)
    assert len(masks.unique()) == 400
    assert masks.max() < VALIDATION


def test_without_a_curriculum_all_configurations_are_alike():
    task = made()
    labels = task.training_labels(torch.arange(4000), draws=Draws(3))
    counts = task.configurations(labels).bincount(minlength=9)
    assert counts.min() > 350


def test_batches_of_a_validation_share_masks_under_one_configuration():
    task = made()
    one, other = (
        task.validation_labels(turns, configuration=torch.tensor([6]))
        for turns in (torch.tensor([0, 1]), torch.tensor([1, 0]))
    )
    assert torch.equal(task.mask(one), task.mask(other))
    assert (one % COUNT).tolist() == [4, 5]
    assert (one // (9 * COUNT)).tolist() == [VALIDATION, VALIDATION + 1]


def test_a_set_without_a_validation_split_validates_on_its_tests():
    parts = {"train": slice(0, 4), "test": slice(4, 10)}
    task = Denoising(images(parts=parts), Draws(0))
    labels = task.validation_labels(torch.arange(2), configuration=torch.tensor([0]))
    assert (task.validations, (labels % COUNT).tolist()) == (6, [4, 5])


def test_tests_go_in_order_and_each_batch_has_its_configuration():
    task = made()
    turns = torch.arange(6)
    labels = task.test_labels(torch.zeros(6, dtype=torch.int64), turns=turns)
    assert (labels % COUNT).tolist() == [6, 7, 8, 9, 6, 7]
    assert task.configurations(labels).tolist() == [2, 2, 1, 1, 2, 2]
    assert (labels // (9 * COUNT)).tolist() == [TEST + turn for turn in range(6)]


def test_a_label_keeps_its_mask_in_whatever_batch_and_training():
    task, other = made(colours=1), made(colours=1)
    labels = under(task, 8)
    assert torch.equal(task.masked(labels)[7:9], other.masked(labels[7:9]))


def test_smaller_sets_and_odd_sides_are_refused():
    with pytest.raises(ValueError, match=r"splits train and test, not only train$"):
        Denoising(images(parts={"train": slice(0, 4)}), Draws(0))
    with pytest.raises(ValueError, match=r"must be multiples of 4 px, not 18 x 18$"):
        Denoising(images(side=18), Draws(0))
    with pytest.raises(ValueError, match=r"^hidden must be .* not -1 and 32$"):
        Denoising(images(), Draws(0), hidden=-1)
    pairs = Pairs(inputs=images().images, targets=images().images, parts=PARTS)
    with pytest.raises(TypeError, match=r"expected a set of images, not Pairs$"):
        Denoising(pairs, Draws(0))


def test_images_of_a_split_are_found_by_number_whole_and_with_their_class():
    data = images()
    named = Images(
        images=data.images,
        labels=np.arange(COUNT) % 3,
        classes=("a", "b", "c", "d"),
        parts=PARTS,
    )
    task = Denoising(named, Draws(0), hidden=2, batch=2)
    turns = torch.tensor([3, 0])
    for split, first in (("train", 0), ("test", 6)):
        labels = task.plain_labels(turns, split=split)
        levels = task.target(labels).mean(dim=(1, 2, 3)) * 255
        torch.testing.assert_close(levels, 25.0 * (first + 1 + turns))
        assert task.classes_of(labels).tolist() == [(first + 3) % 3, first % 3]
    assert (task.trainings, task.tests, task.class_count) == (4, 4, 4)


def test_a_masked_image_keeps_its_class():
    data = images()
    kinds = np.arange(COUNT) % 3
    named = Images(images=data.images, labels=kinds, classes=tuple("abc"), parts=PARTS)
    task = Denoising(named, Draws(0), hidden=2, batch=2)
    labels = under(task, 7)
    rows = (task.target(labels).mean(dim=(1, 2, 3)) * 255 / 25).round().long() - 1
    assert task.classes_of(labels).tolist() == kinds[rows].tolist()
