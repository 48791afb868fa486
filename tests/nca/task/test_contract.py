"""What every task must do, whichever it is. New ones are tested unasked."""

import pytest
import torch

from ncabench import catalog
from ncabench.nca.draws import Draws
from ncabench.nca.task import Task

SAMPLES = torch.arange(300)
NAMED = ("fashion_mnist_500", "all")  # for a task that is told which set to read
EXEMPLAR = ("skimage_textures", "gravel")  # for one that is told of a single image
PAIRED = ("edges_to_bags", {"per_class": 40})  # for one that is told of pairs
SMALL = {"texture": {"size_px": 12}, "material": {"size_px": 12}}


@pytest.fixture(params=catalog.kinds("task"))
def task(request: pytest.FixtureRequest) -> Task:
    described = catalog.describe("task", request.param)
    data = None
    if described.attributes.get("reads"):
        first, parameter = described.attributes["reads"]
        defaults = {one.name: one.default for one in described.parameters}
        kind, selection = NAMED if first in defaults else (first, defaults[parameter])
        kind, selection = EXEMPLAR if parameter == "exemplar" else (kind, selection)
        kind, selection = PAIRED if parameter == "pairs" else (kind, selection)
        data = catalog.find("data", kind)().load(selection)
    return catalog.find("task", request.param)(data, Draws(0), **SMALL.get(request.param, {}))


def seeds(task, labels, *, samples=SAMPLES):
    return task.seed_state(labels, samples=samples[: len(labels)], draws=Draws(7))


def drawn(task, samples=SAMPLES):
    return task.training_labels(samples, draws=Draws(7))


def to_test(task, *, turn=0):
    classes = torch.arange(task.classes)
    return task.test_labels(classes, turns=torch.full_like(classes, turn))


def test_seed_states_have_the_layouts_shape(task):
    layout = task.layout
    found = seeds(task, drawn(task)[:3])
    assert found.shape == (3, layout.channels, layout.height, layout.width)
    assert found.isfinite().all()


def test_conditions_targets_and_lessons_have_the_layouts_channels(task):
    labels, layout = to_test(task), task.layout
    condition, answers = task.condition(labels), layout.answer_slice
    assert (0 if condition is None else condition.shape[1]) == layout.condition
    shape = (task.classes, answers.stop - answers.start, layout.height, layout.width)
    assert task.target(labels).shape == task.lesson(labels).shape == shape


def test_frozen_channels_are_the_images(task):
    labels, frozen = to_test(task), task.layout.frozen
    image = task.image(labels)
    assert image.shape[1] == frozen + task.layout.visible
    assert torch.equal(seeds(task, labels)[:, :frozen], image[:, :frozen])


def test_pictures_are_grey_or_colours(task):
    state = seeds(task, to_test(task))
    picture = task.picture(state)
    assert picture.shape[1] in (1, 3, 4)
    assert (len(picture), *picture.shape[2:]) == (len(state), *state.shape[2:])


def test_a_changed_seed_state_leaves_the_next_as_it_was(task):
    labels = drawn(task)[:2]
    first = seeds(task, labels)
    before = first.clone()
    first += 1
    torch.testing.assert_close(seeds(task, labels), before, rtol=0, atol=0)


def test_a_sample_is_the_same_in_whatever_batch(task):
    labels = drawn(task)[:5]
    part = seeds(task, labels[3:], samples=SAMPLES[3:5])
    assert torch.equal(part, seeds(task, labels)[3:])
    assert torch.equal(drawn(task, SAMPLES[3:5]), labels[3:])


def test_trainings_meet_every_class_and_no_test_image(task):
    labels = drawn(task)
    classes = task.target(labels).flatten(1).unique(dim=0)
    assert len(classes) >= task.classes
    images = {tuple(one) for one in task.image(labels).flatten(1).tolist()}
    if task.layout.frozen:
        unseen = task.image(to_test(task)).flatten(1).tolist()
        assert images.isdisjoint(map(tuple, unseen))


def test_has_no_weights_and_moves_as_a_whole(task):
    assert list(task.parameters()) == []
    moved = task.to(torch.float64)
    labels = to_test(task)
    assert seeds(moved, labels).dtype == moved.target(labels).dtype == torch.float64


def test_says_where_labels_must_be(task):
    assert task.device == torch.device("cpu")


def test_offers_classes_only_if_there_are_some(task):
    assert ("classes" in task.offers) == (task.classes > 1)
