"""An automaton seen through another model's decoder: pictures so plain that all is known."""

import numpy as np
import pytest
import torch

from ncabench.nca.decoder.linear import Linear
from ncabench.nca.decoder.lppn import LPPN
from ncabench.nca.draws import Draws
from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.metric.mse import MSE
from ncabench.nca.model import Automaton
from ncabench.nca.model.cells_to_pixels import CellsToPixels
from ncabench.nca.model.mesh_to_pixels import MeshToPixels
from ncabench.nca.perception.stencil import Stencil
from ncabench.nca.perturbation.half_plane import HalfPlane
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol.recovery import Recovery
from ncabench.nca.protocol.swap import Swap
from ncabench.nca.rollout import rollout
from ncabench.nca.state import Layout
from ncabench.nca.task import Task
from ncabench.nca.update.relu_mlp import ReLUMLP
from ncabench.nca.weights import initialise

SHORT = {"donor": {"task": "other"}, "steps": 3, "rollouts": 2, "batch": 1, "square_px": 4}


class Even(Task):
    """From the same value everywhere, more in the right half, to another; 8 x 8 px."""

    def __init__(self, *, seed, target, right=0, classes=1, visible=1):
        super().__init__()
        self.classes, self.seed, self.wanted, self.right = classes, seed, target, right
        self.layout = Layout(height=8, width=8, visible=visible, hidden=1)

    def seed_state(self, labels, *, samples, draws):
        state = torch.full((len(labels), self.layout.channels, 8, 8), float(self.seed))
        state[..., 4:] += self.right
        return state

    def condition(self, labels):
        return None

    def target(self, labels):
        return torch.full((len(labels), self.layout.visible, 8, 8), float(self.wanted))


def rendering(task, *, gain=None, scale=2, key=0):
    """A model of cells that stay as they are, seen ``gain`` times as bright; or any model."""
    channels = task.layout.channels
    parts = Stencil(channels), ReLUMLP(4 * channels, channels, hidden=4)
    decoder = LPPN(width=8) if gain is None else Linear()
    model = CellsToPixels(task.layout, *parts, decoder=decoder, scale=scale)
    initialise(model, Draws(key))
    with torch.no_grad():
        if gain is None:
            torch.nn.init.uniform_(model.update.last.weight, -0.3, 0.3)
        else:
            model.readout.layer.weight.copy_(torch.tensor([[gain, 0.0]]))
            model.readout.layer.bias.zero_()
    return model


def swapped(own, donor, *, metrics=None, perturbation=None, **settings):
    protocol = Swap(**{**SHORT, **settings})
    protocol.receive(*donor)
    found = {"mse": MSE()} if metrics is None else metrics
    return protocol(*own, perturbation or Unperturbed(), found, Draws(7))


@pytest.fixture
def own():
    task = Even(seed=1, target=3)
    return rendering(task, gain=1.0), task


@pytest.fixture
def donor():
    task = Even(seed=2, target=4)
    return rendering(task, gain=5.0), task


def test_each_picture_is_compared_with_what_it_should_be(own, donor):
    values = swapped(own, donor).values  # the pictures are 1, 1 * 5 and 2 * 5
    assert values["mse/own"] == pytest.approx((1 - 3) ** 2)
    assert values["mse/swapped"] == pytest.approx((5 - 3) ** 2)
    assert values["mse/swapped_to_donor"] == pytest.approx((5 - 4) ** 2)
    assert values["mse/donor"] == pytest.approx((10 - 4) ** 2)


def test_layouts_are_the_means_of_squares_whatever_the_mean_colour():
    tasks = [Even(seed=1, right=1, target=3), Even(seed=7, right=2, target=4)]
    models = [rendering(task, gain=gain) for task, gain in zip(tasks, (1.0, 5.0), strict=True)]
    measured = swapped((models[0], tasks[0]), (models[1], tasks[1]))
    # rows of cells 0 0 1 1 more are seen as .25 0 0 .25 .75 1 1 .75, squares as -.375 and .375
    found = [measured.values[f"layout/{name}"] for name in ("own", "donor", "apart")]
    heights = [(5 - 1) ** 2, (5 - 10) ** 2, (1 - 10) ** 2]
    assert found == pytest.approx([0.375**2 * one for one in heights])
    assert measured.samples["layout/apart"] == pytest.approx([0.375**2 * 81] * 2)


def test_even_pictures_have_no_layout_and_no_detail(own, donor):
    values = swapped(own, donor).values
    apart = [one for name, one in values.items() if name.startswith(("layout", "detail"))]
    assert apart == pytest.approx([0.0] * 6)


