import numpy as np
import pytest
import torch

from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.model.unetca import UNetCA
from ncabench.nca.model.vitca import ViTCA
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol._enlarged import Enlarged
from ncabench.nca.protocol.larger_grid import LargerGrid
from ncabench.nca.task.denoising import Denoising
from ncabench.nca.weights import initialise

SHORT = {"factor": 2, "steps": 4, "films": 1, "frames": 3}
NARROW = {"embedding": 8, "heads": 2, "mlp": 8}


@pytest.fixture
def measure(masked_levels, models, metrics):
    def run(model="Approach", perturbation=None, **settings):
        stepped = models[model]() if isinstance(model, str) else model
        protocol, done = LargerGrid(**{**SHORT, **settings}), perturbation or Unperturbed()
        return protocol(stepped, masked_levels, done, metrics, Draws(7))

    return run


@pytest.fixture
def ramp():
    """A task of one image, 1/255 brighter in every column than in the one before."""
    pixels = np.broadcast_to(np.arange(8, dtype=np.uint8).reshape(8, 1), (2, 8, 8, 3)).copy()
    parts = {"train": slice(0, 1), "test": slice(1, 2)}
    data = Images(images=pixels, labels=np.zeros(2), classes=("a",), parts=parts)
    return Denoising(data, Draws(0), hidden=2, batch=1)


def test_the_answer_is_compared_at_both_sizes(measure):
    values = measure().values
    for quantity in ("answer", "original_size"):
        assert values[f"error/{quantity}"] == pytest.approx(0.3 * 0.5**4, abs=1e-6)
    assert values["states/diverged"] == 0


def test_the_original_size_is_that_of_means_over_squares(measure, models):
    class Checked(models["Approach"]):
        """Black and, at twice the level, white in turn, so that squares have it as mean."""

        def changed(self, shown, given, mask):
            level = given.amax(dim=(1, 2, 3), keepdim=True)
            places = torch.arange(shown.shape[-1]) + torch.arange(shown.shape[-2])[:, None]
            return torch.where(places % 2 == 0, 2 * level, 0.0).expand_as(shown)

    samples = measure(Checked()).samples
    assert samples["error/original_size"] == pytest.approx([0.3, 0.0] * 5, abs=1e-6)
    assert samples["error/answer"] == pytest.approx([0.5, 0.2] * 5, abs=1e-6)


def test_the_input_is_scored_at_the_larger_size(measure, masked_levels):
    turns = torch.arange(10)
    labels = masked_levels.test_labels(torch.zeros_like(turns), turns=turns)
    share = masked_levels.mask(labels).float().mean(dim=(1, 2, 3))
    levels = torch.tensor([0.8, 0.2] * 5)
    found = torch.tensor(measure().samples["error/input"])
    torch.testing.assert_close(found, levels * share)


def test_a_pixel_becomes_a_square_of_cells(ramp):
    label = ramp.test_labels(torch.tensor([0]), turns=torch.tensor([0]))
    larger = Enlarged(ramp, factor=3)
    seed = larger.seed_state(label, samples=label, draws=Draws(0))
    torch.testing.assert_close(seed[:, :3], larger.masked(label))
    squares = seed.view(1, 8, 8, 3, 8, 3)
    assert bool((squares == squares[:, :, :, :1, :, :1]).all())
    torch.testing.assert_close(larger.reduced(larger.masked(label)), ramp.masked(label))


def test_the_target_is_as_smooth_as_pixels_allow(ramp):
    label = ramp.test_labels(torch.tensor([0]), turns=torch.tensor([0]))
    columns = 255 * Enlarged(ramp, factor=2).target(label)[0, 0, 5]
    expected = [0.0, *(0.25 + 0.5 * step for step in range(14)), 7.0]
    torch.testing.assert_close(columns, torch.tensor(expected))


@pytest.mark.parametrize("encoding", ["handcrafted", "none", "xy", "sincos5", "sincos5xy"])
def test_cells_that_are_told_their_place_by_rule_may_be_more(measure, masked_levels, encoding):
    model = ViTCA(masked_levels.layout, encoding=encoding, **NARROW)
    initialise(model, Draws(0))
    torch.nn.init.constant_(model.encoder.head.bias, 0.125)  # half of the cells, 4 times
    film = measure(model, images=2).frames["image_0"]
    assert film.shape == (3, 3, 16, 16)
    assert float(film[-1].mean()) == pytest.approx(0.75, abs=0.02)  # sd 0.004


def test_larger_cells_may_be_more_as_well(measure, masked_levels):
    layout = masked_levels.layout
    for model in (ViTCA(layout, patch_size=4, **NARROW), UNetCA(layout, width=4)):
        initialise(model, Draws(0))  # heads are zero: all stays grey
        assert measure(model).values["error/answer"] == pytest.approx(0.3)


def test_learned_places_are_refused(measure, masked_levels):
    model = ViTCA(masked_levels.layout, encoding="learned", **NARROW)
    with pytest.raises(ValueError) as caught:
        measure(model)
    assert str(caught.value) == (
        "larger_grid needs cells that are told their place on a grid of any size, "
        "and places were learned for 64 cells"
    )


def test_a_state_that_diverges_is_a_value(measure):
    values = measure("Lost").values
    assert values["states/diverged"] == 1
    for quantity in ("answer", "original_size"):
        assert values[f"error/{quantity}"] == pytest.approx(0.5)


def test_curves_and_filmstrips_are_of_the_larger_grid(measure):
    found = measure(curve_every=3)
    assert found.curves["error"].steps == [0, 3, 4]
    assert found.frame_steps == {"image_0": [0, 2, 4], "image_0_given_and_true": [0, 0]}
    assert found.frames["image_0_given_and_true"].shape == (2, 3, 16, 16)


@pytest.mark.parametrize(("name", "least"), [("factor", 2), ("steps", 1), ("frames", 2)])
def test_numbers_that_are_too_small_are_refused(name, least):
    with pytest.raises(ValueError, match=f"^{name} must be at least {least}, not {least - 1}$"):
        LargerGrid(**{name: least - 1})
