import numpy as np
import pytest
import torch

from ncabench.errors import Diverged
from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.model import Automaton
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol.inpainting import Inpainting
from ncabench.nca.task.grow_image import GrowImage
from ncabench.nca.task.inpainting import Inpainting as InpaintingTask

SIDE = 8
SHORT = {"steps": 2, "horizon": 2, "rollouts": 4, "batch": 3, "films": 2, "frames": 2}


class Brighten(Automaton):
    """Adds 1/8 to every cell in each step; on its own grid the image is 1/16 darker."""

    trainers = protocols = ()
    fire_rate = 0.5
    noise = 0.0
    coded = True

    def step(self, state, *, condition, mask, noise=None):
        assert condition.shape[1:] == (1, SIDE, SIDE)
        return state + 0.125

    def reconstruct(self, image):
        return image - 0.0625 if self.coded else None

    def codes(self, image):
        return (image[:, 0] * 5).round().long()  # as many as there are levels


class Burst(Brighten):
    """Leaves the finite numbers at once."""

    def step(self, state, *, condition, mask, noise=None):
        return state / 0


@pytest.fixture
def task():
    """Images of one level, of which those with 1/5 and 2/5 are tested."""
    levels = np.arange(0, 153, 51, dtype=np.uint8)
    pixels = np.broadcast_to(levels[:, None, None], (3, SIDE, SIDE)).copy()
    parts = {"train": slice(0, 1), "test": slice(1, 3)}
    data = Images(images=pixels, labels=np.zeros(3), classes=("a",), parts=parts)
    return InpaintingTask(data, Draws(0), radius=(0.3, 0.5))


@pytest.fixture
def measure(task, metrics):
    def run(model=None, **settings):
        protocol = Inpainting(**{**SHORT, **settings})
        return protocol(model or Brighten(), task, Unperturbed(), metrics, Draws(7))

    return run


@pytest.fixture
def known(task):
    """Of each test: the level of its image, and the share that is missing."""
    zeros = torch.zeros(4, dtype=torch.int64)
    labels = task.test_labels(zeros, turns=torch.arange(4))
    return torch.tensor([0.2, 0.4, 0.2, 0.4]), task.hole(labels).float().mean(dim=(1, 2, 3))


def test_every_value_is_that_of_its_image(measure, known):
    level, share = known
    hole = 0.5 - level  # what is too bright in the seed
    expected = {
        "protocol/hole_share": share,
        "error/seed": hole * share,
        "error/flat": 0 * share,  # an image of one level has its own mean colour
        "error/start": hole * share,
        "error/start_hole": hole * share,
        "error/answer": (hole + 0.25) * share + 0.25 * (1 - share),
        "error/answer_hole": (hole + 0.25) * share,
        "error/final": (hole + 0.5) * share + 0.5 * (1 - share),
        "error/final_hole": (hole + 0.5) * share,
    }
    found = measure()
    for name, each in expected.items():
        torch.testing.assert_close(torch.tensor(found.samples[name]), each)
        assert found.values[name] == pytest.approx(float(each.mean()), abs=1e-7)
    assert found.values["error/reconstruction"] == pytest.approx(0.0625)
    assert found.values["protocol/codes_used"] == 2
    assert len(found.values) == len(expected) + 2


def test_a_model_on_the_images_own_grid_has_no_reconstruction(measure):
    model = Brighten()
    model.coded = False
    assert not {"error/reconstruction", "protocol/codes_used"} & set(measure(model).values)


def test_curves_go_over_all_updates_of_image_and_hole(measure):
    curves = measure().curves
    assert list(curves) == ["error", "error_hole"]
    assert curves["error"].steps == curves["error_hole"].steps == [0, 1, 2, 3, 4]
    rises = np.diff(curves["error"].values)
    np.testing.assert_allclose(rises, 0.125, rtol=1e-5)


def test_batches_change_nothing(measure):
    assert measure(batch=1).samples == measure(batch=4).samples


def test_filmstrips_show_states_and_what_was_given_and_is_true(measure):
    found = measure()
    assert found.frame_steps["image_0"] == [0, 2, 4]
    assert found.frames["image_1"].shape == (3, 1, SIDE, SIDE)
    assert found.frame_steps["image_1_given_and_true"] == [0, 2]
    given, true = found.frames["image_1_given_and_true"]
    torch.testing.assert_close(true, torch.full_like(true, 0.4))
    assert set(given.unique().tolist()) == {float(true[0, 0, 0]), 0.5}
    assert len(found.frames) == 4


def test_a_state_that_is_not_finite_ends_it(measure):
    with pytest.raises(Diverged, match=r"^state_1 of the evaluation is not finite$"):
        measure(Burst())


@pytest.mark.parametrize(("name", "value"), [("steps", 0), ("frames", 1), ("films", -1)])
def test_numbers_that_are_too_small_are_refused(name, value):
    least = {"steps": 1, "frames": 2, "films": 0}[name]
    with pytest.raises(ValueError, match=f"^{name} must be at least {least}, not {value}$"):
        Inpainting(**{name: value})


def test_what_perturbs_is_refused(task, metrics, reset):
    with pytest.raises(ValueError, match=r"^inpainting perturbs nothing, not by Reset$"):
        Inpainting(**SHORT)(Brighten(), task, reset, metrics, Draws(7))


def test_a_model_of_one_pass_is_refused(task, models, metrics):
    with pytest.raises(TypeError, match=r"^inpainting needs an automaton, not Offset$"):
        Inpainting(**SHORT)(models["Offset"](), task, Unperturbed(), metrics, Draws(7))


def test_a_task_without_holes_is_refused(metrics):
    grow = GrowImage(np.zeros((1, 8, 8, 4), dtype=np.uint8), Draws(0), size_px=8)
    with pytest.raises(TypeError, match=r"^inpainting needs a task of holes, not GrowImage$"):
        Inpainting(**SHORT)(Brighten(), grow, Unperturbed(), metrics, Draws(7))
