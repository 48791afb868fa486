import pytest
import torch

from ncabench.errors import Diverged
from ncabench.nca.draws import Draws
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol.quality import Quality

SMALL = {"steps": (2, 5), "window": (3, 4), "rollouts": 4, "batch": 3, "films": 2, "frames": 3}


@pytest.fixture
def measure(models, task, metrics):
    def run(model="Climb", *, perturbation=None, size=2, seed=1, **given):
        made = task(size)
        protocol = Quality(**{**SMALL, **given})
        chosen = models[model]()
        return protocol(chosen, made, perturbation or Unperturbed(), metrics, Draws(seed))

    return run


def test_values_are_those_of_the_states_after_so_many_steps(measure):
    """Class 0 climbs by 1 a step towards 10, class 1 by 2 towards 11; two samples of each."""
    assert measure().values == {
        "error/start": pytest.approx((10 + 11) / 2),
        "error/step_2": pytest.approx((8 + 7) / 2),
        "error/step_5": pytest.approx((5 + 1) / 2),
        "error/window": pytest.approx((7 + 6 + 5 + 3) / 4),
        "error/empty": pytest.approx((10 + 11) / 2),
    }


def test_samples_are_kept_beside_their_mean(measure):
    samples = measure().samples
    assert samples["error/step_2"] == [8, 7, 8, 7]
    assert samples["error/window"] == [6.5, 4.0, 6.5, 4.0]


def test_the_curve_runs_from_the_seed_to_the_last_step(measure):
    curve = measure().curves["error"]
    assert curve.steps == [0, 1, 2, 3, 4, 5]
    assert curve.values == pytest.approx([10.5, 9, 7.5, 6, 4.5, 3])
    assert curve.spreads[0] == pytest.approx((4 * 0.25 / 3) ** 0.5)
    assert measure(curve_every=5).curves["error"].steps == [0, 2, 3, 4, 5]


def test_filmstrips_show_the_first_samples_and_what_they_should_become(measure):
    found = measure()
    assert set(found.frames) == {f"image_{n}{what}" for n in (0, 1) for what in ("", "_target")}
    assert found.frame_steps["image_1"] == [0, 2, 5]
    assert found.frames["image_1"].mean(dim=(1, 2, 3)).tolist() == [0, 4, 10]
    assert found.frames["image_1_target"].mean(dim=(1, 2, 3)).tolist() == [11]
    assert len(found.frame_steps["image_1_target"]) == 1
    assert measure(films=0).frames == {}


def test_the_batch_changes_nothing(measure):
    whole, split = (measure("Fire", size=8, batch=batch) for batch in (4, 1))
    assert whole.samples == split.samples
    assert whole.values != measure("Fire", size=8, seed=2).values


def test_a_model_is_tested_in_evaluation_and_left_as_it_was(models, task, metrics):
    model = models["Climb"]()
    Quality(**SMALL)(model, task(), Unperturbed(), metrics, Draws(1))
    assert model.modes == {(False, False)}
    assert model.training
    assert model.inner.training


def test_a_state_that_is_not_finite_is_told_with_its_step(measure):
    with pytest.raises(Diverged) as caught:
        measure("Burst", steps=(9,))
    assert str(caught.value) == "state_6 of the evaluation is not finite"


def test_what_it_cannot_measure_is_refused(measure, reset):
    with pytest.raises(TypeError) as caught:
        measure("Offset")
    assert str(caught.value) == "quality needs an automaton, not Offset"
    with pytest.raises(ValueError) as refused:
        measure(perturbation=reset)
    assert str(refused.value) == "quality perturbs nothing, not by Reset"
    with pytest.raises(ValueError, match="rollouts must be a multiple of the 2 cases"):
        measure(rollouts=3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"steps": (3, -1)}, "steps must be one or more, each at least 0, not [3, -1]"),
        ({"window": (4, 3)}, "window must be 0 <= first <= last, not [4, 3]"),
        ({"rollouts": 0}, "rollouts must be at least 1, not 0"),
        ({"curve_every": 0}, "curve_every must be at least 1, not 0"),
        ({"films": -1}, "films must be at least 0, not -1"),
        ({"frames": 1}, "frames must be at least 2, not 1"),
    ],
)
def test_numbers_out_of_range_are_refused(given, message):
    with pytest.raises(ValueError) as caught:
        Quality(**{**SMALL, **given})
    assert str(caught.value) == message


def test_frozen_channels_stay_under_a_target_that_is_shown(models, metrics):
    from ncabench.nca.data.fashion_mnist_500 import FashionMnist500
    from ncabench.nca.task.image_classification import ImageClassification

    data = FashionMnist500().load({"split": "all", "classes": ["Bag", "Dress"]})
    task = ImageClassification(data, Draws(0), channels=8)

    class Still(models["Climb"]):
        def step(self, state, *, condition, mask, noise=None):
            return state

    found = Quality(**SMALL)(Still(), task, Unperturbed(), metrics, Draws(1))
    shown = task.image(task.test_labels(torch.tensor([0]), turns=torch.tensor([0])))
    dark = found.frames["image_0_target"][0].sum(dim=0) < 1.0
    assert found.frames["image_0_target"].shape == (1, 3, 28, 28)
    assert bool(dark[shown[0, 0] == 0].all())