def test_detail_is_how_strong_frequencies_are_within_squares():
    task = Even(seed=0.3, target=0)
    one, other = rendering(task), rendering(task, key=1)
    measured = swapped((one, task), (other, task), rollouts=1)
    masks = Draws(7).masks(
        "evaluation/fire",
        samples=torch.arange(1),
        steps=range(3),
        height=4,
        width=4,
        rate=0.5,
    )
    state = one.begin(task.seed_state([0], samples=None, draws=None))
    with torch.no_grad():
        last = rollout(one, state, condition=None, masks=masks)
        spectra = [
            frequencies(model.end(last)[0, 0].double().numpy()) for model in (one, other)
        ]
    expected = ((spectra[0] - spectra[1]) ** 2).mean()
    assert measured.values["detail/own"] == pytest.approx(expected, rel=1e-3)
    assert expected > 1e-6


def frequencies(image):
    """What numpy makes of 4 x 4 squares, one after another."""
    total = np.zeros((4, 4))
    for row in (0, 4):
        for column in (0, 4):
            square = image[row : row + 4, column : column + 4]
            total += np.abs(np.fft.fft2(square - square.mean()) / 16) ** 2
    return np.sqrt(total / 4)


def test_a_model_that_is_its_own_donor_is_not_changed_by_it():
    task = Even(seed=0.3, target=0)
    model = rendering(task)
    measured = swapped((model, task), (model, task))
    assert measured.values["mse/swapped"] == measured.values["mse/own"]
    assert measured.values["mse/donor"] == measured.values["mse/own"]
    apart = [one for name, one in measured.values.items() if name.startswith(("lay", "det"))]
    assert apart == [0.0] * 6


def test_each_picture_has_a_filmstrip_and_the_swapped_one_begins_with_the_same_cells(
    own, donor
):
    frames = swapped(own, donor, frames=2).frames
    assert {name: film[0, 0, 0, 0].item() for name, film in frames.items()} == {
        "image_0": 1.0,
        "image_0_swapped": 5.0,
        "image_0_donor": 10.0,
    }


def test_the_compiled_engine_sees_the_same(own, donor):
    engine = Compiled(torch.device("cpu"), backend="aot_eager")
    faster = [(engine.inference(model), task) for model, task in (own, donor)]
    assert swapped(*faster).values == swapped(own, donor).values


def test_models_of_other_grids_are_refused(own):
    task = own[1]
    said = (
        "^swap needs two models of one grid and as many pixels a cell, not 4 x 4 cells of 2 "
        "channels at scale 2 and 2 x 2 cells of 2 channels at scale 4$"
    )
    with pytest.raises(ValueError, match=said):
        swapped(own, (rendering(task, gain=1.0, scale=4), task))


def test_a_model_that_renders_nothing_is_refused(own):
    class Still(Automaton):
        trainers = protocols = ()
        fire_rate, noise = 0.5, 0.0

        def step(self, state, **told):
            return state

    said = "^swap needs two automata that render their cells, not Still$"
    with pytest.raises(TypeError, match=said):
        swapped(own, (Still(), own[1]))


def test_meshes_change_decoders_too():
    task = Even(seed=0, target=0, visible=3)
    given = {"decoder": LPPN(width=8), "hidden": 8, "views": 3, "subdivision": 3}
    models = [MeshToPixels(task.layout, **given) for _ in range(2)]
    for key, model in enumerate(models):
        initialise(model, Draws(key))
    values = swapped((models[0], task), (models[1], task)).values
    assert values["mse/swapped"] == pytest.approx(values["mse/donor"])  # no cell has changed
    assert values["layout/own"] > values["layout/donor"] == 0


def test_a_metric_of_that_name_a_perturbation_and_odd_rollouts_are_refused(own, donor):
    with pytest.raises(ValueError, match=r"^metric\.layout: swap itself measures the layout$"):
        swapped(own, donor, metrics={"layout": MSE()})
    with pytest.raises(ValueError, match=r"^swap perturbs nothing, not by HalfPlane$"):
        swapped(own, donor, perturbation=HalfPlane())
    two = Even(seed=2, target=4, classes=2)
    with pytest.raises(ValueError, match=r"^rollouts must be a multiple of the 2 cases"):
        swapped(own, (donor[0], two), rollouts=3)


def test_other_protocols_take_no_donor(own):
    with pytest.raises(TypeError, match=r"^Recovery takes no donor$"):
        Recovery().receive(*own)
