"""Automata of whole networks are stepped as whole grids: traced at once, the definition's."""

from functools import partial

import pytest
import torch

from ncabench.nca.autoencoder.skip import Skip
from ncabench.nca.decoder.lppn import LPPN
from ncabench.nca.draws import Draws
from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.engine.eager import Eager
from ncabench.nca.model.cells_to_pixels import CellsToPixels
from ncabench.nca.model.latent_nafca import LatentNAFCA
from ncabench.nca.model.latent_vitca import LatentViTCA
from ncabench.nca.model.mesh_to_pixels import MeshToPixels
from ncabench.nca.model.nafca import NAFCA
from ncabench.nca.model.nafnet import NAFNet
from ncabench.nca.model.restormer import Restormer
from ncabench.nca.model.unetca import UNetCA
from ncabench.nca.model.vit import ViT
from ncabench.nca.model.vitca import ViTCA
from ncabench.nca.model.vitca_unet import ViTCAUNet
from ncabench.nca.model.volume_to_pixels import VolumeToPixels
from ncabench.nca.perception.stencil import Stencil
from ncabench.nca.state import Layout
from ncabench.nca.update.relu_mlp import ReLUMLP
from ncabench.nca.weights import initialise

CPU = torch.device("cpu")
Traced = partial(Compiled, backend="aot_eager")
PIXELS = Layout(height=8, width=12, frozen=1, visible=1, hidden=4)
SEEN = Layout(height=4, width=6, visible=1, hidden=2)
DECODED = {"decoder": LPPN(width=4), "hidden": 4}
SMALL = {"embedding": 8, "heads": 2, "mlp": 8}
CODER = Skip(image_channels=1, base=4)


def rendered(**given):
    """Cells of eight channels that are stepped on 8 x 12 of them and seen as 32 x 48 pixels."""
    image = Layout(height=32, width=48, visible=4, hidden=4, **given)
    parts = Stencil(8), ReLUMLP(32, 8, hidden=12)
    return CellsToPixels(image, *parts, decoder=LPPN(width=8, harmonics=1), scale=4)


MODELS = {
    "vitca": partial(ViTCA, PIXELS, **SMALL),
    "wide window, depth": partial(ViTCA, PIXELS, **SMALL, kernel_size=5, depth=2),
    "depth as published": partial(ViTCA, PIXELS, **SMALL, depth=2, depth_bug=True),
    "patches, xy": partial(ViTCA, PIXELS, **SMALL, patch_size=4, encoding="xy"),
    "learned, copies": partial(ViTCA, PIXELS, **SMALL, encoding="learned", unfolded=True),
    "unetca": partial(UNetCA, PIXELS, width=4),
    "cells to pixels": rendered,
    "cells to pixels, living": partial(rendered, alive=3),
    "volume to pixels": partial(
        VolumeToPixels, SEEN, **DECODED, cells_per_axis=3, samples_per_ray=4
    ),
    "mesh to pixels": partial(MeshToPixels, SEEN, **DECODED, subdivision=1),
    "nafca": partial(NAFCA, PIXELS),
    "latent nafca": partial(LatentNAFCA, PIXELS, autoencoder=CODER),
    "latent vitca": partial(LatentViTCA, PIXELS, autoencoder=CODER, **SMALL),
}
FEW = {"width": 4, "encoder": (1, 1), "middle": 1, "decoder": (1, 1)}


def built(make):
    model = make()
    initialise(model, Draws(0))
    chance = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.1 * torch.randn(weight.shape, generator=chance)
    return model.double()


def rolls(engine, **given):
    return partial(roll, engine, given)


def roll(engine, given, model, *, state, condition, masks):
    return engine.rollout(model, state, condition=condition, masks=masks, **given)


def size(model):
    return {"height": model.layout.height, "width": model.layout.width}


@pytest.mark.parametrize("name", MODELS)
def test_a_rollout_and_every_gradient_are_the_definitions(scene, outcome, error, name):
    model = built(MODELS[name]).train()
    given = scene(model, steps=3, **size(model))
    expected = outcome(rolls(Eager(CPU)), model, given)
    assert error(outcome(rolls(Traced(CPU)), model, given), expected) < 1e-12


@pytest.mark.parametrize("name", ["vitca", "unetca"])
@pytest.mark.parametrize("engine", [Eager, Traced])
def test_segments_change_nothing(scene, outcome, error, engine, name):
    model = built(MODELS[name])
    given = scene(model, steps=5, **size(model))
    plain, parts = (
        outcome(rolls(engine(CPU), segments=segments), model, given) for segments in (0, 2)
    )
    assert error(parts, plain) < 1e-12


def test_a_program_for_tests_follows_the_heads_that_are_masked(scene, error):
    model = built(MODELS["vitca"]).eval()
    made = scene(model, steps=1, **size(model))
    stepped = Traced(CPU).inference(model)
    given = {"condition": None, "mask": made["masks"][0]}
    ends = []
    with torch.no_grad():
        for masked in ((), (0,)):
            model.encoder.masked_heads = masked
            ends.append([one.step(made["state"], **given) for one in (stepped, model)])
    assert error([one[0] for one in ends], [one[1] for one in ends]) < 1e-12
    assert not torch.equal(ends[0][0], ends[1][0])


@pytest.mark.parametrize(
    "make",
    [
        partial(ViT, PIXELS, **SMALL),
        partial(ViTCAUNet, PIXELS, width=4),
        partial(NAFNet, PIXELS, **FEW),
        partial(Restormer, PIXELS, width=4, depths=(1, 1, 1, 1), refinement=1),
    ],
)
def test_a_pass_can_be_traced_whole(error, make):
    model = built(make)
    image = torch.rand(2, 1, 8, 12, generator=torch.Generator().manual_seed(2)).double()
    found = Traced(CPU).faster(model)(image, None)
    assert error([found.detach()], [model(image, None).detach()]) < 1e-12
