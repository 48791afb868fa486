import pytest
import torch

from ncabench.errors import Diverged
from ncabench.nca.draws import Draws
from ncabench.nca.perturbation.mutation import Mutation
from ncabench.nca.perturbation.none import Unperturbed
from ncabench.nca.perturbation.random_disc import RandomDisc
from ncabench.nca.protocol.recovery import Recovery

SHORT = {"perturb_at": 4, "horizon": 3, "stage_1": (1, 3), "rollouts": 4, "frames": 2}


@pytest.fixture
def measure(models, task, metrics):
    def run(name, perturbation, *, size=2, **settings):
        protocol = Recovery(**{**SHORT, **settings})
        return protocol(models[name](), task(size), perturbation, metrics, Draws(7))

    return run


def test_every_value_is_that_of_its_state(measure, reset):
    found = measure("Climb", reset)  # state_t is t or 2 t; the targets are 10 and 11
    assert found.values == {
        "error/stage_1": (8 + 7) / 2,
        "error/before": (6 + 3) / 2,
        "error/damaged": (10 + 11) / 2,
        "error/after_one": (9 + 9) / 2,
        "error/final": (7 + 5) / 2,
        "error/recovery": 75.0,
        "error/recovery_clipped": 75.0,
        "error/empty": 10.5,  # the mean of the targets, 10 and 11
    }


def test_a_mutation_changes_condition_and_target_and_keeps_the_state(measure):
    found = measure("Climb", Mutation())
    assert found.samples["error/before"] == [6, 3, 6, 3]
    assert found.samples["error/damaged"] == [7, 2, 7, 2]  # states 4 and 8, targets 11 and 10
    assert found.samples["error/after_one"] == [5, 1, 5, 1]
    assert found.samples["error/final"] == [1, 1, 1, 1]


def test_samples_are_listed_in_their_order(measure, reset):
    found = measure("Climb", reset)
    assert found.samples["error/stage_1"] == [8, 7, 8, 7]
    assert found.samples["error/final"] == [7, 5, 7, 5]


def test_a_curve_shows_the_state_on_both_sides_of_the_perturbation(measure, reset):
    curve = measure("Climb", reset).curves["error"]
    assert curve.steps == [0, 1, 2, 3, 4, 4, 5, 6, 7]
    assert curve.values == [10.5, 9, 7.5, 6, 4.5, 10.5, 9, 7.5, 6]
    spread = torch.tensor([6.0, 3, 6, 3]).std()
    assert curve.spreads[4] == pytest.approx(float(spread))


def test_a_sparse_curve_leaves_the_values_as_they_are(measure, reset):
    sparse = measure("Climb", reset, curve_every=4, perturb_at=40, horizon=30)
    dense = measure("Climb", reset, perturb_at=40, horizon=30)
    assert sparse.values == dense.values
    assert sparse.curves["error"].steps[:6] == [0, 1, 2, 3, 4, 8]
    assert len(dense.curves["error"].steps) == 72


def test_recovery_is_not_clipped_and_its_companion_is(measure, reset):
    found = measure("Climb", reset, horizon=5).values
    assert found["error/recovery"] > 100
    assert found["error/recovery_clipped"] == 100


def test_without_a_perturbation_there_is_no_recovery(measure):
    found = measure("Climb", Unperturbed()).values
    assert found["error/damaged"] == found["error/before"]
    assert not {"error/recovery", "error/recovery_clipped"} & set(found)


@pytest.mark.parametrize("batch", [1, 3, 8])
def test_the_batch_changes_nothing(measure, batch):
    disc = RandomDisc(radius=(0.5, 2.0))
    whole = measure("Fire", disc, size=6, rollouts=8, batch=8)
    split = measure("Fire", disc, size=6, rollouts=8, batch=batch)
    assert (split.values, split.curves, split.samples) == (
        whole.values,
        whole.curves,
        whole.samples,
    )
    assert all(torch.equal(split.frames[film], whole.frames[film]) for film in whole.frames)


