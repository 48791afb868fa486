"""Trainings of what is seen from many sides: each sample from a view that is drawn for it."""

import hashlib
from functools import partial

import pytest
import torch

from ncabench import catalog, schema
from ncabench.nca.draws import Draws
from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.engine.eager import Eager
from ncabench.nca.rendering.mesh import icosphere
from ncabench.plan import assemble

MODELS = {
    "mesh_to_pixels": {"subdivision": 3, "views": 4},
    "volume_to_pixels": {"cells_per_axis": 3, "samples_per_ray": 6, "views": 4, "ray_parts": 2},
}
STYLE = {"kind": "relaxed_style", "net": "st_vgg", "patch_px": 32, "scales": 1}
Traced = partial(Compiled, backend="aot_eager")


def complete(family, **given):
    """The completed spec of a component."""
    completed, problems = schema.complete(family, given, where=family)
    assert problems == []
    return completed


@pytest.fixture
def training():
    """Builds a small training of a 32 x 32 px texture."""

    def build(
        kind, *, engine=Eager, trainer="textured_rollout", loss="mse", model=None, **given
    ):
        sizes = {"dataset": "skimage_textures", "exemplar": "ihc", "size_px": 32}
        decoder = {"kind": "lppn", "width": 8}
        found = assemble.assemble(
            {
                "model": complete(
                    "model", kind=kind, decoder=decoder, **(model or MODELS[kind])
                ),
                "parts": {},
                "task": complete("task", kind="material", channels=6, **sizes),
                "data": {"kind": "skimage_textures", "selection": "ihc"},
                "rng_seed": 5,
            },
            root=None,
        )
        recipe = {"kind": trainer, "iterations": 9, "batch": 4, "steps": [2, 4], "loss": loss}
        recipe |= {"optimiser": {"kind": "adam", "learning_rate": 0.01}}
        recipe |= {"schedule": {"kind": "constant"}, "pool": {"kind": "returning", "size": 8}}
        spec = complete("trainer", **recipe | given)
        run = engine(torch.device("cpu"), None)
        return catalog.build("trainer", spec, found.model, found.task, Draws(5), run)

    return build


@pytest.mark.parametrize("trainer", ["rollout", "textured_rollout"])
@pytest.mark.parametrize("kind", MODELS)
def test_the_loss_is_of_each_sample_from_its_own_view(training, kind, trainer):
    steps = training(kind, trainer=trainer)
    samples, labels = torch.tensor([8, 9]), torch.tensor([0, 0])
    shape = steps._fresh(samples).state.shape
    final = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    drawn = Draws(5).integers("train/view", low=0, high=4, samples=samples)
    seen = [
        steps.model.view(one[None], turn[None]) for one, turn in zip(final, drawn, strict=True)
    ]
    wanted = (torch.cat(seen) - steps.task.target(labels)).square().mean()
    torch.testing.assert_close(steps._losses(final, labels, samples)["image_loss"], wanted)
    assert drawn[0] != drawn[1]


@pytest.mark.parametrize("kind", MODELS)
def test_parts_of_a_batch_are_seen_from_the_same_views(training, kind):
    whole, split = (training(kind, accumulation=count) for count in (1, 4))
    for _ in range(3):
        torch.testing.assert_close(split.advance(), whole.advance(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", MODELS)
def test_learns_a_little_of_a_texture_from_all_sides(training, kind):
    steps = training(kind, loss=STYLE, pool="none", batch=2, iterations=20)
    losses = [float(steps.advance()["image_loss"]) for _ in range(10)]
    assert sum(losses[-3:]) < 0.9 * sum(losses[:3])


@pytest.mark.parametrize("kind", MODELS)
def test_both_engines_go_the_same_way(training, kind):
    plain, compiled = (training(kind, engine=one) for one in (Eager, Traced))
    for _ in range(3):
        torch.testing.assert_close(compiled.advance(), plain.advance(), rtol=5e-3, atol=1e-4)


def test_learns_a_little_of_a_texture_on_a_mesh_from_a_file(training, tmp_path):
    path, sphere = tmp_path / "egg.obj", icosphere(3)
    lines = [f"v {x} {y} {1.5 * z}" for x, y, z in sphere.vertices]
    lines += [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in sphere.triangles]
    path.write_text("\n".join(lines))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    model = {"mesh": str(path), "mesh_digest": digest, "reach": 0.5, "views": 4}
    steps = training("mesh_to_pixels", model=model, loss=STYLE, pool="none", batch=2)
    losses = [float(steps.advance()["image_loss"]) for _ in range(10)]
    assert sum(losses[-3:]) < 0.9 * sum(losses[:3])
