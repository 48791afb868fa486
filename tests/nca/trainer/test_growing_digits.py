"""Automata that grow digits from a colour, and are told a blurred image or nothing."""

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
DIGITS = {"split": "all", "classes": ["1", "8"], "per_class": 6}
TOLD = {"blurred": True, "condition_dropout": 0.5}
CRITIC = {
    "critic": {"kind": "patch", "features": [4, 4]},
    "critic_optimiser": {"kind": "adam", "learning_rate": 0.01},
}
KINDS = [("rollout", "nca", {}), ("wgan_gp", "nca", {}), ("wgan_gp", "guided", TOLD)]


def spec(family, kind, **given):
    completed, problems = schema.complete(family, {"kind": kind, **given}, where=family)
    assert problems == []
    return completed


def trainer(kind, model, told, *, engine=Eager, device="cpu"):
    made = assemble.assemble(
        {
            "model": spec("model", model),
            "parts": {
                "perception": spec("perception", "conv", out_channels=4),
                "update": spec("update", "mlp", hidden=4),
            },
            "task": spec("task", "grow_digit", dataset="mnist_5k", images=DIGITS, **told),
            "data": {"kind": "mnist_5k", "selection": DIGITS},
            "rng_seed": 5,
        },
        root=None,
    )
    made.model.to(device)
    made.task.to(device)
    recipe = {
        "iterations": 40,
        "batch": 4,
        "steps": [3, 5],
        "loss": "l1",
        "optimiser": {"kind": "adam", "learning_rate": 0.01},
        "schedule": {"kind": "constant"},
        "pool": {"kind": "fifo", "size": 8, "mutation": 0.0, "damage": "none"},
        **(CRITIC if kind == "wgan_gp" else {}),
    }
    given = (made.model, made.task, Draws(5), engine(torch.device(device)))
    return catalog.build("trainer", spec("trainer", kind, **recipe), *given)


@pytest.mark.parametrize(("kind", "model", "told"), KINDS)
@pytest.mark.parametrize("device", DEVICES)
def test_a_compiled_training_goes_the_way_of_an_eager_one(
    kind, model, told, device, monkeypatch
):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    engine = Traced if device == "cpu" else Compiled
    plain = trainer(kind, model, told, device=device)
    faster = trainer(kind, model, told, engine=engine, device=device)
    for _ in range(4 if device == "cpu" else 10):  # on a GPU with some that are replayed
        expected, found = plain.advance(), faster.advance()
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize(("kind", "model", "told"), KINDS)
def test_a_training_goes_on_bit_for_bit(kind, model, told):
    whole, first, second = (trainer(kind, model, told) for _ in range(3))
    losses = [float(whole.advance()["loss"]) for _ in range(6)]
    for _ in range(3):
        first.advance()
    second.load_state_dict(first.state_dict())
    assert [float(second.advance()["loss"]) for _ in range(3)] == losses[3:]


def test_half_of_the_samples_are_told_nothing_and_a_pool_remembers_which(monkeypatch):
    made = trainer("wgan_gp", "guided", TOLD)
    told = []
    step = made.model.step
    monkeypatch.setattr(
        made.model,
        "step",
        lambda *given, **named: (told.append(named["condition"]), step(*given, **named))[1],
    )
    for _ in range(12):
        made.advance()
    every = torch.cat(told).flatten(1)
    assert float(every.any(dim=1).float().mean()) == pytest.approx(0.5, abs=0.2)
    labels = made.pool.labels[: int(made.pool.stored)]
    assert int(labels.max()) >= len(made.task.class_of) > int(labels.min())
