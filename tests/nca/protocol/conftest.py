"""Models, a task and a metric so small that every measured value is known by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from ncabench import catalog
from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Automaton, OnePass
from ncabench.nca.perturbation import Perturbation
from ncabench.nca.state import Layout
from ncabench.nca.task import Task
from ncabench.nca.task.denoising import Denoising

LEVELS = (51, 204)  # 0.2 and 0.8 of 255, in turn


class TwoLevels(Task):
    """Class k starts at 0 and should become 10 + k everywhere."""

    offers = ("classes",)

    def __init__(self, size=2):
        super().__init__()
        self.classes = 2
        self.layout = Layout(height=size, width=size, visible=1, hidden=1, condition=2)

    def seed_state(self, labels, *, samples, draws):
        return torch.zeros(len(labels), 2, self.layout.height, self.layout.width)

    def condition(self, labels):
        return nn.functional.one_hot(labels, 2).float()

    def target(self, labels):
        planes = (10.0 + labels).view(-1, 1, 1, 1)
        return planes.expand(-1, 1, self.layout.height, self.layout.width)


class Climb(Automaton):
    """Adds 1 a step when told class 0, and 2 when told class 1."""

    trainers = protocols = ()
    fire_rate = 0.5

    def __init__(self):
        super().__init__()
        self.inner = nn.Dropout()
        self.modes = set()

    def step(self, state, *, condition, mask, noise=None):
        self.modes.add((self.training, torch.is_grad_enabled()))
        return state + (condition @ torch.tensor([1.0, 2.0])).view(-1, 1, 1, 1)


class Fire(Climb):
    """Adds 1 to the cells that fire."""

    def step(self, state, *, condition, mask, noise=None):
        return state + mask


class Jitter(Climb):
    """Adds noise alone."""

    noise = 1.0

    def step(self, state, *, condition, mask, noise=None):
        return state + noise


class Burst(Climb):
    """Leaves the finite numbers in one hidden cell of one sample, at step 6."""

    def step(self, state, *, condition, mask, noise=None):
        after = super().step(state, condition=condition, mask=mask, noise=noise)
        after[-1, 1, 0, 0] /= after[0, 0, 0, 0] < 6
        return after


class Approach(Automaton):
    """Goes half the way, at every step, to the brightest value that it is given."""

    trainers = protocols = ()
    fire_rate = 0.5
    noise = 0.0

    def __init__(self):
        super().__init__()
        self.inner = nn.Dropout()
        self.modes = set()

    def step(self, state, *, condition, mask, noise=None):
        self.modes.add((self.training, torch.is_grad_enabled()))
        given, shown, hidden = state.split([3, 3, state.shape[1] - 6], dim=1)
        return torch.cat([given, self.changed(shown, given, mask), hidden], dim=1)

    def changed(self, shown, given, mask):
        return (shown + given.amax(dim=(1, 2, 3), keepdim=True)) / 2


class AtItsRate(Approach):
    """Goes, at every step, the share of the way that its chance to fire is."""

    def changed(self, shown, given, mask):
        return shown + self.fire_rate * (given.amax(dim=(1, 2, 3), keepdim=True) - shown)


class Brighten(Approach):
    """Adds 1/64 to the cells that fire."""

    def changed(self, shown, given, mask):
        return shown + mask / 64


class Double(Approach):
    """Doubles what it shows, which leaves 10 behind at step 5 and the finite numbers at 129."""

    def changed(self, shown, given, mask):
        return 2 * shown


class Lost(Approach):
    """Shows no numbers."""

    def changed(self, shown, given, mask):
        return shown * torch.nan


class Offset(OnePass):
    """Answers with the image and 3 more when told class 0, 5 more when told class 1."""

    trainers = protocols = ()

    def forward(self, image, condition):
        return image + (condition @ torch.tensor([3.0, 5.0])).view(-1, 1, 1, 1)


class Rise(Automaton):
    """Adds its input to the visible channels in each step, and 1 to the hidden ones."""

    trainers = protocols = ()
    fire_rate = 0.5
    noise = 0.0

    def step(self, state, *, condition, mask, noise=None):
        given, visible = state.shape[1] // 3, 2 * state.shape[1] // 3
        parts = state[:, :given], state[:, given:visible], state[:, visible:]
        return torch.cat([parts[0], parts[1] + parts[0], parts[2] + 1], dim=1)


class Blow(Rise):
    """Where an input is dark in its first cell, leaves the finite numbers at once."""

    def step(self, state, *, condition, mask, noise=None):
        after = super().step(state, condition=condition, mask=mask, noise=noise)
        return torch.where(state[:, :1, :1, :1] < 0.25, torch.nan, after)


class Error(Metric):
    """The mean absolute difference."""

    label = "error"
    higher_is_better = False

    def forward(self, images, targets):
        return (images - targets).abs().mean(dim=(1, 2, 3))


class Reset(Perturbation):
    """Sets everything to 0."""

    def __call__(self, state, *, samples, draws):
        return torch.zeros_like(state), torch.ones_like(state[:, :1], dtype=torch.bool)


KINDS = (
    *(Climb, Fire, Jitter, Burst, Offset),
    *(Approach, AtItsRate, Brighten, Double, Lost),
)


@pytest.fixture
def models():
    return {kind.__name__: kind for kind in KINDS}


@pytest.fixture
def task():
    return TwoLevels


@pytest.fixture
def risers():
    return {kind.__name__: kind for kind in (Rise, Blow, Offset)}


@pytest.fixture
def levels():
    """Makes a task of grey images of one level each, of 255; the last of which are tested."""

    def made(*values, tests, classes=None, side=8, **settings):
        pixels = np.empty((len(values), side, side), dtype=np.uint8)
        pixels[:] = np.array(values).reshape(-1, 1, 1)
        first = len(values) - tests
        data = Images(
            images=pixels,
            labels=np.array(classes or [0] * len(values)),
            classes=("a", "b"),
            parts={"train": slice(0, first), "test": slice(first, len(values))},
        )
        spec = {"kind": "denoising", "hidden": 1, "batch": 2, **settings}
        return catalog.build("task", spec, data, Draws(0))

    return made


@pytest.fixture
def metrics():
    return {"error": Error()}


@pytest.fixture
def reset():
    return Reset()


@pytest.fixture
def masked_levels():
    """Eleven tests in batches of 2: images of one level each, 0.2 and 0.8 in turn."""
    levels = np.resize(np.array(LEVELS, dtype=np.uint8), 12).reshape(12, 1, 1, 1)
    pixels = np.broadcast_to(levels, (12, 8, 8, 3)).copy()
    parts = {"train": slice(0, 1), "test": slice(1, 12)}
    data = Images(images=pixels, labels=np.zeros(12), classes=("a",), parts=parts)
    return Denoising(data, Draws(0), hidden=2, batch=2)
