"""Trainings so small that many run in a second, built as the harness builds them."""

import pytest
import torch
from torch import nn, optim

from ncabench import catalog, schema
from ncabench.nca.draws import Draws
from ncabench.nca.engine.eager import Eager
from ncabench.nca.model import Automaton, OnePass
from ncabench.nca.optimiser import Optimiser
from ncabench.nca.schedule.constant import Constant
from ncabench.nca.state import Layout
from ncabench.nca.task import Task
from ncabench.plan import assemble

CPU = torch.device("cpu")
CODER = {"kind": "vqvae", "base": 4, "latent_channels": 8, "halvings": 2, "groups": 2}
SMALL = {
    "base": 4,
    "hidden": 8,
    "out_channels": 8,
    "kernel_size": 3,
    "autoencoder": CODER,
    "decoder": {"kind": "lppn", "width": 8},
    "cells_per_axis": 3,
    "samples_per_ray": 6,
    "subdivision": 2,
}
OWN = {  # of kinds that have many weights as they are
    "nafnet": {"width": 4, "encoder": [1, 1], "middle": 1, "decoder": [1, 1]},
    "restormer": {"width": 4, "depths": [1, 1, 1, 1], "refinement": 1},
}
EMOJI = {"classes": ["fire", "red_apple"], "size_px": 8, "padding_px": 8, "channels": 8}
TILES = {"split": "all", "tile_px": 16, "per_class": 20}
TEXTURE = {"dataset": "skimage_textures", "exemplar": "ihc", "size_px": 48, "channels": 8}
TASKS = {  # a task's parameters, and its data
    "material": (TEXTURE, ("skimage_textures", "ihc")),
    "emoji": (EMOJI, ("noto_emoji", EMOJI["classes"])),
    "inpainting": ({"dataset": "photo_tiles", "images": TILES}, ("photo_tiles", TILES)),
    "denoising": (
        {"dataset": "photo_tiles", "images": TILES, "hidden": 4},
        ("photo_tiles", TILES),
    ),
    "restoration": (
        {"dataset": "photo_tiles", "images": TILES, "hidden": 4},
        ("photo_tiles", TILES),
    ),
}
NEEDED = {
    "Optimiser": {"kind": "adam", "learning_rate": 0.01},
    "Schedule": {"kind": "cosine", "warm_up": 2},
    "Critic": {"kind": "patch", "features": [4, 8, 8]},
    "int": 6,
}
STAGES = {"first": ("autoencoder", 2), "then": ("rollout", 4)}  # kinds, and their iterations
RESTORING = {"first": ("skip_autoencoder", 2), "then": ("latent_restoration", 4)}
RESTORED = dict.fromkeys(("restoration", *(k for k, _ in RESTORING.values())), "restoration")
TASK_OF = {"denoising": "denoising", **RESTORED}  # of trainers that need one
SKIP = {"kind": "skip", "base": 4}
RECIPE = {
    "batch": 4,
    "steps": [3, 6],
    "pool": {"kind": "fifo", "size": 8, "ratio": [0.5, 1.0]},
    "validation_steps": 3,
    "validation_images": 8,
    "validation_batch": 4,
}


def spec(family, kind, **given):
    """The completed spec of a component, the small sizes set where it has them."""
    parameters = catalog.describe(family, kind).parameters
    names = {one.name for one in parameters}
    small = {name: value for name, value in SMALL.items() if name in names}
    completed, problems = schema.complete(
        family, {"kind": kind, **small, **given}, where=family
    )
    assert problems == []
    return completed


def recipe(kind, *, stages=STAGES, **given):
    """A recipe for a kind of trainer, with something for whatever it needs."""
    if kind == "stages":
        return {"kind": kind, **{name: stage(name, stages, **given) for name in stages}}
    parameters = catalog.describe("trainer", kind).parameters
    names = {one.name for one in parameters}
    needed = {
        one.name: NEEDED[one.annotation]
        for one in parameters
        if one.annotation in NEEDED and one.default is catalog.REQUIRED
    }
    small = {name: value for name, value in RECIPE.items() if name in names}
    return spec("trainer", kind, **{**needed, **small, **given})


