"""Edges become images: told by the seed or by a condition, judged by a critic."""

from functools import partial

import pytest
import torch

from ncabench import catalog, schema
from ncabench.nca.draws import Draws
from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.engine.eager import Eager
from ncabench.plan import assemble

CPU = torch.device("cpu")
CODER = {"kind": "vqvae", "base": 4, "latent_channels": 8, "halvings": 2, "groups": 2}
RECIPE = {
    "kind": "wgan_gp",
    "iterations": 20,
    "batch": 4,
    "steps": [3, 6],
    "optimiser": {"kind": "adam", "learning_rate": 0.01},
    "critic": {"kind": "patch", "features": [4, 8, 8]},
    "critic_optimiser": {"kind": "adam", "learning_rate": 0.01},
    "schedule": {"kind": "constant"},
    "pool": {"kind": "fifo", "size": 8, "damage": "none", "mutation": 0.0},
}


def complete(family, **given):
    spec, problems = schema.complete(family, given, where=family)
    assert problems == []
    return spec


def edges(told, *, model="nca", engine=Eager):
    """A training of the bags that ship."""
    coder = {"autoencoder": CODER} if model == "latent" else {}
    selection = {"per_class": 8}
    made = assemble.assemble(
        {
            "model": complete("model", kind=model, **coder),
            "parts": {
                "perception": complete("perception", kind="conv", out_channels=8),
                "update": complete("update", kind="mlp", hidden=8),
            },
            "task": complete(
                "task",
                kind="edge_to_image",
                dataset="edges_to_bags",
                pairs=selection,
                edges=told,
                channels=8,
            ),
            "data": {"kind": "edges_to_bags", "selection": selection},
            "rng_seed": 5,
        },
        root=None,
    )
    recipe = complete("trainer", **RECIPE)
    return catalog.build("trainer", recipe, made.model, made.task, Draws(5), engine(CPU))


@pytest.mark.parametrize("told", ["seed", "condition"])
@pytest.mark.parametrize("model", ["nca", "latent"])
def test_is_trained_either_way(told, model):
    trainer = edges(told, model=model)
    scalars = [trainer.advance() for _ in range(3)][-1]
    assert all(value.isfinite() for value in scalars.values())


@pytest.mark.parametrize(("told", "planes"), [("seed", 4), ("condition", 8)])
def test_a_critic_sees_the_edges_that_are_a_condition(told, planes):
    trainer, seen = edges(told), []
    trainer.critic.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    trainer.advance()
    assert {images.shape for images in seen} == {(4, planes, 28, 28)}
    labels = trainer.task.training_labels(torch.arange(4), draws=Draws(5))
    told_edges = trainer.task.drawn_edges(labels)
    assert all(torch.equal(images[:, 4:], told_edges[:, : planes - 4]) for images in seen)


@pytest.mark.parametrize("told", ["seed", "condition"])
def test_compiled_steps_go_the_same_way(told):
    expected = edges(told)
    found = edges(told, engine=partial(Compiled, backend="aot_eager"))
    for _ in range(4):
        torch.testing.assert_close(found.advance(), expected.advance(), rtol=2e-3, atol=1e-4)
    noted = ["the condition is an image: all cells are computed, fire or not"]
    assert found.engine.notes == (noted if told == "condition" else [])
