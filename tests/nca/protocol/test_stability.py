import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol.stability import Stability

SHORT = {"looks": (2, 4, 6), "points": 3, "films": 2}


@pytest.fixture
def measure(masked_levels, models, metrics):
    def run(model="Approach", perturbation=None, **settings):
        protocol, done = Stability(**{**SHORT, **settings}), perturbation or Unperturbed()
        return protocol(models[model](), masked_levels, done, metrics, Draws(7))

    return run


def test_each_look_and_the_drift_between_the_first_and_the_last(measure):
    values = measure().values
    for look in (2, 4, 6):
        assert values[f"error/at_{look}"] == pytest.approx(0.3 * 0.5**look, abs=1e-6)
        assert values[f"states/diverged_at_{look}"] == 0
    drift = 0.3 * (0.5**6 - 0.5**2)
    assert values["error/drift"] == pytest.approx(drift, abs=1e-6)


def test_it_is_seen_when_a_state_diverges(measure):
    values = measure("Double", looks=(4, 5, 200)).values  # 8, 16, no finite number
    shares = [values[f"states/diverged_at_{look}"] for look in (4, 5, 200)]
    assert (shares, values["states/diverged"]) == ([0, 1, 1], 1)
    assert values["error/drift"] == 0  # white all the time


def test_the_scores_behind_the_values_are_those_of_the_images(measure):
    samples = measure("Double").samples
    assert samples["error/at_6"] == pytest.approx([0.2, 0.8] * 5)
    assert samples["states/diverged"] == [1.0] * 10


def test_curves_have_the_looks_and_steps_spaced_by_their_logarithm(measure):
    curve = measure(looks=(7, 24), points=3).curves["error"]
    assert curve.steps == [0, 4, 7, 24]
    assert curve.values[:2] == pytest.approx([0.3, 0.3 * 0.5**4])


def test_filmstrips_show_the_looks_and_powers_of_4(measure):
    found = measure(looks=(2, 20))
    assert found.frame_steps["image_0"] == [0, 1, 2, 4, 16, 20]
    assert float(found.frames["image_0"][0].mean()) == 0.5
    torch.testing.assert_close(
        found.frames["image_1_given_and_true"][1], torch.full((3, 8, 8), 0.2)
    )


@pytest.mark.parametrize("looks", [(), (0, 4), (4, 2)])
def test_looks_that_do_not_rise_are_refused(looks):
    with pytest.raises(ValueError) as caught:
        Stability(looks=looks)
    assert str(caught.value) == f"looks must rise from 1 or more, not {looks}"


def test_what_perturbs_is_refused(measure, reset):
    with pytest.raises(ValueError, match=r"^stability perturbs nothing, not by Reset$"):
        measure(perturbation=reset)


def test_a_model_of_one_pass_is_refused(measure):
    with pytest.raises(TypeError, match=r"^stability needs an automaton, not Offset$"):
        measure("Offset")
