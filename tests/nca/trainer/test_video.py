"""A model of videos, trained from its own predictions."""

from functools import partial

import pytest
import torch

from ncabench import catalog, schema
from ncabench.nca.draws import Draws
from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.engine.eager import Eager
from ncabench.nca.pool import Batch
from ncabench.plan import assemble

DEVICES = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
Traced = partial(Compiled, backend="aot_eager")  # traces, and generates no code
VIDEOS = {"sequences": 2, "frames": 6, "classes": ["1", "7"]}


def spec(family, kind, **given):
    completed, problems = schema.complete(family, {"kind": kind, **given}, where=family)
    assert problems == []
    return completed


def trainer(engine, *, device="cpu", pool=None):
    made = assemble.assemble(
        {
            "model": spec("model", "positional"),
            "parts": {
                "perception": spec("perception", "conv", out_channels=4),
                "update": spec("update", "resnet", hidden=4, blocks=1),
            },
            "task": spec("task", "video", videos=VIDEOS, channels=5),
            "data": {"kind": "moving_mnist", "selection": VIDEOS},
            "rng_seed": 5,
        },
        root=None,
    )
    made.model.to(device)
    made.task.to(device)
    recipe = spec(
        "trainer",
        "rollout",
        iterations=40,
        batch=4,
        steps=[3, 4],
        loss="l1",
        optimiser={"kind": "adam", "learning_rate": 0.01},
        schedule={"kind": "constant"},
        pool=pool or {"kind": "timeseries", "size": 8, "ratio": [1.0, 1.0]},
    )
    given = (made.model, made.task, Draws(5), engine(torch.device(device)))
    return catalog.build("trainer", recipe, *given)


@pytest.mark.parametrize("device", DEVICES)
def test_every_engine_goes_the_same_way(device, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    fast = Traced if device == "cpu" else Compiled
    made = [trainer(engine, device=device) for engine in (Eager, fast)]
    for _ in range(5 if device == "cpu" else 12):  # on a GPU most are replayed
        expected, found = (one.advance() for one in made)
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=2e-3, atol=1e-4)


def test_samples_start_from_what_was_made_of_the_frame_before():
    made = trainer(Eager)
    for _ in range(4):
        made.advance()
    every = torch.tensor([0, 1, 2, 6, 7, 8])  # the windows of two videos of 6 frames
    seeds = made.task.seed_state(every, samples=every, draws=Draws(5))
    batch = Batch(state=seeds, labels=every)
    mixed = made._mixed(batch, pooled=len(every))
    held = made.pool.state_dict()["labels"].tolist()
    before = [label - 1 for label in batch.labels.tolist()]
    rows = [held.index(label) if label in held else None for label in before]
    assert set(map(type, rows)) == {int, type(None)}
    for slot, row in enumerate(rows):
        start = batch.state[slot] if row is None else made.pool.states[row]
        assert torch.equal(mixed.state[slot], start)


def test_it_learns():
    made = trainer(Eager)
    losses = [float(made.advance()["loss"]) for _ in range(40)]
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])
