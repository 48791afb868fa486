"""What is kept for a gradient: each storage once, and nothing that no gradient needs."""

import pytest
import torch
from torch import nn

from ncabench.nca.model import Automaton
from ncabench.nca.state import Layout
from ncabench.nca.task import Task
from ncabench.run.kept import kept
from ncabench.run.workload import Workload

STATE_BYTES = 2 * 3 * 4 * 4 * 4  # two grids of three channels and 4 x 4 cells, float32


class Blank(Task):
    """Grids of zeros."""

    classes = 1
    layout = Layout(height=4, width=4, visible=1, hidden=2)

    def seed_state(self, labels, *, samples, draws):
        return torch.zeros(len(labels), 3, 4, 4)

    def condition(self, labels):
        return None

    def target(self, labels):
        return torch.zeros(len(labels), 1, 4, 4)


class Scaled(Automaton):
    """Multiplies by a weight, which needs the state; is seen as its square, which does too."""

    trainers, protocols = ("rollout",), ("recovery",)
    fire_rate, noise = 1.0, 0.0

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, 3, 4, 4))

    def step(self, state, *, condition, mask, noise=None):
        return state * self.weight


class Seen(Scaled):
    def end(self, state):
        wide = state.repeat(1, 1, 3, 3)  # keeps nothing; its exponential keeps its result
        return wide.exp()


class Judged(Scaled):
    """Looks for the state's largest values, which leaves no gradient to need them."""

    def step(self, state, *, condition, mask, noise=None):
        lives = nn.functional.max_pool2d(state, 3, 1, 1) > 0.1
        return super().step(state, condition=None, mask=None) + lives


class Twice(Scaled):
    """Needs the same state for two gradients."""

    def step(self, state, *, condition, mask, noise=None):
        return state * self.weight + state * self.weight


def found(model):
    measured = kept(Workload(model=model, task=Blank(), batch=2, steps=1))
    return {name: size * 2**20 for name, size in measured.items()}


@pytest.mark.parametrize("kind", [Scaled, Twice])
def test_a_step_keeps_its_state_once_and_no_weights(kind):
    assert found(kind()) == {"step_mib": STATE_BYTES, "render_mib": 0}


def test_a_rendering_keeps_what_it_needs_besides():
    assert found(Seen()) == {"step_mib": STATE_BYTES, "render_mib": 9 * STATE_BYTES}


def test_what_no_gradient_needs_is_not_kept():
    assert found(Judged())["step_mib"] == STATE_BYTES


def test_a_model_without_gradients_keeps_nothing():
    assert found(Scaled().requires_grad_(requires_grad=False)) == {
        "step_mib": 0,
        "render_mib": 0,
    }
