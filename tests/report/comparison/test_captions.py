from dataclasses import replace

import pytest

from ncabench.plan import planner
from ncabench.report.comparison import captions, pairing
from ncabench.suite import document


@pytest.fixture
def told(plan, sides, rows):
    """Returns the captions of A against B."""

    def told(runs, *values, first="sobel", second="conv3x3", suite=None):
        ours, theirs, met = sides(runs, first, second)
        return captions.lines(
            ours,
            theirs,
            suite=suite or plan.suite,
            pairing=met,
            rows=rows(runs, *values, first=first, second=second),
            level=0.95,
        )

    return told


def both(numbers, **second):
    return [
        *numbers("sobel", {0: 1.0, 1: 1.5}),
        *numbers("conv3x3", {0: 2.0, 1: 2.1}, **second),
    ]


def test_the_captions_say_what_is_compared_where_and_how(numbers, told):
    assert told(both(numbers)) == (
        "A: sobel (perception). B: conv3x3 (perception).",
        "In every row: model nca, update mlp, task emoji, perturbation damage.",
        "Measured on: A CPU, engine eager.",
        "SET BY HAND: grid.rng_seed=[0,1,2], profile.blocks=3.",
        "Precision: the framework's default.",
        "B - A is paired by rng_seed; n is the number of pairs; beside it the 95 % t interval "
        "of the mean, of each row by itself.",
        "Verdicts hold together at 95 % (Holm's correction, 1 row tested). Needs N: as many "
        "rng_seeds would decide, with 80 % chance, if the difference and its spread stay as "
        "they are.",
    )


def test_two_devices_are_told_loudly(numbers, told):
    found = told(both(numbers, device_class="gpu", device="A GPU", engine="compiled"))
    assert (
        "DEVICES OR ENGINES DIFFER: A on A CPU, engine eager, B on A GPU, engine compiled. "
        "Quality is compared all the same; time, memory and energy are not."
    ) in found


def test_a_device_that_is_not_shown_is_named(numbers, told):
    runs = [*both(numbers), *numbers("sobel", {0: 1.0}, device_class="gpu", device="A GPU")]
    assert "Also measured, not shown here: gpu." in told(runs)


def test_a_substitute_is_told_by_what_was_run_whatever_the_suite_says(
    plan, numbers, told, sides, rows
):
    runs = both(numbers)
    ours, theirs, met = sides(runs)
    asked = {"rgba_mse": {"kind": "st_lpips"}}
    other = {
        place: replace(one, spec={**one.spec, "metrics": asked})
        for place, one in ours.entries.items()
    }
    ours = replace(ours, entries=other)
    found = captions.lines(
        ours, theirs, suite=plan.suite, pairing=met, rows=rows(runs), level=0.95
    )
    loud = "SUBSTITUTE METRIC: rgba_mse is ST-LPIPS (substitute for LPIPS) and MSE."
    assert loud in found
    assert not [line for line in told(runs) if "SUBSTITUTE" in line]


def test_what_differs_besides_is_told(run, told):
    runs = [
        run({"rgba_mse/before": 1.0}, where={"perturbation": "damage", **where})
        for where in ({"perception": "sobel"}, {"model": "unet"})
    ]
    found = told(runs, first="nca & sobel", second="unet")
    assert (
        "THEY DIFFER BESIDES IN: update mlp against none; recipe none against one_pass."
    ) in found


def test_seeds_without_a_partner_are_told(numbers, told):
    runs = [*numbers("sobel", {0: 1.0, 1: 1.5, 2: 9.0}), *numbers("conv3x3", {0: 2.0, 1: 2.1})]
    assert "Left out, since only A has a value: rng_seeds 2." in told(runs)


def test_places_of_one_side_alone_are_told(plan, numbers, sides, rows):
    runs = both(numbers)
    ours, theirs, _ = sides(runs)
    some = tuple(one for one in theirs.points if one["perturbation"] == "damage")
    theirs = replace(theirs, points=some)
    found = captions.lines(
        ours,
        theirs,
        suite=plan.suite,
        pairing=pairing.pair(ours, theirs),
        rows=rows(runs),
        level=0.95,
    )
    assert "Only A has: model nca, update mlp, task emoji, perturbation mutation." in found


def test_a_preset_is_told(plan, numbers, told):
    suite = replace(plan.suite, preset="slow")
    assert any(line.startswith("PRESET 'slow', ") for line in told(both(numbers), suite=suite))


def test_counts_alone_need_no_statistics(run, told):
    runs = [
        run({"parameters": 400.0}, role="training", where={"perception": name})
        for name in ("sobel", "conv3x3")
    ]
    assert not [line for line in told(runs, "parameters") if "paired" in line]


def test_an_emulated_card_is_told(numbers, told, plan):
    sets = ["grid.rng_seed=[0,1,2]", "execution.memory_limit_gb=24.0"]
    suite = planner.make(document.load(plan.suite.path, sets=sets)).suite
    assert "EMULATED CARD: memory limited to 24 GB." in told(both(numbers), suite=suite)
