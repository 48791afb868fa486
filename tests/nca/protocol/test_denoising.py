import numpy as np
import pytest
import torch

from ncabench.errors import Diverged
from ncabench.nca.data import Images
from ncabench.nca.draws import Draws
from ncabench.nca.metric import Metric
from ncabench.nca.model import Automaton, OnePass
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol.denoising import Denoising
from ncabench.nca.task import _masking as masking
from ncabench.nca.task.denoising import Denoising as DenoisingTask
from ncabench.nca.task.grow_image import GrowImage

SIDE, TESTS, BATCH = 8, 11, 2
SHORT = {"steps": 4, "curve_images": 5, "frames": 3, "films": 2}
LEVEL = 0.6


class Brighten(Automaton):
    """Adds 1/8 to every cell in each step."""

    trainers = protocols = ()
    fire_rate = 0.5
    noise = 0.0

    def __init__(self):
        super().__init__()
        self.batches = []

    def step(self, state, *, condition, mask, noise=None):
        assert condition is None
        self.batches.append(state)
        return state + 0.125


class Burst(Brighten):
    """Leaves the finite numbers at once."""

    def step(self, state, *, condition, mask, noise=None):
        return state / 0


class Same(OnePass):
    """Answers with what it is given."""

    trainers = protocols = ()

    def forward(self, image, condition):
        assert image.shape[1] == 3
        assert condition is None
        return image


class Whole(Metric):
    """The squared error of a batch, given to each of its images."""

    def forward(self, images, targets):
        return (images - targets).square().mean().expand(len(images))


@pytest.fixture
def task():
    """Twelve images of one level, eleven of which are tested."""
    pixels = np.full((12, SIDE, SIDE, 3), 153, dtype=np.uint8)
    parts = {"train": slice(0, 1), "test": slice(1, 12)}
    data = Images(images=pixels, labels=np.zeros(12), classes=("a",), parts=parts)
    return DenoisingTask(data, Draws(0), hidden=2, batch=BATCH)


@pytest.fixture
def measure(task, metrics):
    def run(model=None, **settings):
        protocol = Denoising(**{**SHORT, **settings})
        named = {**metrics, "whole": Whole()}
        return protocol(model or Brighten(), task, Unperturbed(), named, Draws(7))

    return run


@pytest.fixture
def shares(task):
    """The share of each test image that is masked."""
    turns = torch.arange(10)
    labels = task.test_labels(torch.zeros_like(turns), turns=turns)
    return task.mask(labels).float().mean(dim=(1, 2, 3))


def test_the_answer_is_clipped_and_of_whole_batches_in_their_order(measure):
    model = Brighten()
    found = measure(model)
    assert found.values["error/answer"] == pytest.approx(1 - LEVEL)  # 0.5 + 4 / 8
    assert measure(steps=8).values["error/answer"] == pytest.approx(1 - LEVEL)  # not 1.5
    assert len(found.samples["error/answer"]) == 10  # the eleventh image is no batch
    assert [len(one) for one in model.batches] == [BATCH] * 5 * 4


def test_inputs_are_scored_as_they_are_given(measure, shares):
    found = measure()
    torch.testing.assert_close(torch.tensor(found.samples["error/input"]), LEVEL * shares)


def test_a_metric_sees_each_batch_whole(measure, shares):
    of_batches = (LEVEL**2 * shares).view(5, 2).mean(dim=1)
    found = measure(Same())
    answers = torch.tensor(found.samples["whole/answer"])
    torch.testing.assert_close(answers, of_batches.repeat_interleave(2))
    assert found.values["whole/answer"] == pytest.approx(float(of_batches.mean()))


def test_values_of_configurations_are_those_of_their_batches(measure, shares):
    values = measure(Same()).values
    met = torch.tensor([2, 1, 4, 1, 7]).repeat_interleave(2)  # the published order
    names = {masking.name(one): one for one in range(9)}
    found = {
        key.removeprefix("error/"): value for key, value in values.items() if "coverage" in key
    }
    found = {key: value for key, value in found.items() if "/" not in key}
    assert found.keys() == {name for name, one in names.items() if one in (1, 2, 4, 7)}
    for name, value in found.items():
        assert value == pytest.approx(float(LEVEL * shares[met == names[name]].mean()))


def test_a_model_of_one_pass_answers_to_the_masked_image_and_has_no_curve(measure, shares):
    found = measure(Same())
    torch.testing.assert_close(torch.tensor(found.samples["error/answer"]), LEVEL * shares)
    assert found.curves == {}
    assert found.frame_steps["image_0"] == [0, 1]


def test_curves_follow_the_first_images_over_the_steps(measure):
    curve = measure().curves["error"]
    assert curve.steps == [0, 1, 2, 3, 4]
    levels = [abs(0.5 + step / 8 - LEVEL) for step in range(5)]
    assert curve.values == pytest.approx(levels, abs=1e-6)
    assert measure(curve_every=3).curves["error"].steps == [0, 3, 4]
    assert measure(curve_images=0).curves == {}


def test_following_fewer_images_changes_no_value(measure):
    assert measure(curve_images=0).samples == measure(curve_images=100).samples


def test_fewer_images_may_be_tested(measure):
    found, whole = (measure(Same(), images=count) for count in (5, None))
    assert found.samples["error/answer"] == whole.samples["error/answer"][:4]


def test_filmstrips_show_states_and_what_was_given_and_is_true(measure):
    found = measure()
    assert found.frame_steps["image_1"] == [0, 2, 4]
    levels = found.frames["image_1"].mean(dim=(1, 2, 3)).tolist()
    assert levels == pytest.approx([0.5, 0.75, 1.0])
    assert found.frame_steps["image_1_given_and_true"] == [0, 4]
    given, true = found.frames["image_1_given_and_true"]
    torch.testing.assert_close(true, torch.full_like(true, LEVEL))
    assert set(given.unique().tolist()) == {0.0, float(true[0, 0, 0])}
    assert len(found.frames) == 4
    assert measure(films=0).frames == {}


def test_a_state_that_is_not_finite_ends_it(measure):
    with pytest.raises(Diverged, match=r"^state_1 of the evaluation is not finite$"):
        measure(Burst())


@pytest.mark.parametrize(
    ("name", "least"),
    [("steps", 1), ("images", 1), ("curve_images", 0), ("curve_every", 1), ("frames", 2)],
)
def test_numbers_that_are_too_small_are_refused(name, least):
    message = f"^{name} must be at least {least}, not {least - 1}$"
    with pytest.raises(ValueError, match=message):
        Denoising(**{name: least - 1})


def test_less_than_a_batch_is_refused(measure):
    with pytest.raises(ValueError, match=r"^images: there must be a batch of 2 .* not 1$"):
        measure(images=1)


def test_what_perturbs_is_refused(task, metrics, reset):
    with pytest.raises(ValueError, match=r"^denoising perturbs nothing, not by Reset$"):
        Denoising(**SHORT)(Brighten(), task, reset, metrics, Draws(7))


def test_a_task_without_masks_is_refused(metrics):
    grow = GrowImage(np.zeros((1, 8, 8, 4), dtype=np.uint8), Draws(0), size_px=8)
    with pytest.raises(TypeError, match=r"^denoising needs a task of masks, not GrowImage$"):
        Denoising(**SHORT)(Brighten(), grow, Unperturbed(), metrics, Draws(7))
