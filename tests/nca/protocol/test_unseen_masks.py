from functools import partial

import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol.denoising import Denoising
from ncabench.nca.protocol.unseen_masks import UnseenMasks

SHORT = {"steps": 3, "frames": 2, "films": 1}
BRIGHT = 204  # 0.8


@pytest.fixture
def measure(levels, metrics, risers):
    def run(*, model="Rise", task=None, **settings):
        protocol = UnseenMasks(**{**SHORT, **settings})
        task = task or levels(*[BRIGHT] * 9, tests=7)
        return protocol(risers[model](), task, Unperturbed(), metrics, Draws(7))

    return run


def test_black_patches_cost_what_they_cover(measure):
    found = measure(noise="dropout", coverage=1.0)
    assert found.values["error/input_4x1"] == pytest.approx(0.8)
    assert found.values["error/patch_4x1"] == pytest.approx(0.3)  # 0.5 stays: nothing is given
    assert len(found.samples["error/patch_1x4"]) == 6  # the seventh image is no batch


def test_whole_inputs_would_be_answered_with_white(measure):
    found = measure(noise="dropout", coverage=1e-6)
    assert found.values["error/input_1x4"] == 0
    assert found.values["error/patch_1x4"] == pytest.approx(0.2)  # 0.5 + 3 x 0.8, clipped


def test_patches_lie_as_they_are_called_height_first(measure):
    found = measure(films=1)
    given = found.frames["4x1_0"][0]
    assert torch.equal(given[0, 0], given[0, 3])
    assert not torch.equal(given[0, :, 0], given[0, :, 3])


def test_the_trained_masks_are_those_of_the_denoising_protocol(
    measure, levels, metrics, risers
):
    task = levels(*[BRIGHT] * 9, tests=7)
    same = Denoising(steps=3, curve_images=0, films=0)
    known = same(risers["Rise"](), task, Unperturbed(), metrics, Draws(7))
    found = measure(task=task)
    assert found.samples["error/trained"] == known.samples["error/answer"]
    assert found.samples["error/input"] == known.samples["error/input"]


def test_noise_may_be_the_tasks(measure, levels):
    task = levels(*[BRIGHT] * 9, tests=7, noise="dropout")
    black, normal = (measure(task=task, noise=one) for one in ("task", "gaussian"))
    assert black.values == measure(task=task, noise="dropout").values
    assert black.values["error/input_4x1"] != normal.values["error/input_4x1"]


def test_a_state_that_diverges_is_a_value_and_its_answer_black(measure):
    found = measure(model="Blow", noise="dropout", coverage=1.0)
    assert found.values["states/diverged_4x1"] == 1.0
    assert found.values["error/patch_4x1"] == pytest.approx(0.8)
    assert 0 < found.values["states/diverged_trained"] < 1


def test_filmstrips_of_states_that_diverged_can_be_drawn(measure):
    film = measure(model="Blow", noise="dropout", coverage=1.0).frames["4x1_0"]
    assert film.mean(dim=(1, 2, 3)).tolist() == pytest.approx([0.0, 0.5, 0.0, 0.8])


def test_a_state_out_of_range_has_diverged_too(measure):
    steady, far = (measure(steps=steps, coverage=1e-6) for steps in (9, 11))
    assert steady.values["states/diverged_4x1"] == 0.0  # 0.5 + 9 x 0.8 = 7.7
    assert far.values["states/diverged_4x1"] == 1.0  # the hidden channel is 11


def test_filmstrips_show_what_is_given_the_states_and_what_is_true(measure):
    found = measure(noise="dropout", coverage=1e-6)
    assert found.frame_steps["4x1_0"] == [0, 0, 3, 3]
    levels = found.frames["4x1_0"].mean(dim=(1, 2, 3)).tolist()
    assert levels == pytest.approx([0.8, 0.5, 2.9, 0.8])
    assert found.frames.keys() == {"4x1_0", "1x4_0", "trained_0"}
    assert measure(films=0).frames == {}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be at least 1, not 0"),
        ({"images": 0}, "images must be at least 1, not 0"),
        ({"frames": 1}, "frames must be at least 2, not 1"),
        ({"coverage": 0.0}, "coverage must be above 0 and at most 1, not 0.0"),
        ({"patches": ()}, "patches must be one or more, each at least 1 x 1 px, not []"),
        (
            {"patches": ((4, 0),)},
            "patches must be one or more, each at least 1 x 1 px, not [[4, 0]]",
        ),
    ],
)
def test_numbers_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError) as caught:
        UnseenMasks(**settings)
    assert str(caught.value) == message


def test_less_than_a_batch_is_refused(measure):
    with pytest.raises(ValueError) as caught:
        measure(images=1)
    assert str(caught.value) == "images: there must be a batch of 2 to test on, not 1"


def test_what_does_not_fit_is_refused(levels, metrics, risers, task, reset):
    call, masks = UnseenMasks(**SHORT), levels(*[BRIGHT] * 4, tests=2)
    perturbed = partial(call, risers["Rise"](), masks, reset, metrics, Draws(7))
    with pytest.raises(ValueError, match=r"^unseen_masks perturbs nothing, not by Reset$"):
        perturbed()
    with pytest.raises(TypeError, match=r"^unseen_masks needs an automaton, not Offset$"):
        call(risers["Offset"](), masks, Unperturbed(), metrics, Draws(7))
    with pytest.raises(TypeError, match=r"^unseen_masks needs a task of masks, not TwoLevels$"):
        call(risers["Rise"](), task(), Unperturbed(), metrics, Draws(7))


def test_a_metric_may_not_be_called_like_what_it_measures(levels, metrics, risers):
    named = {"states": metrics["error"]}
    message = r"^metric.states: unseen_masks itself measures the states$"
    with pytest.raises(ValueError, match=message):
        UnseenMasks(**SHORT)(
            risers["Rise"](), levels(9, 9, 9, tests=2), Unperturbed(), named, Draws(7)
        )
