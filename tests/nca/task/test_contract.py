"""What every task must do, whichever it is. New ones are tested unasked."""

import pytest
import torch

from ncabench import catalog
from ncabench.nca.draws import Draws
from ncabench.nca.task import Task


@pytest.fixture(params=catalog.kinds("task"))
def task(request: pytest.FixtureRequest) -> Task:
    described = catalog.describe("task", request.param)
    data = None
    if described.attributes.get("reads"):
        kind, parameter = described.attributes["reads"]
        defaults = {one.name: one.default for one in described.parameters}
        data = catalog.find("data", kind)().load(defaults[parameter])
    return catalog.find("task", request.param)(data, Draws(0))


def test_seed_states_have_the_layouts_shape(task):
    layout = task.layout
    shape = (3, layout.channels, layout.height, layout.width)
    assert task.seed_state(3).shape == shape
    assert task.seed_state(3).isfinite().all()


def test_conditions_and_targets_have_the_layouts_channels(task):
    labels = torch.arange(task.classes)
    condition, target = task.condition(labels), task.target(labels)
    channels = 0 if condition is None else condition.shape[1]
    assert channels == task.layout.condition
    assert target.shape == (task.classes, task.layout.visible, *task.seed_state(1).shape[2:])


def test_a_changed_seed_state_leaves_the_next_as_it_was(task):
    first = task.seed_state(2)
    before = first.clone()
    first += 1
    torch.testing.assert_close(task.seed_state(2), before, rtol=0, atol=0)


def test_has_no_weights_and_moves_as_a_whole(task):
    assert list(task.parameters()) == []
    moved = task.to(torch.float64)
    labels = torch.zeros(1, dtype=torch.int64)
    assert moved.seed_state(1).dtype == moved.target(labels).dtype == torch.float64


def test_offers_classes_only_if_there_are_some(task):
    assert ("classes" in task.offers) == (task.classes > 1)
