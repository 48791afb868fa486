"""Both protocols on a classification whose every score is known by hand."""

import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.metric.pixel_accuracy import PixelAccuracy
from ncabench.nca.model import Automaton, OnePass
from ncabench.nca.perturbation.disc import Disc
from ncabench.nca.perturbation.mutation import Mutation
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol.one_pass_recovery import OnePassRecovery
from ncabench.nca.protocol.recovery import Recovery
from ncabench.nca.state import Layout
from ncabench.nca.task import Task


class Pairs(Task):
    """Two classes of four images; image i is 1 + i in one of two cells, class i % 2.

    Channels: the frozen image, a hidden one, two class scores; the state starts at zero.
    """

    def __init__(self):
        super().__init__()
        self.classes = 2
        self.layout = Layout(height=1, width=2, frozen=1, hidden=1, classes=2)

    def test_labels(self, classes, *, turns):
        return classes + 2 * (turns % 2)

    def image(self, labels):
        image = torch.zeros(len(labels), 1, 1, 2)
        image[torch.arange(len(labels)), 0, 0, labels % 2] = 1.0 + labels
        return image

    def seed_state(self, labels, *, samples, draws):
        rest = torch.zeros(len(labels), 3, 1, 2)
        return torch.cat([self.image(labels), rest], dim=1)

    def condition(self, labels):
        return None

    def target(self, labels):
        planes = torch.nn.functional.one_hot(labels % 2, 2).float()[:, :, None, None]
        return planes * (self.image(labels) > 0)

    def picture(self, state):
        return state[:, :1]


class Late(Automaton):
    """From the third step on, each cell of the image names its own place as the class.

    The hidden channel counts the steps; it starts anew where the image of a cell changes
    from 0.
    """

    trainers = protocols = ()
    fire_rate = 0.5

    def __init__(self):
        super().__init__()
        self.seen = []

    def step(self, state, *, condition, mask, noise=None):
        self.seen.append(state.clone())
        image, count = state[:, :1], state[:, 1:2]
        count = (count + 1) * (image > 0)
        scores = torch.eye(2)[:, None] * (count >= 3)
        return torch.cat([image, count, scores], dim=1)


class Place(OnePass):
    """Each cell of the image names its own place as the class."""

    trainers = protocols = ()

    def forward(self, image, condition):
        return torch.eye(2)[:, None] * image


GIVEN = {"perturb_at": 4, "horizon": 5, "stage_1": (1, 4), "rollouts": 4, "frames": 2}
METRICS = {"accuracy": PixelAccuracy()}


def measure(perturbation, model=None, **given):
    protocol = Recovery(**{**GIVEN, **given})
    return protocol(model or Late(), Pairs(), perturbation, METRICS, Draws(7))


def test_another_image_under_the_state_costs_accuracy_and_it_comes_back():
    found = measure(Mutation())
    assert found.samples["accuracy/stage_1"] == [100, 50, 100, 50]  # zeros say class 0
    assert found.samples["accuracy/before"] == [100] * 4
    assert found.samples["accuracy/damaged"] == [0, 100, 0, 100]
    assert found.samples["accuracy/after_one"] == [0, 100, 0, 100]
    assert found.samples["accuracy/final"] == [100] * 4
    assert found.values["accuracy/recovery"] == 100.0


def test_only_the_frozen_channel_is_swapped():
    model = Late()
    measure(Mutation(), model, rollouts=2)
    before, after = model.seen[3], model.seen[4]  # of states 3 and 4, the latter perturbed
    assert after[:, 0].flatten(1).tolist() == [[0, 2], [1, 0]]
    image, count = before[:, :1], before[:, 1:2] + 1
    scores = torch.eye(2)[:, None] * (image > 0)
    torch.testing.assert_close(after[:, 1:], torch.cat([count * (image > 0), scores], dim=1))


def test_the_curve_dips_where_the_image_changes():
    curve = measure(Mutation()).curves["accuracy"]
    assert curve.steps == [0, 1, 2, 3, 4, 4, 5, 6, 7, 8, 9]
    assert curve.values == [50, 50, 50, 100, 100, 50, 50, 50, 100, 100, 100]


def test_damage_leaves_the_image():
    model = Late()
    measure(Disc(radius=9.0), model, rollouts=2)
    assert model.seen[4][:, 0].flatten(1).tolist() == [[1, 0], [0, 2]]
    assert not model.seen[4][:, 1:].any()


def test_tests_of_a_class_take_its_images_in_turn_at_any_batch():
    whole, split = Late(), Late()
    measure(Unperturbed(), whole, batch=4)
    measure(Unperturbed(), split, batch=1)
    assert whole.seen[0][:, 0].amax(dim=(1, 2)).tolist() == [1, 2, 3, 4]
    firsts = [state[0, 0].max().item() for state in split.seen[::9]]
    assert firsts == [1, 2, 3, 4]


def test_a_one_pass_model_is_shown_one_image_and_then_the_other():
    protocol = OnePassRecovery(rollouts=2)
    found = protocol(Place(), Pairs(), Mutation(), METRICS, Draws(7))
    assert found.samples["accuracy/before"] == [100, 100]
    assert found.samples["accuracy/damaged"] == [0, 100]  # what it said of the first image
    assert found.samples["accuracy/final"] == [100, 100]
    assert found.values["accuracy/recovery"] == 100.0
    assert found.frames["class_0_to_1"][:, 0, 0].tolist() == [[1, 0], [1, 0], [0, 2], [0, 2]]


@pytest.mark.parametrize("batch", [1, 2])
def test_a_one_pass_model_meets_the_same_images_at_any_batch(batch):
    protocol = OnePassRecovery(rollouts=4, batch=batch)
    found = protocol(Place(), Pairs(), Unperturbed(), METRICS, Draws(7))
    assert found.frames["class_1"][:, 0, 0].tolist() == [[0, 2]] * 4
    assert found.samples["accuracy/before"] == [100] * 4
