import numpy as np
import pytest
import torch

from ncabench.nca.data import Images, Pairs
from ncabench.nca.draws import Draws
from ncabench.nca.task.inpainting import HOLES, Inpainting

SIDE = 16
SAMPLES = torch.arange(4000)


def images(*, parts=None):
    """Five images, each of one grey level: 0, 51, ... 204."""
    levels = np.arange(0, 255, 51, dtype=np.uint8)
    pixels = np.broadcast_to(levels[:, None, None, None], (5, SIDE, SIDE, 3)).copy()
    parts = parts or {"train": slice(0, 3), "test": slice(3, 5)}
    return Images(images=pixels, labels=np.zeros(5), classes=("a",), parts=parts)


def seeds(task, labels):
    return task.seed_state(labels, samples=torch.arange(len(labels)), draws=Draws(3))


@pytest.fixture
def task():
    return Inpainting(images(), Draws(0), radius=(0.3, 0.5))


@pytest.fixture
def labels(task):
    return task.training_labels(SAMPLES[:50], draws=Draws(1))


def test_the_seed_is_the_image_with_a_grey_hole(task, labels):
    seed, whole, hole = seeds(task, labels), task.target(labels), task.hole(labels)
    inside = hole.expand_as(seed)
    assert torch.equal(seed[inside], torch.full_like(seed[inside], 0.5))
    assert torch.equal(seed[~inside], whole[~inside])


def test_the_target_is_the_image_that_the_label_names(task, labels):
    levels = task.target(labels)[:, 0, 0, 0]
    torch.testing.assert_close(levels, (labels % 5) * 0.2)


def test_the_condition_is_1_in_the_hole_and_0_elsewhere(task, labels):
    told = task.condition(labels)
    assert told.shape == (50, 1, SIDE, SIDE)
    assert torch.equal(told == 1, task.hole(labels))
    assert set(told.unique().tolist()) == {0.0, 1.0}


def test_holes_are_discs_of_the_given_sizes_near_the_centre(task, labels):
    axis = torch.linspace(-1, 1, SIDE)
    hole = task.hole(labels)[:, 0]
    sizes = hole.sum(dim=(1, 2)) * (2 / (SIDE - 1)) ** 2
    radii = (sizes / torch.pi).sqrt()
    assert (radii > 0.2).all()
    assert (radii < 0.6).all()
    assert radii.std() > 0.02
    for there in (hole.sum(dim=2), hole.sum(dim=1)):  # along each axis
        centre = (there * axis).sum(dim=1) / there.sum(dim=1)
        assert (centre.abs() < 0.55).all()
        assert centre.std() > 0.2


def test_a_label_keeps_its_hole_in_whatever_batch_and_training(task, labels):
    other = Inpainting(images(), Draws(99), radius=(0.3, 0.5))
    assert torch.equal(task.hole(labels)[7:9], other.hole(labels[7:9]))


def test_trainings_draw_all_training_images_alike_and_a_new_hole_each_time(task):
    drawn = task.training_labels(SAMPLES, draws=Draws(1))
    counts = (drawn % 5).bincount(minlength=5)
    assert (counts[:3] > 1200).all()
    assert counts[3:].tolist() == [0, 0]
    holes = drawn // 5
    assert len(holes.unique()) > 3900
    assert int(holes.max()) < HOLES


def test_tests_take_the_test_images_in_turn_with_holes_never_drawn(task):
    zeros = torch.zeros(4, dtype=torch.int64)
    labels = task.test_labels(zeros, turns=torch.arange(4))
    assert (labels % 5).tolist() == [3, 4, 3, 4]
    assert (labels // 5).tolist() == [HOLES + turn for turn in range(4)]
    assert not torch.equal(task.hole(labels)[0], task.hole(labels)[2])


def test_grey_images_have_one_channel():
    grey = images().images[..., 0]
    parts = {"train": slice(0, 3), "test": slice(3, 5)}
    data = Images(images=grey, labels=np.zeros(5), classes=("a",), parts=parts)
    task = Inpainting(data, Draws(0))
    assert (task.layout.visible, task.layout.condition, task.layout.hidden) == (1, 1, 0)


def test_a_set_that_is_not_split_is_refused():
    with pytest.raises(ValueError) as caught:
        Inpainting(images(parts={"train": slice(0, 5)}), Draws(0))
    said = "images must hold the splits train and test, not only train"
    assert str(caught.value) == said


def test_a_set_of_no_images_is_refused():
    pairs = Pairs(inputs=images().images, targets=images().images, parts={})
    with pytest.raises(TypeError, match=r"^dataset: expected a set of images, not Pairs$"):
        Inpainting(pairs, Draws(0))
