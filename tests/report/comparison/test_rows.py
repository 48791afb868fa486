import math

import pytest

from ncabench.report.comparison.rows import evaluated, measured

SEEDS = (0, 1, 2)
DAMAGE = {"perturbation": "damage"}


def test_the_numbers_of_a_row_are_those_of_its_pairs(numbers, rows):
    runs = [
        *numbers("sobel", {0: 0.3, 1: 0.5, 2: 0.4}),
        *numbers("conv3x3", {0: 0.2, 1: 0.3, 2: 0.1}),
    ]
    (row,) = rows(runs)
    assert (row.n, row.rng_seeds, row.better) == (3, SEEDS, "lower")
    assert row.means == pytest.approx((0.4, 0.2))
    assert row.difference == pytest.approx(-0.2)  # of -0.1, -0.2, -0.3
    assert row.sd == pytest.approx(0.1)
    half = 4.302653 * 0.1 / math.sqrt(3)  # t of 2 degrees of freedom
    assert row.interval.low == pytest.approx(-0.2 - half)
    assert row.interval.high == pytest.approx(-0.2 + half)
    assert row.ratio == pytest.approx(0.5)


def test_pairing_decides_what_two_groups_could_not(numbers, rows):
    first = {0: 0.1, 1: 0.5, 2: 0.9}  # far apart, and each 0.1 above its partner
    runs = [
        *numbers("sobel", first),
        *numbers("conv3x3", {0: 0.001, 1: 0.4, 2: 0.801}),
    ]
    (row,) = rows(runs)
    assert (row.verdict, row.reason, row.rng_seeds_needed) == ("B better", "", None)
    swapped = [
        *numbers("sobel", first),
        *numbers("conv3x3", {0: 0.4, 1: 0.801, 2: 0.001}),  # the same group, other pairs
    ]
    (row,) = rows(swapped)
    assert (row.verdict, row.reason) == ("undecided", "the interval holds 0")
    assert row.rng_seeds_needed > 3


@pytest.mark.parametrize(
    ("value", "verdict"),
    [("rgba_mse/before", "A better"), ("rgba_mse/recovery", "B better")],
)
def test_better_is_lower_or_higher_as_the_value_has_it(numbers, rows, value, verdict):
    runs = [
        *numbers("sobel", {0: 1.0, 1: 1.1, 2: 1.2}, value=value),
        *numbers("conv3x3", {0: 2.0, 1: 2.1, 2: 2.21}, value=value),
    ]
    assert rows(runs, value)[0].verdict == verdict


def test_a_value_without_a_good_way_is_only_higher(run, rows):
    runs = [
        run({"final_loss": number + 0.1 * seed**2}, role="training", rng_seed=seed, where=where)
        for where, number in (({"perception": "sobel"}, 2.0), ({"perception": "conv3x3"}, 1.0))
        for seed in SEEDS
    ]
    (row,) = rows(runs, "training/final_loss")
    assert (row.verdict, row.better, row.n) == ("A higher", "none", 3)
    assert "perturbation" not in row.where


def test_one_pair_is_undecided(numbers, rows):
    (row,) = rows([*numbers("sobel", {0: 1.0, 1: 5.0}), *numbers("conv3x3", {0: 2.0, 2: 6.0})])
    assert (row.n, row.verdict, row.reason) == (1, "undecided", "1 pair")
    assert (row.difference, row.p_value, row.rng_seeds_needed) == (1.0, None, None)
    assert (row.interval.low, row.interval.high) == (-math.inf, math.inf)
    assert (row.first.missing, row.second.missing) == ((2,), (1,))


def test_means_leave_out_seeds_without_a_partner(numbers, rows):
    runs = [*numbers("sobel", {0: 1.0, 1: 2.0, 2: 9.0}), *numbers("conv3x3", {0: 1.0, 1: 3.0})]
    (row,) = rows(runs)
    assert (row.means, row.rng_seeds) == ((1.5, 2.0), (0, 1))


def test_no_shared_seed_leaves_a_row_without_numbers(numbers, rows):
    (row,) = rows([*numbers("sobel", {0: 1.0}), *numbers("conv3x3", {1: 2.0})])
    assert (row.n, row.means, row.difference, row.ratio) == (0, None, None, None)
    assert (row.verdict, row.reason) == ("undecided", "no rng_seed has both values")


def test_survivors_do_not_decide_when_a_seed_failed(numbers, rows):
    runs = [
        *numbers("sobel", {0: 1.0, 1: 1.01}),
        *numbers("sobel", {2: 0.0}, outcome="diverged", reason="loss is NaN"),
        *numbers("conv3x3", {0: 3.0, 1: 3.0, 2: 3.0}),
    ]
    (row,) = rows(runs)
    assert (row.n, row.verdict, row.reason) == (2, "undecided", "A: rng_seed 2 diverged")
    assert row.p_value is None


def test_a_failed_training_is_told_for_its_evaluation(run, numbers, rows):
    failed = run(
        role="training", rng_seed=1, where={"perception": "conv3x3"}, outcome="oom", reason="x"
    )
    runs = [*numbers("sobel", {0: 1.0, 1: 1.0}), *numbers("conv3x3", {0: 1.0}), failed]
    assert rows(runs)[0].reason == "B: rng_seed 1 OOM"


