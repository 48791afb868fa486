"""Components that break a contract, each in one way: the check for it says so, and no other."""

import pytest
import torch
from torch import nn

from ncabench.nca.contract import (
    metric,
    model,
    objective,
    perception,
    perturbation,
    task,
    update,
)
from ncabench.nca.contract.broken import Broken
from ncabench.nca.draws import Draws
from ncabench.nca.metric.mse import MSE
from ncabench.nca.model.nca import NCA
from ncabench.nca.objective import Objective
from ncabench.nca.perception import Perception
from ncabench.nca.perturbation.disc import Disc
from ncabench.nca.task.emoji import Emoji
from ncabench.nca.update import Update


class Beside(Perception):
    """Keeps the contract: the state, and what is above it."""

    def __init__(self):
        super().__init__()
        self.out_channels = 2 * perception.CHANNELS

    def forward(self, state):
        return torch.cat([state, state.roll(1, dims=2)], dim=1)


class Promising(Beside):
    def __init__(self):
        super().__init__()
        self.out_channels += 1


class Drawing(Beside):
    def forward(self, state):
        return super().forward(state) + torch.randn(()).item() * 0


class Counting(Beside):
    turn = 0

    def forward(self, state):
        self.turn += 1
        return super().forward(state) + self.turn * 1e-5


class Writing(Beside):
    def forward(self, state):
        return super().forward(state.mul_(0.5) if not state.requires_grad else state)


class Global(Beside):
    def forward(self, state):
        return super().forward(state + state.mean(dim=(2, 3), keepdim=True))


class Blind(Beside):
    def forward(self, state):
        return torch.cat([state, state], dim=1)


class Placed(Beside):
    def forward(self, state):
        return super().forward(state) * torch.linspace(0, 1, state.shape[3])


class Deaf(Beside):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def initialise(self, keyed):
        keyed.uniform_(self.weight, bound=1.0)


class Unkeyed(Beside):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(1))

    def forward(self, state):
        return super().forward(state) * self.weight

    def initialise(self, keyed):
        self.weight.copy_(torch.rand(1))


def broken(contract, build):
    """What the checks of a contract say, by their names; nothing of those that are kept."""
    said = {}
    for check in contract.CHECKS:
        try:
            check(build)
        except Broken as error:
            said[check.__name__] = str(error)
    return said


def test_what_keeps_the_contract_is_told_nothing():
    assert broken(perception, Beside) == {}


ONE_WAY = [
    (
        Promising,
        "has_the_shape_that_it_promises",
        "percepts are (2, 10, 16, 20), and by out_channels (2, 11, 16, 20)",
    ),
    (
        Drawing,
        "draws_no_random_numbers",
        "it draws from the global generator; chance comes from `draws` alone",
    ),
    (
        Counting,
        "draws_no_random_numbers",
        "it gives other numbers when it is called again",
    ),
    (
        Global,
        "sees_its_neighbours_and_no_further",
        "it is not local: a change is seen more than 6 cells away",
    ),
    (Blind, "sees_its_neighbours_and_no_further", "no other cell sees that a cell changes"),
    (
        Placed,
        "does_the_same_everywhere",
        "percepts depend on where a cell is: a state that moves has others",
    ),
    (Deaf, "passes_gradients_on", "weight gets no gradient"),
    (
        Unkeyed,
        "starts_the_same",
        "weight starts otherwise each time; see ncabench.nca.weights",
    ),
]


@pytest.mark.parametrize(
    ("kind", "check", "said"), ONE_WAY, ids=lambda one: getattr(one, "__name__", "")
)
def test_a_perception_that_breaks_it_is_told_how(kind, check, said):
    found = broken(perception, kind)
    assert found[check] == said
    assert set(found) <= {check, "sees_its_neighbours_and_no_further"}  # which calls it twice


def test_a_perception_that_writes_into_its_input_is_told_so():
    found = broken(perception, Writing)
    assert found["leaves_its_input_as_it_was"] == "it changes its input, the state, in place"


class Spreading(Update):
    def __init__(self):
        super().__init__()
        self.inner = nn.Conv2d(*update.CHANNELS, 3, padding=1)

    def forward(self, percepts):
        return self.inner(percepts) * 0.1


def test_an_update_that_looks_beyond_its_cell_is_told_how_far():
    found = broken(update, Spreading)
    assert found == {"looks_at_one_cell_alone": "8 other cells change with a cell's percepts"}


class Worse(MSE):
    higher_is_better = True


class Together(MSE):
    def forward(self, images, targets):
        return super().forward(images, targets) * len(images)


def test_a_metric_that_calls_the_wrong_way_better_is_told_so():
    found = broken(metric, Worse)
    assert list(found) == ["ranks_an_image_before_another"]
    assert found["ranks_an_image_before_another"].endswith("though higher_is_better is True")


def test_a_metric_whose_values_depend_on_the_batch_is_told_so():
    assert broken(metric, Together) == {
        "measures_each_image_alone": "an image's value depends on the batch that it is in"
    }


class Silent(Disc):
    def __call__(self, state, *, samples, draws):
        changed, touched = super().__call__(state, samples=samples, draws=draws)
        return changed, torch.zeros_like(touched)


class Half(Disc):
    def pairs(self, classes):
        return [(label, 0) for label in range(classes)]


def test_a_perturbation_that_does_not_say_what_it_touched_is_told_so():
    assert broken(perturbation, Silent) == {
        "changes_the_touched_cells_and_no_other": (
            "it changes cells that it does not call touched"
        )
    }


def test_a_perturbation_that_leaves_classes_out_is_told_which():
    assert broken(perturbation, Half) == {
        "covers_all_classes_equally_often": (
            "classes after come [4, 0, 0, 0] times, and must come equally often"
        )
    }


class Summed(Objective):
    def prepare(self, device):
        """Nothing is loaded."""

    def __call__(self, answer, lesson, *, draws, index):
        return (answer - lesson).square().sum()


def test_an_objective_that_sums_over_samples_is_told_so():
    assert broken(objective, Summed) == {
        "is_averaged_over_samples": "the loss of a batch is not the mean of its samples' losses"
    }


class Shared(Emoji):
    def seed_state(self, labels, *, samples, draws):
        if not hasattr(self, "kept"):
            self.kept = super().seed_state(labels, samples=samples, draws=draws)
        return self.kept


def test_a_task_that_hands_out_its_own_seed_state_is_told_so():
    found = broken(task, lambda: Shared(_drawings(), Draws(0)))
    assert found["gives_seed_states_of_their_own"] == (
        "who changes a seed state changes the task's own, and so the next one"
    )


def test_an_emoji_task_keeps_the_contract():
    assert broken(task, lambda: Emoji(_drawings(), Draws(0))) == {}


def _drawings():
    from ncabench import catalog

    defaults = {one.name: one.default for one in catalog.describe("task", "emoji").parameters}
    return catalog.find("data", "noto_emoji")().load(defaults["classes"])


class Deafened(NCA):
    def step(self, state, *, condition, mask, noise=None):
        return super().step(
            state,
            condition=condition * 0 if condition is not None else None,
            mask=mask,
            noise=noise,
        )


def test_a_model_that_does_not_hear_its_condition_is_told_so():
    assert broken(model, lambda: model.built(NCA)) == {}
    assert broken(model, lambda: model.built(Deafened)) == {
        "hears_the_condition": "two conditions make no difference"
    }