def test_masks_are_those_of_the_samples_numbers_and_of_the_steps(measure):
    found = measure("Fire", Unperturbed(), size=256, perturb_at=7, horizon=5)
    masks = Draws(7).masks(
        "evaluation/fire",
        samples=torch.arange(4),
        steps=range(12),
        height=256,
        width=256,
        rate=0.5,
    )
    targets = torch.tensor([10.0, 11, 10, 11]).view(-1, 1, 1, 1)
    for stage, step in (("before", 7), ("final", 12)):
        expected = (masks[:step].sum(dim=0) - targets).abs().mean(dim=(1, 2, 3))
        torch.testing.assert_close(torch.tensor(found.samples[f"error/{stage}"]), expected)


def test_noise_is_that_of_the_samples_numbers_and_of_the_steps(measure):
    found = measure("Jitter", Unperturbed(), batch=3)
    noise = Draws(7).normal(
        "evaluation/noise", samples=torch.arange(4), steps=range(7), cells=8
    )
    visible = noise.sum(dim=1)[:, :4]
    expected = (visible - torch.tensor([[10.0], [11], [10], [11]])).abs().mean(dim=1)
    torch.testing.assert_close(torch.tensor(found.samples["error/final"]), expected)


def test_filmstrips_show_the_visible_channels_in_time(measure, reset):
    found = measure("Climb", reset)
    assert found.frame_steps == {"class_0": [0, 4, 4, 7], "class_1": [0, 4, 4, 7]}
    assert found.frames["class_0"].shape == (4, 1, 2, 2)
    assert found.frames["class_1"][:, 0, 0, 0].tolist() == [0, 8, 0, 6]


def test_filmstrips_of_a_mutation_name_both_classes(measure):
    assert set(measure("Climb", Mutation()).frames) == {"class_0_to_1", "class_1_to_0"}


@pytest.mark.parametrize("curve_every", [1, 4])
def test_a_state_that_is_not_finite_is_named(measure, curve_every):
    with pytest.raises(Diverged) as caught:
        measure("Burst", Unperturbed(), curve_every=curve_every, perturb_at=9)
    assert str(caught.value) == "state_6 of the evaluation is not finite"


def test_the_model_is_evaluated_without_gradients_and_left_as_it_was(
    models, task, metrics, reset
):
    model = models["Climb"]()
    model.inner.eval()
    Recovery(**SHORT)(model, task(), reset, metrics, Draws(0))
    assert model.modes == {(False, False)}
    assert (model.training, model.inner.training) == (True, False)


def test_a_model_of_another_kind_is_refused(models, task, metrics, reset):
    with pytest.raises(TypeError) as caught:
        Recovery()(models["Offset"](), task(), reset, metrics, Draws(0))
    assert str(caught.value) == "recovery needs an automaton, not Offset"


@pytest.mark.parametrize(("rollouts", "fitting"), [(1, "2 or 4"), (7, "6 or 8")])
def test_rollouts_that_favour_a_pair_are_refused(measure, reset, rollouts, fitting):
    with pytest.raises(ValueError) as caught:
        measure("Climb", reset, rollouts=rollouts)
    assert str(caught.value) == (
        f"rollouts must be a multiple of the 2 cases to test, such as {fitting}, not {rollouts}"
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"perturb_at": 95},
            "stage_1 must be 0 <= first <= last <= perturb_at, not (64, 96) for 95",
        ),
        ({"curve_every": 150}, "curve_every must be from 1 to perturb_at, 149, not 150"),
        ({"curve_every": 0}, "curve_every must be from 1 to perturb_at, 149, not 0"),
        ({"horizon": 0}, "horizon must be at least 1, not 0"),
        ({"frames": 1}, "frames must be at least 2, not 1"),
        ({"batch": 0}, "batch must be at least 1, not 0"),
    ],
)
def test_times_that_do_not_fit_are_refused(settings, message):
    with pytest.raises(ValueError) as caught:
        Recovery(**settings)
    assert str(caught.value) == message


def test_a_latent_automaton_is_measured_beside_what_its_grid_can_hold(measure, models):
    class Coded(models["Climb"]):
        """Its own grid makes every image 3 darker, and has a code for each level."""

        def reconstruct(self, image):
            return image - 3

        def codes(self, image):
            return image[:, 0].long()

    models["Coded"] = Coded
    values = measure("Coded", Unperturbed()).values
    assert (values["error/reconstruction"], values["protocol/codes_used"]) == (3, 2)
