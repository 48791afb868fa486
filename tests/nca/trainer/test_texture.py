"""Trainings of textures: what is compared, along which directions, and under both engines."""

from functools import partial

import pytest
import torch

from ncabench import catalog, schema
from ncabench.nca.draws import Draws
from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.engine.eager import Eager
from ncabench.plan import assemble

DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
Traced = partial(Compiled, backend="aot_eager")  # traces, and generates no code
STYLE = {"kind": "style", "net": "st_vgg", "projections": 4}


def complete(family, **given):
    """The completed spec of a component."""
    completed, problems = schema.complete(family, given, where=family)
    assert problems == []
    return completed


@pytest.fixture
def training():
    """Builds a small training of a 28 x 28 px texture."""

    def build(*, engine=Eager, device="cpu", **given):
        sizes = {"dataset": "skimage_textures", "exemplar": "ihc", "size_px": 28}
        made = assemble.assemble(
            {
                "model": complete("model", kind="nca"),
                "parts": {
                    "perception": complete("perception", kind="conv", out_channels=8),
                    "update": complete("update", kind="mlp", hidden=8),
                },
                "task": complete("task", kind="texture", channels=6, **sizes),
                "data": {"kind": "skimage_textures", "selection": "ihc"},
                "rng_seed": 5,
            },
            root=None,
        )
        made.model.to(device)
        made.task.to(device)
        recipe = {"kind": "rollout", "iterations": 40, "batch": 2, "steps": [2, 4]}
        recipe |= {"optimiser": {"kind": "adam", "learning_rate": 0.01}, "loss": STYLE}
        recipe |= {"schedule": {"kind": "constant"}, "pool": {"kind": "fifo", "size": 4}}
        spec = complete("trainer", **recipe | given)
        return catalog.build(
            "trainer", spec, made.model, made.task, Draws(5), engine(torch.device(device))
        )

    return build


def test_the_loss_compares_the_final_state_with_the_flipped_exemplar(training):
    trainer = training(pool="none", steps=[2, 3])
    first = trainer._fresh(torch.arange(2))
    with torch.no_grad():
        final = trainer._roll(first, torch.arange(2), steps=2)[:, :3]
    style = catalog.build("objective", complete("objective", **STYLE))
    style.prepare(torch.device("cpu"))
    lesson = trainer.task.target(first.labels)
    expected = style(final, lesson, draws=Draws(5), index=torch.tensor(0))
    torch.testing.assert_close(trainer.advance()["image_loss"], expected)


def test_parts_of_a_batch_meet_the_same_directions(training):
    whole, split = training(), training(accumulation=2)
    for _ in range(2):
        torch.testing.assert_close(split.advance(), whole.advance(), rtol=1e-3, atol=1e-4)


def test_learns_a_little_of_a_texture(training):
    trainer = training(pool="none")
    losses = [float(trainer.advance()["image_loss"]) for _ in range(10)]
    assert sum(losses[-3:]) < 0.8 * sum(losses[:3])


def test_a_saved_training_goes_on_bit_identically(training):
    whole, first, second = training(), training(), training()
    losses = [float(whole.advance()["loss"]) for _ in range(4)]
    for _ in range(2):
        first.advance()
    second.load_state_dict(first.state_dict())
    assert [float(second.advance()["loss"]) for _ in range(2)] == losses[2:]


@pytest.mark.parametrize("device", DEVICES)
def test_both_engines_go_the_same_way(training, device, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)  # whose rounding grows
    trainers = [
        training(engine=engine, device=device)
        for engine in (Eager, Traced if device == "cpu" else Compiled)
    ]
    for _ in range(3 if device == "cpu" else 12):  # on a GPU with some that are replayed
        expected, found = (trainer.advance() for trainer in trainers)
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=5e-3, atol=1e-4)
