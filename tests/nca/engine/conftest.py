"""Automata of every perception with weights that matter, and how two rollouts differ."""

import pytest
import torch

from ncabench import catalog
from ncabench.nca.draws import Draws
from ncabench.nca.model.nca import NCA
from ncabench.nca.perception.conv import Conv
from ncabench.nca.perception.sobel import Sobel
from ncabench.nca.state import Layout
from ncabench.nca.update.mlp import MLP
from ncabench.nca.update.resnet import ResNet
from ncabench.nca.weights import initialise

SMALL = {"out_channels": 8, "embedding": 8, "heads": 2}
UPDATES = {"mlp": MLP, "resnet": ResNet}


def perceiving(kind, channels, given):
    described = catalog.describe("perception", kind).parameters
    names = {one.name for one in described}
    small = {name: value for name, value in SMALL.items() if name in names}
    if kind == "combined":
        branches = (Conv(channels, out_channels=8), Sobel(channels))
        small = {"branches": branches}
    return catalog.find("perception", kind)(channels, **{**small, **given})


@pytest.fixture
def automaton():
    """Builds an automaton in double precision; no weight of it is zero."""

    def build(kind="conv", *, update="mlp", layout=None, perception=None, **given):
        channels = {"visible": 4, "hidden": 4, "condition": 2, "alive": 3, **(layout or {})}
        sizes = Layout(height=7, width=9, **channels)
        sensing = perceiving(kind, sizes.perceived, perception or {})
        thinking = UPDATES[update](sensing.out_channels, sizes.channels, hidden=10)
        model = NCA(sizes, sensing, thinking, **given)
        initialise(model, Draws(1))
        chance = torch.Generator().manual_seed(2)
        with torch.no_grad():
            for weight in model.parameters():
                weight += 0.15 * torch.randn(weight.shape, generator=chance)
        return model.double()

    return build


@pytest.fixture
def scene():
    """Builds a start, a condition and masks for an automaton, on the device of its weights."""

    def build(model, *, steps=5, batch=3, height=7, width=9, state=None):
        weight = next(model.parameters())
        chance, layout = torch.Generator().manual_seed(3), model.layout
        start = torch.rand(batch, layout.channels, height, width, generator=chance)
        start = start if state is None else torch.full_like(start, state)
        told = torch.randn(batch, layout.condition, generator=chance).to(weight)
        masks = torch.rand(steps, batch, 1, height, width, generator=chance) < model.fire_rate
        return {
            "state": start.to(weight).requires_grad_(),
            "condition": told if layout.condition else None,
            "masks": masks.to(weight.device),
        }

    return build


@pytest.fixture
def outcome():
    """Runs a rollout: what it ends in, and the gradients of the start and of all weights."""

    def run(roll, model, given):
        last = roll(model, **given)
        slope = torch.linspace(-1, 1, last.numel()).view(last.shape).to(last)
        learning = [weight for weight in model.parameters() if weight.requires_grad]
        wanted = [given["state"], *learning]
        gradients = torch.autograd.grad((last * slope).sum(), wanted, allow_unused=True)
        return [last.detach(), *(one for one in gradients if one is not None)]

    return run


@pytest.fixture
def error():
    """The greatest relative distance of two outcomes, tensor by tensor."""

    def compare(found, expected):
        assert [one.shape for one in found] == [one.shape for one in expected]
        assert all(bool(one.isfinite().all()) for one in found)
        distances = [
            float(
                (one.double() - other.double()).norm() / other.double().norm().clamp_min(1e-9)
            )
            for one, other in zip(found, expected, strict=True)
        ]
        return max(distances)

    return compare