def several(run, perception, columns):
    """Stores runs of several values: value to its numbers, one for each rng_seed."""
    where = {"perception": perception, "perturbation": "damage"}
    return [
        run(
            {value: column[seed] for value, column in columns.items()},
            rng_seed=seed,
            where=where,
        )
        for seed in SEEDS
    ]


def test_a_verdict_must_survive_holm(run, rows):
    flat = {f"rgba_mse/{name}": (1.0, 1.0, 1.0) for name in ("before", "final", "stage_1")}
    other = dict.fromkeys(flat, (1.1, 0.9, 1.05)) | {"rgba_mse/before": (1.4, 1.5, 1.7)}
    runs = [*several(run, "sobel", flat), *several(run, "conv3x3", other)]
    (alone,) = rows(runs, "rgba_mse/before")
    beside, *_ = rows(runs, *flat)
    assert alone.verdict == "A better"
    assert 0.05 / 3 < alone.p_value < 0.05
    assert (beside.verdict, beside.reason) == ("undecided", "not after Holm's correction")
    assert (beside.interval, beside.p_value) == (alone.interval, alone.p_value)
    assert beside.rng_seeds_needed > 3


def test_equal_values_are_told_as_equal(numbers, rows):
    runs = [*numbers("sobel", {0: 1.0, 1: 2.0}), *numbers("conv3x3", {0: 1.0, 1: 2.0})]
    (row,) = rows(runs)
    assert (row.verdict, row.reason, row.rng_seeds_needed) == (
        "undecided",
        "equal in every pair",
        None,
    )


def test_parameters_are_compared_without_a_verdict(run, rows):
    runs = [
        run({"parameters": 400.0}, role="training", rng_seed=0, where={"perception": "sobel"}),
        run(
            {"parameters": 872.0}, role="training", rng_seed=2, where={"perception": "conv3x3"}
        ),
    ]
    (row,) = rows(runs, "parameters")
    assert (row.n, row.difference, row.ratio, row.verdict) == (1, 472.0, 2.18, "")


def profiles(run, **given):
    value = {"inference/ms_per_step": 2.0}, {"inference/ms_per_step": 3.0}
    return [
        run(value[0], role="profile", where={"perception": "sobel"}),
        run(value[1], role="profile", where={"perception": "conv3x3"}, **given),
    ]


def test_costs_of_one_device_are_a_ratio_without_a_verdict(run, rows):
    (row,) = rows(profiles(run), "profile/inference/ms_per_step")
    assert (row.n, row.means, row.ratio, row.verdict) == (1, (2.0, 3.0), 1.5, "")
    assert "recipe" not in row.where


@pytest.mark.parametrize("other", [{"device": "Another CPU"}, {"engine": "compiled"}])
def test_costs_of_two_devices_or_engines_are_not_compared(run, rows, other):
    (row,) = rows(profiles(run, **other), "profile/inference/ms_per_step")
    assert (row.verdict, row.reason) == ("not comparable", "measured on different devices")
    assert (row.means, row.difference, row.ratio) == ((2.0, 3.0), None, None)


def test_quality_of_two_devices_is_compared(numbers, rows):
    runs = [
        *numbers("sobel", {0: 1.0, 1: 1.1, 2: 1.2}),
        *numbers("conv3x3", {0: 2.0, 1: 2.1, 2: 2.21}, device_class="gpu"),
    ]
    assert rows(runs)[0].verdict == "A better"


def test_another_protocol_shows_numbers_and_no_verdict(run, rows):
    runs = [
        run({"rgba_mse/before": number + seed / 9}, rng_seed=seed, where={**where, **DAMAGE})
        for where, number in (({"perception": "sobel"}, 1.0), ({"model": "unet"}, 2.0))
        for seed in SEEDS
    ]
    (row,) = rows(runs, first="nca & sobel", second="unet")
    assert (row.n, row.ratio is not None, row.verdict) == (3, True, "not comparable")
    assert row.reason == "protocol.kind: recovery against one_pass_recovery"


def test_each_context_is_a_row_of_its_own(run, rows):
    runs = [
        run({"rgba_mse/before": 1.0}, where={"perception": perception, "perturbation": one})
        for perception in ("sobel", "conv3x3")
        for one in ("damage", "mutation")
    ]
    assert [row.where["perturbation"] for row in rows(runs)] == ["damage", "mutation"]


def test_a_place_where_nothing_was_run_has_no_row(numbers, rows):
    runs = [*numbers("sobel", {0: 1.0}), *numbers("conv3x3", {0: 1.0})]
    assert [row.where["perturbation"] for row in rows(runs)] == ["damage"]


def test_the_values_are_those_that_evaluations_have_but_for_references(run, sides):
    where = {"perception": "sobel", "perturbation": "damage"}
    found = {"rgba_mse/before": 1.0, "rgba_mse/empty": 0.1}
    training = run({"final_loss": 1.0}, role="training", where={"perception": "conv3x3"})
    first, second, _ = sides([run(found, where=where), training])
    assert evaluated(first, second) == ["rgba_mse/before"]
    assert measured(first, second) == [
        "parameters",
        "rgba_mse/before",
        "rgba_mse/empty",
        "training/final_loss",
    ]
