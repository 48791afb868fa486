import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.model._patches import patchify
from ncabench.nca.model.vitca import ViTCA
from ncabench.nca.perturbation.input_change import InputChange
from ncabench.nca.perturbation.noise_patch import NoisePatch
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol.resilience import Resilience

SHORT = {"settle": 4, "rest": 5, "times": 2, "films": 2}
MID = (0.2 + 0.8) / 2  # mean over images of a black image's error


@pytest.fixture
def measure(masked_levels, models, metrics):
    def run(model="Approach", perturbation=None, **settings):
        stepped = models[model]() if isinstance(model, str) else model
        protocol, done = Resilience(**{**SHORT, **settings}), perturbation or Unperturbed()
        return protocol(stepped, masked_levels, done, metrics, Draws(7))

    return run


def test_damage_is_made_good_as_fast_as_the_automaton_goes(measure, reset):
    values = measure(perturbation=reset).values
    settled, after = 0.3 * 0.5**4, MID * 0.5**5
    assert values["error/settled"] == pytest.approx(settled)
    for turn in (1, 2):
        assert values[f"error/damaged_{turn}"] == pytest.approx(MID)
        assert values[f"error/recovered_{turn}"] == pytest.approx(after, abs=1e-6)
        percent = 100 * (MID - after) / (MID - settled)
        assert values[f"error/recovery_{turn}"] == pytest.approx(percent)
    assert values["states/diverged"] == 0


def test_another_input_is_another_target(measure):
    values = measure(perturbation=InputChange(), rest=3).values
    first = 0.6 - 0.3 * 0.5**4  # from near one level to the other
    assert values["error/damaged_1"] == pytest.approx(first)
    assert values["error/recovered_1"] == pytest.approx(first * 0.5**3)
    assert values["error/damaged_2"] == pytest.approx(0.6 - first * 0.5**3)
    assert values["error/recovered_2"] == pytest.approx((0.6 - first * 0.5**3) * 0.5**3)


def test_another_input_is_the_next_image_of_the_batch(measure, masked_levels):
    found = measure(perturbation=InputChange())
    pairs = found.frames["image_0_given_and_true"]
    numbers = torch.tensor([0, 1])
    labels = masked_levels.test_labels(torch.zeros_like(numbers), turns=numbers)
    torch.testing.assert_close(pairs[2], masked_levels.masked(labels)[1])
    torch.testing.assert_close(pairs[4:], pairs[:2])  # of two images the first comes again
    assert found.frame_steps["image_0_given_and_true"] == [0, 0, 4, 4, 9, 9]


def test_damage_is_not_the_same_twice_and_the_same_for_every_model(measure):
    one, other = (measure(model, NoisePatch(share=1.0)) for model in ("Approach", "Brighten"))
    damaged = [one.samples[f"error/damaged_{turn}"] for turn in (1, 2)]
    assert damaged[0] != damaged[1]
    assert damaged == [other.samples[f"error/damaged_{turn}"] for turn in (1, 2)]


def test_the_patch_alone_is_damaged(measure):
    found = measure(perturbation=NoisePatch(low=9.0, high=10.0), settle=40, times=1)
    dark = [0.25 * (1 - level) for level in (0.8, 0.2)]  # clipped to 1 in a quarter of cells
    assert found.samples["error/damaged_1"] == pytest.approx(dark * 5, abs=1e-6)


def test_what_is_given_is_never_damaged(measure, reset):
    assert measure(perturbation=reset, rest=40).values["error/recovered_2"] < 1e-6


def test_cells_of_several_pixels_keep_their_place_and_what_they_are_given(
    measure, reset, masked_levels
):
    class Watched(ViTCA):
        def change(self, shown):
            self.seen.append(shown[:, : self.layout.frozen].clone())
            return super().change(shown)

    model = Watched(masked_levels.layout, patch_size=2, encoding="xy", embedding=4, heads=2)
    model.seen = []
    measure(model, reset, images=2)
    turns = torch.arange(2)
    labels = masked_levels.test_labels(torch.zeros_like(turns), turns=turns)
    first, *others = model.seen
    torch.testing.assert_close(first[:, 8:], patchify(masked_levels.masked(labels), size=2))
    assert len(others) == 13
    assert all(one.equal(first) for one in others)


def test_recovery_is_about_the_settled_state_every_time(measure, reset):
    values = measure("Brighten", reset).values  # each time 5 cells in 128 brighter, not more
    assert values["error/recovery_1"] == pytest.approx(values["error/recovery_2"], abs=5)
    first, last = (values[f"error/{name}"] for name in ("damaged_2", "recovered_2"))
    percent = 100 * (first - last) / (first - values["error/settled"])
    assert values["error/recovery_2"] == pytest.approx(percent)


def test_recovery_of_no_damage_is_absent(measure):
    values = measure(times=1, settle=60).values
    assert values["error/damaged_1"] == values["error/settled"]
    assert "error/recovery_1" not in values


@pytest.mark.parametrize(
    ("model", "error"), [("Double", 1 - MID), ("Lost", MID)], ids=["infinite", "no number"]
)
def test_a_state_that_diverges_is_a_value_and_scored_as_what_is_shown(measure, model, error):
    found = measure(model, rest=100)
    assert found.values["states/diverged"] == 1
    assert found.values["error/recovered_2"] == pytest.approx(error)
    assert bool(found.frames["image_0"].isfinite().all())


def test_curves_have_both_states_of_a_perturbation(measure, reset):
    curve = measure(perturbation=reset, curve_every=2, times=1).curves["error"]
    assert curve.steps == [0, 2, 4, 4, 6, 8, 9]
    errors = [*(0.3 * 0.5**t for t in (0, 2, 4)), *(MID * 0.5**t for t in (0, 2, 4, 5))]
    assert curve.values == pytest.approx(errors, abs=1e-6)


def test_the_curve_of_states_is_the_share_that_diverged(measure):
    curve = measure("Double", curve_every=1, settle=4, rest=2, times=1).curves["states"]
    assert (curve.steps, curve.values) == ([0, 1, 2, 3, 4, 4, 5, 6], [0.0] * 6 + [1.0] * 2)


def test_filmstrips_are_dense_after_each_perturbation(measure, reset):
    found = measure(perturbation=reset)
    assert found.frame_steps["image_1"] == [0, 4, 4, 5, 8, 9, 9, 10, 13, 14]
    assert float(found.frames["image_1"][2].abs().max()) == 0
    assert found.frame_steps["image_1_given_and_true"] == [0, 0]
    assert measure(films=0).frames == {}


def test_whole_batches_are_tested_without_training_anything(measure, models):
    model = models["Approach"]().train()
    assert len(measure(model).samples["error/settled"]) == 10
    assert (model.modes, model.training, model.inner.training) == ({(False, False)}, True, True)
    assert len(measure(images=5).samples["states/diverged"]) == 4


@pytest.mark.parametrize("name", ["settle", "rest", "times", "images", "curve_every"])
def test_numbers_that_are_too_small_are_refused(name):
    with pytest.raises(ValueError, match=f"^{name} must be at least 1, not 0$"):
        Resilience(**{name: 0})


def test_a_model_of_one_pass_is_refused(measure):
    with pytest.raises(TypeError, match=r"^resilience needs an automaton, not Offset$"):
        measure("Offset")


def test_a_task_without_masks_is_refused(task, models, metrics):
    with pytest.raises(TypeError, match=r"^resilience needs a task of masks, not TwoLevels$"):
        Resilience()(models["Approach"](), task(), Unperturbed(), metrics, Draws(7))
