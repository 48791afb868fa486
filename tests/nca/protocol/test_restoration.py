import numpy as np
import pytest
import torch

from ncabench.errors import Diverged
from ncabench.nca.autoencoder.skip import Skip
from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.model import Automaton, OnePass
from ncabench.nca.model.latent_nafca import LatentNAFCA
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol.restoration import Restoration
from ncabench.nca.task.grow_image import GrowImage
from ncabench.nca.task.restoration import Restoration as RestorationTask
from ncabench.nca.weights import initialise

SHORT = {"steps": 4, "batch": 2, "curve_images": 5, "curve_every": 1, "frames": 3, "films": 3}
LEVEL = 0.6


class Brighten(Automaton):
    """Adds 1/4 to every cell in each step."""

    trainers = protocols = ()
    fire_rate = 0.5
    noise = 0.0

    def step(self, state, *, condition, mask, noise=None):
        assert condition is None
        return state + 0.25


class Burst(Brighten):
    """Leaves the finite numbers at once."""

    def step(self, state, *, condition, mask, noise=None):
        return state / 0


class Same(OnePass):
    """Answers with what it is given."""

    trainers = protocols = ()

    def forward(self, image, condition):
        return image


@pytest.fixture
def task():
    """Six images of one level, five of which are tested."""
    pixels = np.full((6, 16, 16, 3), 153, dtype=np.uint8)
    parts = {"train": slice(0, 1), "test": slice(1, 6)}
    data = Images(images=pixels, labels=np.zeros(6), classes=("a",), parts=parts)
    return RestorationTask(data, Draws(0), hidden=2)


@pytest.fixture
def measure(task, metrics):
    def run(model=None, **settings):
        protocol = Restoration(**{**SHORT, **settings})
        return protocol(model or Brighten(), task, Unperturbed(), metrics, Draws(7))

    return run


@pytest.fixture
def latent(task):
    model = LatentNAFCA(task.layout, autoencoder=Skip(base=4))
    initialise(model, Draws(2))
    return model


@pytest.fixture
def labels(task):
    turns = torch.arange(5)
    return task.test_labels(torch.zeros_like(turns), turns=turns)


def errors(images):
    return (images - LEVEL).abs().mean(dim=(1, 2, 3)).tolist()


def test_the_answer_is_the_last_state_of_every_image_as_it_is(measure):
    found = measure()
    assert found.values["error/answer"] == pytest.approx(1.5 - LEVEL)  # 0.5 + 4 / 4, unclipped
    assert len(found.samples["error/answer"]) == 5


def test_inputs_are_scored_as_they_are_given(measure, task, labels):
    found = measure().samples["error/input"]
    assert found == pytest.approx(errors(task.corrupted(labels)))


def test_a_model_of_one_pass_answers_to_the_corrupted_image_and_has_no_curve(measure):
    found = measure(Same())
    assert found.samples["error/answer"] == found.samples["error/input"]
    assert found.curves == {}
    assert found.frame_steps["image_0"] == [0, 1]
    assert found.values.keys() == {"error/answer", "error/input"}


def test_reconstructions_and_oracles_are_those_of_the_autoencoder(
    measure, task, labels, latent
):
    found, coder = measure(latent), latent.autoencoder
    true, given = task.target(labels), task.corrupted(labels)
    again = coder(true).image
    oracle = coder.join(coder.encode(true), coder.beside(given))
    assert found.samples["error/reconstruction"] == pytest.approx(errors(again), rel=1e-5)
    assert found.samples["error/oracle"] == pytest.approx(errors(oracle), rel=1e-5)
    assert found.values["error/oracle"] != pytest.approx(found.values["error/reconstruction"])


def test_no_value_depends_on_the_batch_or_on_what_is_followed(measure, latent):
    found, other = measure(latent), measure(latent, batch=3, curve_images=0)
    assert found.samples.keys() == other.samples.keys()
    for name, each in found.samples.items():
        assert other.samples[name] == pytest.approx(each, rel=1e-5)


def test_curves_follow_the_first_images_over_the_steps(measure):
    curve = measure().curves["error"]
    assert curve.steps == [0, 1, 2, 3, 4]
    levels = [abs(0.5 + step / 4 - LEVEL) for step in range(5)]
    assert curve.values == pytest.approx(levels, abs=1e-6)
    assert measure(curve_every=3).curves["error"].steps == [0, 3, 4]
    assert measure(curve_images=0).curves == {}


def test_fewer_images_may_be_tested(measure):
    found, whole = (measure(Same(), images=count) for count in (3, None))
    assert found.samples["error/answer"] == whole.samples["error/answer"][:3]


def test_filmstrips_show_states_and_what_was_given_and_is_true(measure, task, labels):
    found = measure()
    for number in range(3):
        assert found.frame_steps[f"image_{number}"] == [0, 2, 4]
        levels = found.frames[f"image_{number}"].mean(dim=(1, 2, 3)).tolist()
        assert levels == pytest.approx([0.5, 1.0, 1.5])
        given, true = found.frames[f"image_{number}_given_and_true"]
        torch.testing.assert_close(given, task.corrupted(labels)[number])
        torch.testing.assert_close(true, torch.full_like(true, LEVEL))
    assert len(found.frames) == 6
    assert measure(films=0).frames == {}


def test_on_a_latent_grid_the_oracle_stands_beside_them(measure, latent):
    found = measure(latent)
    assert len(found.frames["image_1_given_and_true"]) == 3
    assert found.frame_steps["image_1_given_and_true"] == [0, 4, 4]


def test_a_state_that_is_not_finite_ends_it(measure):
    with pytest.raises(Diverged, match=r"^state_1 of the evaluation is not finite$"):
        measure(Burst())


@pytest.mark.parametrize(
    ("name", "least"),
    [("steps", 1), ("images", 1), ("batch", 1), ("curve_images", 0), ("frames", 2)],
)
def test_numbers_that_are_too_small_are_refused(name, least):
    message = f"^{name} must be at least {least}, not {least - 1}$"
    with pytest.raises(ValueError, match=message):
        Restoration(**{name: least - 1})


def test_what_perturbs_is_refused(task, metrics, reset):
    with pytest.raises(ValueError, match=r"^restoration perturbs nothing, not by Reset$"):
        Restoration(**SHORT)(Brighten(), task, reset, metrics, Draws(7))


def test_a_task_without_corrupted_images_is_refused(metrics):
    grow = GrowImage(np.zeros((1, 8, 8, 4), dtype=np.uint8), Draws(0), size_px=8)
    with pytest.raises(TypeError) as caught:
        Restoration(**SHORT)(Brighten(), grow, Unperturbed(), metrics, Draws(7))
    assert str(caught.value) == "restoration needs a task of corrupted images, not GrowImage"
