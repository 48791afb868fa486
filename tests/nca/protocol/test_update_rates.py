import pytest

from ncabench.nca.draws import Draws
from ncabench.nca.engine.compiled import Stepped
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.protocol.update_rates import UpdateRates, converged

SHORT = {"rates": (0.25, 0.5), "steps": 40, "films": 1}


@pytest.fixture
def measure(masked_levels, models, metrics):
    def run(model="AtItsRate", perturbation=None, **settings):
        stepped = models[model]() if isinstance(model, str) else model
        protocol, done = UpdateRates(**{**SHORT, **settings}), perturbation or Unperturbed()
        return protocol(stepped, masked_levels, done, metrics, Draws(7))

    return run


def test_steps_to_converge_are_those_of_the_closed_form(measure):
    values = measure().values
    assert values["error/rate_25_steps"] == 11  # 0.75**11 = 0.042, 0.75**10 = 0.056
    assert values["error/rate_50_steps"] == 5  # 0.5**5 = 0.031, 0.5**4 = 0.0625
    assert values["error/rate_25_converged"] == pytest.approx(0.3 * 0.75**40, abs=1e-6)
    assert values["states/diverged_rate_25"] == 0


def test_another_tolerance_is_another_number_of_steps(measure):
    assert measure(tolerance=0.001).values["error/rate_50_steps"] == 10  # 2**-10 = 0.00098


@pytest.mark.parametrize(("rate", "gain"), [(1.0, 8), (0.25, 2)])
def test_as_many_cells_fire_as_the_rate_says(measure, rate, gain):
    samples = measure("Brighten", rates=(rate,), steps=8, images=2, hold=0).samples
    found = samples[f"error/rate_{round(100 * rate)}_converged"]
    expected = (0.3 - gain / 64, 0.3 + gain / 64)
    assert found == pytest.approx(expected, abs=1e-6 if rate == 1 else 0.01)  # sd 0.0024


def test_what_stands_for_the_model_is_stepped_at_the_other_rate(measure, models):
    model = Stepped(models["Brighten"](), lambda step: step)
    alone = measure("Brighten", rates=(1.0,)).samples["error/rate_100_converged"]
    assert measure(model, rates=(1.0,)).samples["error/rate_100_converged"] == alone


def test_the_model_has_its_own_rate_again_also_after_a_failure(measure, models):
    model = models["AtItsRate"]()
    measure(model)
    assert model.fire_rate == 0.5
    model.changed = lambda *given: given[9]
    with pytest.raises(IndexError):
        measure(model)
    assert model.fire_rate == 0.5


def test_a_state_that_diverges_has_no_steps(measure):
    values = measure("Double", steps=30).values
    assert values["states/diverged_rate_25"] == 1
    assert not [name for name in values if name.endswith("_steps")]


def test_an_end_that_is_worse_than_the_input_has_no_steps(measure):
    values = measure("Double", steps=4, hold=0).values  # white, and not diverged
    assert values["states/diverged_rate_50"] == 0
    assert values["error/rate_50_converged"] == pytest.approx(0.5)
    assert values["error/input"] < 0.5
    assert "error/rate_50_steps" not in values


@pytest.mark.parametrize(
    ("course", "steps"),
    [
        ([0, 5, 9.4, 9.6, 10, 10], 3),
        ([10, 5, 0.6, 0.4, 0, 0], 3),
        ([0, 10, 5, 10, 10, 10], 3),  # it had been there, and left
        ([0, 2, 4, 6, 8, 10], None),  # under way
        ([1, 9, 9, 9, 9, 1], None),  # no way
        ([0, 10, 10, 10, float("nan"), 10], None),
    ],
)
def test_steps_to_converge_of_a_course(course, steps):
    assert converged(course, tolerance=0.05, hold=2) == steps


def test_each_rate_has_its_curves_and_filmstrips(measure):
    found = measure(steps=6)
    assert {*found.curves} >= {"error_rate_25", "error_rate_50", "states_rate_25"}
    assert found.curves["error_rate_50"].values == pytest.approx(
        [0.3 * 0.5**step for step in range(7)], abs=1e-6
    )
    assert found.frame_steps["image_0_rate_50"] == [0, 1, 2, 4, 6]


@pytest.mark.parametrize("rates", [(), (0.0, 0.5), (0.5, 0.25), (0.125,), (0.5, 1.01)])
def test_rates_that_are_none_are_refused(rates):
    with pytest.raises(ValueError) as caught:
        UpdateRates(rates=rates)
    assert str(caught.value) == (
        f"rates must be whole percents that rise above 0 up to 1, not {rates}"
    )


def test_a_tolerance_of_all_is_refused():
    with pytest.raises(ValueError, match=r"^tolerance must be above 0 and below 1, not 1.0$"):
        UpdateRates(tolerance=1.0)


def test_what_perturbs_is_refused(measure, reset):
    with pytest.raises(ValueError, match=r"^update_rates perturbs nothing, not by Reset$"):
        measure(perturbation=reset)
