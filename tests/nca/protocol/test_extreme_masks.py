import numpy as np
import pytest
import torch

from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol.extreme_masks import ExtremeMasks, mean_image, median_image
from ncabench.nca.task.denoising import Denoising as DenoisingTask

SHORT = {"steps": 3, "frames": 2, "films": 1}


@pytest.fixture
def task(levels):
    """Trained on levels of 0.2, 0.3 and 0.7, tested on 0.4 and 0.6 by black masks."""
    return levels(51, 178.5, 76.5, 102, 153, tests=2, noise="dropout")


@pytest.fixture
def measure(task, metrics, risers):
    def run(*, model="Rise", **settings):
        protocol = ExtremeMasks(**{**SHORT, **settings})
        return protocol(risers[model](), task, Unperturbed(), metrics, Draws(7))

    return run


def test_median_and_mean_are_those_of_each_pixel_of_what_is_trained_on():
    pixels = np.zeros((4, 4, 4), dtype=np.uint8)
    pixels[:3, 0, 0], pixels[:3, 3, 2] = [10, 50, 30], [200, 255, 100]
    parts = {"train": slice(0, 3), "test": slice(3, 4)}
    data = Images(images=pixels, labels=np.zeros(4), classes=("a",), parts=parts)
    task = DenoisingTask(data, Draws(0), hidden=1, batch=1)
    median, mean = 255 * median_image(task)[0], 255 * mean_image(task)[0]
    assert (round(float(median[0, 0])), round(float(median[3, 2]))) == (30, 200)
    assert (round(float(mean[0, 0])), round(float(mean[3, 2]))) == (30, 185)
    assert float(median[1, 1]) == float(mean[1, 1]) == 0.0


def test_the_median_of_an_even_number_is_the_lower_of_the_middle_ones(levels):
    task = levels(40, 10, 20, 30, 99, 99, tests=2)
    assert (255 * median_image(task)).unique().tolist() == [20.0]
    assert (255 * mean_image(task)).unique().tolist() == [25.0]


def test_colours_have_medians_of_their_own():
    pixels = np.zeros((4, 4, 8, 3), dtype=np.uint8)
    pixels[:3] = np.arange(9, dtype=np.uint8).reshape(3, 1, 1, 3)
    parts = {"train": slice(0, 3), "test": slice(3, 4)}
    data = Images(images=pixels, labels=np.zeros(4), classes=("a",), parts=parts)
    found = 255 * median_image(DenoisingTask(data, Draws(0), hidden=1, batch=1))
    assert found.shape == (3, 4, 8)
    torch.testing.assert_close(found[:, 0, 0], torch.tensor([3.0, 4.0, 5.0]))


def test_whole_images_are_given_as_they_are(measure):
    found = measure(steps=1)
    assert found.samples["error/unmasked"] == pytest.approx([0.5, 0.4])  # 0.5 more than given


def test_black_inputs_leave_the_seed_and_are_compared_with_the_middle_images(measure):
    found = measure()
    level = {"median": 76 / 255, "mean": (51 + 178 + 76) / 3 / 255}
    assert found.samples["error/masked"] == pytest.approx([0.1, 0.1])
    for name, one in level.items():
        assert found.values[f"error/masked_to_{name}"] == pytest.approx(0.5 - one)
        expected = [102 / 255 - one, 153 / 255 - one]
        assert found.samples[f"error/{name}_to_images"] == pytest.approx(expected, abs=1e-6)


def test_gaussian_inputs_are_noise_alone_of_patches_of_the_size_asked(levels, metrics, risers):
    task = levels(*[255] * 40, tests=32)
    protocol = ExtremeMasks(patch_px=4, steps=1, films=1, frames=2)
    found = protocol(risers["Rise"](), task, Unperturbed(), metrics, Draws(7))
    given = found.frames["masked_0"][0]
    assert len(given.unique()) == 4  # patches of an 8 x 8 px image
    assert 255 not in given
    assert found.values["error/masked"] > 0.3


def test_divergence_is_told_of_each_by_itself(measure):
    values = measure(model="Blow").values
    assert values["states/diverged_unmasked"] == 0.0
    assert values["states/diverged_masked"] == 1.0
    assert values["error/masked_to_median"] == pytest.approx(76 / 255)


def test_filmstrips_of_masked_images_end_with_the_middle_ones(measure):
    found = measure()
    assert found.frame_steps["masked_0"] == [0, 0, 3, 3, 3, 3]
    levels = 255 * found.frames["masked_0"].mean(dim=(1, 2, 3))
    assert levels.tolist() == pytest.approx([0, 127.5, 127.5, 102, 76, 305 / 3])
    assert found.frame_steps["unmasked_0"] == [0, 0, 3, 3]
    assert found.frames.keys() == {"masked_0", "unmasked_0"}
    assert measure(films=0).frames == {}


@pytest.mark.parametrize("name", ["patch_px", "steps", "images"])
def test_numbers_that_are_too_small_are_refused(name):
    with pytest.raises(ValueError, match=f"^{name} must be at least 1, not 0$"):
        ExtremeMasks(**{name: 0})


def test_a_model_of_one_pass_is_refused(measure):
    with pytest.raises(TypeError, match=r"^extreme_masks needs an automaton, not Offset$"):
        measure(model="Offset")


def test_what_perturbs_is_refused(task, metrics, risers, reset):
    with pytest.raises(ValueError, match=r"^extreme_masks perturbs nothing, not by Reset$"):
        ExtremeMasks(**SHORT)(risers["Rise"](), task, reset, metrics, Draws(7))