def stage(name, stages, *, iterations=6, **given):
    """One of two stages; what is beyond six iterations is done in the second."""
    kind, count = stages[name]
    more = iterations - 6 if name == "then" else 0
    names = {one.name for one in catalog.describe("trainer", kind).parameters}
    own = {key: value for key, value in given.items() if key in names}
    return {"family": "trainer", **recipe(kind, iterations=count + more, **own)}


def assembled(model, coder=CODER, task="emoji"):
    """A small model of a kind with its first weights, and a task."""
    parts = catalog.describe("model", model).attributes.get("parts", ())
    kinds = {"perception": "conv", "update": "mlp"}
    return assemble.assemble(
        {
            "model": spec(
                "model",
                model,
                **({"autoencoder": coder} if model.startswith("latent") else {}),
                **OWN.get(model, {}),
            ),
            "parts": {part: spec(part, kinds[part]) for part in parts},
            "task": spec("task", task, **TASKS[task][0]),
            "data": dict(zip(("kind", "selection"), TASKS[task][1], strict=True)),
            "rng_seed": 5,
        },
        root=None,
    )


@pytest.fixture
def make():
    """Builds a small trainer of a kind, for a kind of model."""

    def build(
        kind,
        model,
        *,
        amp=None,
        double=False,
        engine=Eager,
        device="cpu",
        coder=CODER,
        task=None,
        **given,
    ):
        restored = model.startswith("latent_") and kind != "rollout"
        task = task or TASK_OF.get(kind, "restoration" if restored else "emoji")
        made = assembled(model, SKIP if restored else coder, task)
        made.model.to(device)
        made.task.to(device)
        if double:
            made.model.double()
            made.task.double()
        return catalog.build(
            "trainer",
            recipe(kind, stages=RESTORING if restored else STAGES, **given),
            made.model,
            made.task,
            Draws(5),
            engine(torch.device(device), amp),
        )

    return build


class Plain(Optimiser):
    """Takes off the learning rate times the gradient."""

    def __init__(self, learning_rate=0.0):
        self.learning_rate = learning_rate

    def make(self, weights, *, captured=False):
        return optim.SGD(weights, lr=self.learning_rate)


class Half(Task):
    """Starts at 0 and should become 1/2 everywhere; two classes that do not differ."""

    def __init__(self):
        super().__init__()
        self.classes = 2
        self.layout = Layout(height=2, width=2, visible=1, hidden=1)

    def seed_state(self, labels, *, samples, draws):
        return torch.zeros(len(labels), 2, 2, 2)

    def condition(self, labels):
        return None

    def target(self, labels):
        return torch.full((len(labels), 1, 2, 2), 0.5)


class Rise(Automaton):
    """Adds its one weight to every cell in each step, and keeps what it was shown."""

    trainers = protocols = ()
    fire_rate = 0.5

    def __init__(self, weight=1.0, noise=0.0):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))
        self.noise = noise
        self.states, self.masks, self.noises = [], [], []

    def step(self, state, *, condition, mask, noise=None):
        self.states.append(state.detach().clone())
        self.masks.append(mask)
        self.noises.append(noise)
        return state + self.weight


class Shift(OnePass):
    """Adds its one weight to the image."""

    trainers = protocols = ()

    def __init__(self, weight=1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(self, image, condition):
        return image + self.weight


@pytest.fixture
def by_hand():
    """Builds a trainer of a one-weight model, at a learning rate of 0 unless told."""

    def build(kind, model, *, learning_rate=0.0, **given):
        given = {"iterations": 10, "batch": 4, "schedule": Constant(), **given}
        optimiser = given.pop("optimiser", Plain(learning_rate))
        trainer = catalog.find("trainer", kind)
        return trainer(model, Half(), Draws(5), Eager(CPU), optimiser=optimiser, **given)

    return build


@pytest.fixture
def plain():
    return Plain


@pytest.fixture
def rise():
    return Rise


@pytest.fixture
def shift():
    return Shift


@pytest.fixture
def slopes():
    return Plain
