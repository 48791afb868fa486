import numpy as np
import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol.hidden_states import HiddenStates

LEVELS = [51, 0, 25, 51, 153, 178, 204]  # one to train on, then two groups of three
CLASSES = [0, 0, 0, 0, 1, 1, 1]


@pytest.fixture
def task(levels):
    return levels(*LEVELS, tests=6, classes=CLASSES, batch=2)


@pytest.fixture
def remember(risers):
    class Remembering(risers["Rise"]):
        def step(self, state, *, condition, mask, noise=None):
            return torch.cat([state[:, :2], state[:, :1]], dim=1)

    return Remembering()


@pytest.fixture
def measure(task, metrics, remember):
    def run(model=None, **settings):
        protocol = HiddenStates(**{"steps": 2, "neighbours": 1, **settings})
        return protocol(model or remember, task, Unperturbed(), metrics, Draws(7))

    return run


def test_one_level_explains_all_and_tells_the_classes_apart(measure):
    values = measure().values
    assert values["hidden/explained_2"] == pytest.approx(100)
    assert values["hidden/explained_3"] == pytest.approx(100)
    for space in ("separation", "separation_2", "separation_3", "separation_input"):
        assert values[f"hidden/{space}"] == 100.0
    assert values["hidden/largest_class"] == 50.0
    assert values["states/diverged_settled"] == 0.0


def test_hidden_channels_that_hold_nothing_tell_nothing(measure, risers):
    values = measure(risers["Rise"](), neighbours=5).values
    assert values["hidden/explained_3"] == 0.0
    assert (
        values["hidden/separation"] == 0.0
    )  # five others: two of its class, three of the other
    assert "error/answer" not in values


def test_three_dimensions_are_needed_where_three_vary(metrics, levels, risers):
    class Corners(risers["Rise"]):
        def step(self, state, *, condition, mask, noise=None):
            after = state.clone()
            after[:, 2:] = 0
            number = (state[:, 0, 0, 0] * 255 / 25).round().long()
            after[torch.arange(len(state)), 2, 0, number] = 5.0
            return after

    task = levels(0, 0, 25, 50, 75, tests=4)
    protocol = HiddenStates(steps=1, neighbours=1)
    values = protocol(Corners(), task, Unperturbed(), metrics, Draws(7)).values
    assert values["hidden/explained_2"] == pytest.approx(200 / 3)  # a regular tetrahedron
    assert values["hidden/explained_3"] == pytest.approx(100)


def test_inputs_may_be_masked(measure):
    whole, masked = (measure(masked=one).values for one in (False, True))
    assert whole["hidden/explained_2"] == pytest.approx(100)
    assert masked["hidden/explained_2"] < 99


def test_states_that_diverged_stay_out(measure, remember):
    class Bright(type(remember)):
        def step(self, state, *, condition, mask, noise=None):
            after = super().step(state, condition=condition, mask=mask, noise=noise)
            return torch.where(state[:, :1] > 0.75, torch.inf, after)

    found = measure(Bright())
    assert found.samples["states/diverged_settled"] == [0, 0, 0, 0, 0, 1]
    assert found.values["hidden/largest_class"] == 60.0  # three of five
    assert found.values["hidden/separation"] == 100.0


def test_of_too_few_nothing_is_said(measure):
    found = measure(images=2)
    assert found.values == {"states/diverged_settled": 0.0}
    assert found.frames == {}
    assert measure(neighbours=6).values.keys() == {"states/diverged_settled"}


def test_pictures_show_each_pair_of_components(measure):
    found = measure(side_px=48)
    assert found.frames["components"].shape == (3, 3, 48, 48)
    assert found.frame_steps["components"] == [2, 2, 2]
    inked = (found.frames["components"][0] < 1).any(dim=0)
    assert np.all(np.flatnonzero(inked.any(dim=0).numpy())[[0, -1]] == [0, 47])


@pytest.mark.parametrize(("name", "least"), [("steps", 1), ("neighbours", 1), ("side_px", 3)])
def test_numbers_that_are_too_small_are_refused(name, least):
    message = f"^{name} must be at least {least}, not {least - 1}$"
    with pytest.raises(ValueError, match=message):
        HiddenStates(**{name: least - 1})


def test_a_task_without_hidden_channels_is_refused(levels, metrics, remember):
    bare = levels(*LEVELS, tests=6, hidden=0)
    message = r"^hidden_states needs hidden channels, and the task has none$"
    with pytest.raises(ValueError, match=message):
        HiddenStates()(remember, bare, Unperturbed(), metrics, Draws(7))


def test_a_metric_may_not_be_called_like_what_it_measures(task, metrics, remember):
    named = {"hidden": metrics["error"]}
    message = r"^metric.hidden: hidden_states itself measures the hidden$"
    with pytest.raises(ValueError, match=message):
        HiddenStates()(remember, task, Unperturbed(), named, Draws(7))
