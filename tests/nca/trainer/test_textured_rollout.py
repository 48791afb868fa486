import pytest
import torch

from ncabench import catalog, schema
from ncabench.nca.draws import Draws
from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.engine.eager import Eager
from ncabench.nca.schedule.constant import Constant
from ncabench.nca.trainer.textured_rollout import TexturedRollout
from ncabench.plan import assemble

MODELS = {
    "cells_to_pixels": {"scale": 4},
    "mesh_to_pixels": {"subdivision": 2},
    "volume_to_pixels": {"cells_per_axis": 3, "samples_per_ray": 6},
}
STYLE = {"kind": "relaxed_style", "net": "st_vgg", "patch_px": 32, "scales": 2}


def complete(family, **given):
    """The completed spec of a component."""
    completed, problems = schema.complete(family, given, where=family)
    assert problems == []
    return completed


def made(kind, size_px=32, meta=False):
    """A small model of cells and a texture, and all that a trainer is given."""
    exemplar = {"dataset": "skimage_textures", "exemplar": "ihc", "size_px": size_px}
    decoder = {"kind": "lppn", "width": 8}
    parts = {
        "perception": complete("perception", kind="stencil"),
        "update": complete("update", kind="relu_mlp", hidden=8),
    }
    found = assemble.assemble(
        {
            "model": complete("model", kind=kind, decoder=decoder, **MODELS[kind]),
            "parts": parts if kind == "cells_to_pixels" else {},
            "task": complete("task", kind="material", channels=6, **exemplar),
            "data": {"kind": "skimage_textures", "selection": "ihc"},
            "rng_seed": 5,
        },
        root=None,
        meta=meta,
    )
    return found.model, found.task, Draws(5)


@pytest.fixture
def training():
    """Builds a small training of a 32 x 32 px texture."""

    def build(kind, *, engine=Eager, size_px=32, meta=False, **given):
        recipe = {"kind": "textured_rollout", "iterations": 40, "batch": 2, "steps": [2, 4]}
        recipe |= {"optimiser": {"kind": "adam", "learning_rate": 0.01}, "loss": STYLE}
        recipe |= {"schedule": {"kind": "constant"}, "pool": {"kind": "fifo", "size": 4}}
        spec = complete("trainer", **recipe | given)
        parts = made(kind, size_px, meta)
        return catalog.build("trainer", spec, *parts, engine(torch.device("cpu"), None))

    return build


@pytest.mark.parametrize("kind", MODELS)
def test_the_loss_is_of_what_is_rendered_and_of_the_states_range(training, kind):
    trainer = training(kind)
    begun = trainer._fresh(torch.arange(2)).state
    final = 3 * torch.rand(begun.shape, generator=torch.Generator().manual_seed(0))
    found = trainer._losses(final, torch.tensor([0, 0]), torch.arange(2))
    style = catalog.build("objective", complete("objective", **STYLE))
    style.prepare(torch.device("cpu"))
    lesson = trainer.task.target(torch.tensor([0, 0]))
    image = style(trainer.model.end(final), lesson, draws=Draws(5), index=torch.tensor(0))
    torch.testing.assert_close(found["image_loss"], image)
    torch.testing.assert_close(found["loss"], image + 100 * (final - 1).clamp(min=0).mean())


@pytest.mark.parametrize("kind", MODELS)
def test_learns_a_little_of_a_texture(training, kind):
    trainer = training(kind, pool="none")
    losses = [float(trainer.advance()["image_loss"]) for _ in range(12)]
    assert sum(losses[-3:]) < 0.9 * sum(losses[:3])


@pytest.mark.parametrize("kind", MODELS)
def test_gradients_of_the_automaton_alone_are_normalised(plain, kind):
    engine = Eager(torch.device("cpu"))
    recipe = {"iterations": 2, "optimiser": plain(0.5), "schedule": Constant()}
    steps = TexturedRollout(*made(kind), engine, **recipe, batch=2, steps=(4, 5))
    steps.advance()  # the update ends in zeros, and nothing before it has a slope at first
    before = {name: one.detach().clone() for name, one in steps.model.named_parameters()}
    steps.advance()
    named = steps.model.named_parameters()
    moved = {name: float((one.detach() - before[name]).norm()) for name, one in named}
    even = {name for name, length in moved.items() if abs(length - 0.5) < 1e-3}
    assert even == {name for name in moved if not name.startswith("readout.")}


def test_parts_of_a_batch_meet_the_same_places(training):
    whole, split = (training("cells_to_pixels", accumulation=count) for count in (1, 2))
    for _ in range(2):
        torch.testing.assert_close(split.advance(), whole.advance(), rtol=1e-3, atol=1e-4)


def test_a_saved_training_goes_on_bit_identically(training):
    whole, first, second = (training("cells_to_pixels") for _ in range(3))
    losses = [float(whole.advance()["loss"]) for _ in range(4)]
    for _ in range(2):
        first.advance()
    second.load_state_dict(first.state_dict())
    assert [float(second.advance()["loss"]) for _ in range(2)] == losses[2:]


@pytest.mark.parametrize("pool", ["fifo", "returning"])
def test_both_engines_go_the_same_way(training, pool):
    def traced(device, amp):
        return Compiled(device, amp, backend="aot_eager")

    given = {"pool": {"kind": pool, "size": 4}}
    plain, compiled = (
        training("cells_to_pixels", engine=one, **given) for one in (Eager, traced)
    )
    for _ in range(3):
        torch.testing.assert_close(compiled.advance(), plain.advance(), rtol=5e-3, atol=1e-4)


@pytest.mark.parametrize("meta", [True, False], ids=("plan", "training"))
def test_an_exemplar_smaller_than_a_patch_is_refused_before_anything_is_loaded(training, meta):
    with pytest.raises(ValueError, match=r".") as caught:
        training("cells_to_pixels", size_px=28, meta=meta)
    assert str(caught.value) == (
        "an exemplar of 28 x 28 px is smaller than a patch of 32 x 32 px: make the exemplar "
        "larger, or patch_px smaller"
    )


def test_a_model_without_pixels_is_refused(make):
    with pytest.raises(TypeError, match=r"^a NCA has no cells that are seen as pixels$"):
        make("textured_rollout", "nca")
