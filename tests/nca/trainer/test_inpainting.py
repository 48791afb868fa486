"""Trainings on holes, whose masks are conditions of a whole grid."""

from functools import partial

import pytest
import torch

from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.engine.eager import Eager

CODER = {
    "kind": "vqvae",
    "image_channels": 3,
    "base": 4,
    "latent_channels": 8,
    "halvings": 2,
    "groups": 2,
}
NO_DAMAGE = {"kind": "fifo", "size": 8, "mutation": 0.0, "damage": "none"}
DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


@pytest.fixture
def holes(make):
    return partial(make, task="inpainting", coder=CODER, pool=NO_DAMAGE)


@pytest.mark.parametrize("kind", ["latent_rollout", "stages"])
@pytest.mark.parametrize("device", DEVICES)
def test_engines_go_the_same_way(holes, kind, device, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    traced = partial(Compiled, backend="aot_eager")
    trainers = [
        holes(kind, "latent", engine=engine, device=device, iterations=20)
        for engine in (Eager, traced if device == "cpu" else Compiled)
    ]
    for _ in range(6 if device == "cpu" else 12):
        expected, found = (trainer.advance() for trainer in trainers)
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=2e-3, atol=1e-4)


def test_a_training_goes_on_bit_for_bit(holes):
    whole, first, second = (holes("stages", "latent") for _ in range(3))
    losses = [whole.advance()["loss"] for _ in range(6)]
    for _ in range(4):
        first.advance()
    second.load_state_dict(first.state_dict())
    assert [second.advance()["loss"] for _ in range(2)] == losses[4:]


def test_a_state_of_the_pool_keeps_its_image_and_its_hole(holes, monkeypatch):
    trainer = holes(
        "latent_rollout", "latent", iterations=4, pool=NO_DAMAGE | {"ratio": [1, 1]}
    )
    told, labels = [], []
    condition, lesson = trainer.task.condition, trainer.task.lesson
    monkeypatch.setattr(
        trainer.task, "condition", lambda one: told.append(one) or condition(one)
    )
    monkeypatch.setattr(trainer.task, "lesson", lambda one: labels.append(one) or lesson(one))
    for _ in range(2):
        trainer.advance()
    assert torch.equal(told[1], labels[1])
    assert sorted(told[1].tolist()) == sorted(told[0].tolist())  # all four came from the pool


def test_the_mask_is_heard(holes):
    trainer = holes("latent_rollout", "latent", pool=None)
    task, model = trainer.task, trainer.model
    labels = task.training_labels(torch.arange(2), draws=trainer.draws)
    state = torch.zeros(2, model.layout.channels, model.layout.height, model.layout.width)
    masks = torch.zeros(2, 1, 16, 16), torch.ones(2, 1, 16, 16)
    none, all_ = (model.step(state, condition=one, mask=None) for one in masks)
    own = model.step(state, condition=task.condition(labels), mask=None)
    assert not torch.equal(none, all_)
    assert not torch.equal(own, none)
