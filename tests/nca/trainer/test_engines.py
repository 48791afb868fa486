"""Trainings under a compiling engine go the way of eager ones, on every device here."""

from functools import partial

import pytest
import torch

from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.engine.eager import Eager

DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
Traced = partial(Compiled, backend="aot_eager")  # traces, and generates no code


@pytest.mark.parametrize(
    ("kind", "model"),
    [
        *(("rollout", "nca"), ("wgan_gp", "nca"), ("one_pass", "unet"), ("adversarial", "gan")),
        *((kind, "latent") for kind in ("autoencoder", "latent_rollout", "stages")),
    ],
)
@pytest.mark.parametrize("device", DEVICES)
def test_every_trainer_goes_the_same_way(make, kind, model, device):
    """In float64, since a GAN multiplies a rounding by a thousand in a dozen iterations."""
    trainers = [
        make(kind, model, engine=engine, device=device, iterations=40, double=True)
        for engine in (Eager, Traced if device == "cpu" else Compiled)
    ]
    for _ in range(6 if device == "cpu" else 12):  # on a GPU with some that are replayed
        expected, found = (trainer.advance() for trainer in trainers)
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("device", DEVICES)
def test_a_training_goes_on_from_a_checkpoint(make, device):
    whole, first, second = (
        make("rollout", "nca", engine=Traced, device=device, iterations=40) for _ in range(3)
    )
    losses = [float(whole.advance()["loss"]) for _ in range(12)]
    for _ in range(6):
        first.advance()
    second.load_state_dict(first.state_dict())
    gone_on = [float(second.advance()["loss"]) for _ in range(6)]
    assert gone_on == pytest.approx(losses[6:], rel=1e-4)


@pytest.mark.parametrize("device", DEVICES)
def test_a_kind_of_iteration_that_comes_again_is_recorded_on_a_gpu(make, device):
    engine = Compiled if device == "cuda" else Traced
    trainer = make("rollout", "nca", engine=engine, device=device, iterations=30)
    kinds = []
    for _ in range(30):
        kinds.append(trainer.decide())
        trainer.advance()
    again = {kind for kind in kinds if kinds.count(kind) > 1}
    assert set(trainer.engine._graphs) == (again if device == "cuda" else set())
