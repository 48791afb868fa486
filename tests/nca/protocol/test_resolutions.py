import pytest
import torch

from ncabench.errors import Diverged
from ncabench.nca.decoder.linear import Linear
from ncabench.nca.decoder.lppn import LPPN
from ncabench.nca.draws import Draws
from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.model.cells_to_pixels import CellsToPixels
from ncabench.nca.perception.stencil import Stencil
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol._views import Views, gradient_energy
from ncabench.nca.protocol.resolutions import Resolutions
from ncabench.nca.state import Layout
from ncabench.nca.task import Task
from ncabench.nca.update.relu_mlp import ReLUMLP
from ncabench.nca.weights import initialise

SHORT = {"scales": (1, 2, 6), "steps": 4, "rollouts": 2, "batch": 2, "frames": 3}


class Stripes(Task):
    """From cells that are 0 and 1 in turn to 2 columns of 0 and 2 of 1 in turn; 8 x 8 px."""

    def __init__(self, *, shift=0.0):
        super().__init__()
        self.classes = 1
        self.layout = Layout(height=8, width=8, visible=1, hidden=1)
        stripes = torch.tensor([0.0, 0.0, 1.0, 1.0]).repeat(2).expand(1, 1, 8, 8)
        self.register_buffer("stripes", stripes)
        self.shift = shift

    def seed_state(self, labels, *, samples, draws):
        return self.stripes.repeat(len(labels), 2, 1, 1)

    def condition(self, labels):
        return None

    def target(self, labels):
        return self.stripes.expand(len(labels), -1, -1, -1) + self.shift


def rendering(layout, *, decoder=None, scale=2):
    """A model whose cells stay as they are and, with no decoder, are seen as they are."""
    channels = layout.channels
    parts = Stencil(channels), ReLUMLP(4 * channels, channels, hidden=4)
    model = CellsToPixels(layout, *parts, decoder=decoder or Linear(), scale=scale)
    initialise(model, Draws(0))
    if decoder is None:
        with torch.no_grad():
            model.readout.layer.weight.copy_(torch.tensor([[1.0, 0.0]]))
            model.readout.layer.bias.zero_()
    return model


@pytest.fixture
def measure(metrics):
    def run(model=None, task=None, perturbation=None, **settings):
        task = task or Stripes()
        protocol, done = Resolutions(**{**SHORT, **settings}), perturbation or Unperturbed()
        return protocol(model or rendering(task.layout), task, done, metrics, Draws(7))

    return run


def test_a_sharpness_is_the_gradients_energy_over_that_of_the_target(measure):
    # rendered .25 .25 .75 .75 ..., where the target is 0 0 1 1 ...: half of each difference
    assert measure().values["sharpness/scale_2"] == pytest.approx(0.25)
    assert measure().samples["sharpness/scale_2"] == pytest.approx([0.25, 0.25])


def test_energies_across_and_down_are_added():
    ramp = torch.arange(4.0).expand(3, 4) + 5 * torch.arange(3.0)[:, None]
    assert gradient_energy(ramp.expand(1, 2, -1, -1)).tolist() == [1.0 + 25.0]


def test_a_metric_compares_pixel_by_pixel_at_each_size(measure):
    values = measure(task=Stripes(shift=3.0)).values
    means = [values[f"error/scale_{scale}"] for scale in (1, 2, 6)]
    assert means == pytest.approx([3.0] * 3)  # errors of both signs cancel, all below 3


def test_the_target_shrinks_over_whole_windows_and_grows_between_its_pixels(measure):
    films = measure().frames
    shrunk, own, grown = (films[f"image_0_scale_{one}_target"][0, 0, 0] for one in (1, 2, 6))
    torch.testing.assert_close(own, Stripes().stripes[0, 0, 0])
    # four pixels weigh 1, 3, 3, 1 around a cell of two; fewer at the ends
    torch.testing.assert_close(shrunk, torch.tensor([1 / 7, 3 / 4, 1 / 4, 6 / 7]))
    torch.testing.assert_close(grown[4:8], torch.tensor([0, 1 / 3, 2 / 3, 1]))


