"""The protocol quality on meshes and volumes: what it scores and films is the first view."""

import pytest
import torch

from ncabench.nca.data.skimage_textures import SkimageTextures
from ncabench.nca.decoder.lppn import LPPN
from ncabench.nca.draws import Draws
from ncabench.nca.metric.mse import MSE
from ncabench.nca.model.mesh_to_pixels import MeshToPixels
from ncabench.nca.model.volume_to_pixels import VolumeToPixels
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol.quality import Quality
from ncabench.nca.rollout import rollout
from ncabench.nca.task.material import Material
from ncabench.nca.weights import initialise

DECODER = {"decoder": LPPN(width=8), "hidden": 8, "views": 3}
MODELS = {
    "mesh": lambda image: MeshToPixels(image, subdivision=3, **DECODER),
    "volume": lambda image: VolumeToPixels(
        image, cells_per_axis=4, samples_per_ray=8, **DECODER
    ),
}


@pytest.fixture(params=MODELS)
def filmed(request):
    """A model, its task, and what the protocol measures of it."""
    exemplar = SkimageTextures().load("ihc")
    task = Material(exemplar, Draws(0), size_px=12, channels=6)
    model = MODELS[request.param](task.layout)
    initialise(model, Draws(0))
    torch.nn.init.uniform_(model.update.last.weight, -0.3, 0.3)
    protocol = Quality(steps=(2, 4), window=(3, 4), rollouts=2, films=2, frames=3)
    metrics = {"mse": MSE()}
    return model, task, protocol(model, task, Unperturbed(), metrics, Draws(1))


def test_a_filmstrip_has_the_pictures_of_the_states_on_their_way(filmed):
    model, task, measured = filmed
    samples, own = torch.arange(2), model.layout
    state = model.begin(task.seed_state(torch.zeros(2).long(), samples=samples, draws=Draws(1)))
    size = {"height": own.height, "width": own.width, "rate": 0.5}
    masks = Draws(1).masks("evaluation/fire", samples=samples, steps=range(4), **size)
    for step, frame in zip((0, 2, 4), measured.frames["image_1"], strict=True):
        with torch.no_grad():
            there = rollout(model, state, condition=None, masks=masks[:step])
        torch.testing.assert_close(frame, model.end(there)[1, :3])
    assert measured.frame_steps["image_1"] == [0, 2, 4]


def test_a_filmstrip_moves_and_its_score_is_of_its_last_picture(filmed):
    _, task, measured = filmed
    film = measured.frames["image_0"]
    assert film.shape == (3, 3, 12, 12)
    assert (film[0] - film[-1]).abs().max() > 1e-3
    error = (film[-1] - task.target(torch.tensor([0]))[0]).square().mean()
    assert measured.samples["mse/step_4"][0] == pytest.approx(float(error), rel=1e-4)