def test_what_is_rendered_is_one_state_at_every_scale(measure):
    task = Stripes()
    model = rendering(task.layout, decoder=LPPN(width=4, harmonics=1))
    found = measure(model, task)
    seed = task.seed_state(torch.tensor([0]), samples=None, draws=None)
    for scale in SHORT["scales"]:
        film = found.frames[f"image_0_scale_{scale}"]
        assert found.frame_steps[f"image_0_scale_{scale}"] == [0, 2, 4]
        expected = model.render(model.begin(seed), scale=scale).detach()
        torch.testing.assert_close(film, expected.expand(3, -1, -1, -1))


@pytest.mark.parametrize("alive", [None, 3])
def test_a_middle_has_the_pixels_of_the_whole(alive):
    layout = Layout(height=28, width=20, visible=4, hidden=2, alive=alive)
    model = rendering(layout, decoder=LPPN(width=4, harmonics=1), scale=4)
    drawn = torch.Generator().manual_seed(0)
    state = torch.rand(1, 6, 7, 5, generator=drawn) - 0.7
    target = torch.rand(1, 4, 28, 20, generator=drawn)
    whole = Views(model, scales=(1, 3, 8), largest_px=99).of(state, target)
    part = Views(model, scales=(1, 3, 8), largest_px=24).of(state, target)
    with torch.no_grad():
        for (scale, *every), (_, *some) in zip(whole, part, strict=True):
            cells = [min(side, 24 // scale) for side in (7, 5)]
            first = [(side - count) // 2 for side, count in zip((7, 5), cells, strict=True)]
            rows, columns = (
                slice(one * scale, (one + count) * scale)
                for one, count in zip(first, cells, strict=True)
            )
            for one, other in zip(every, some, strict=True):
                torch.testing.assert_close(other, one[..., rows, columns])


def test_the_batch_changes_nothing(measure):
    whole, split = measure(rollouts=3, batch=3), measure(rollouts=3, batch=2)
    assert (split.values, split.samples) == (whole.values, whole.samples)


def test_a_compiled_model_is_measured_as_it_is(measure):
    task = Stripes()
    model = rendering(task.layout)
    compiled = Compiled(torch.device("cpu"), backend="aot_eager").inference(model)
    assert measure(compiled, task).samples == measure(model, task).samples


def test_an_even_target_leaves_no_sharpness(measure):
    class Even(Stripes):
        def target(self, labels):
            return torch.full((len(labels), 1, 8, 8), 0.5)

    assert not any("sharpness" in name for name in measure(task=Even()).values)


def test_a_state_that_is_not_finite_is_named(measure):
    model = rendering(Stripes().layout)
    model.update.last.weight.data.fill_(torch.inf)
    with pytest.raises(Diverged) as caught:
        measure(model)
    assert str(caught.value) == "state_1 of the evaluation is not finite"


def test_a_model_that_renders_nothing_is_refused(measure, models):
    with pytest.raises(TypeError) as caught:
        measure(models["Climb"]())
    assert str(caught.value) == (
        "resolutions needs an automaton that renders its cells on a plane at any scale "
        "(cells_to_pixels), not Climb"
    )


def test_a_perturbation_and_a_metric_of_its_name_are_refused(measure, reset, metrics):
    with pytest.raises(ValueError, match=r"^resolutions perturbs nothing, not by Reset$"):
        measure(perturbation=reset)
    metrics["sharpness"] = metrics["error"]
    said = r"^metric\.sharpness: resolutions itself measures the sharpness$"
    with pytest.raises(ValueError, match=said):
        measure()


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"scales": (0, 2)}, ValueError, "scales must rise from 1 or more, not (0, 2)"),
        ({"scales": (2, 2)}, ValueError, "scales must rise from 1 or more, not (2, 2)"),
        ({"scales": ()}, ValueError, "scales must rise from 1 or more, not ()"),
        ({"scales": (1.5, 2)}, TypeError, "scales must be whole numbers of pixels, not 1.5"),
        ({"largest_px": 63}, ValueError, "largest_px must be at least 64, not 63"),
        ({"steps": 0}, ValueError, "steps must be at least 1, not 0"),
    ],
)
def test_what_no_state_can_be_rendered_at_is_refused(settings, kind, message):
    with pytest.raises(kind) as caught:
        Resolutions(**settings)
    assert str(caught.value) == message
