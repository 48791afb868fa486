import json

import pytest

from ncabench.report.comparison import view
from ncabench.report.comparison.compared import Comparison


@pytest.fixture
def found(plan, sides, rows):
    """Returns a whole comparison of given runs."""

    def found(runs):
        first, second, _ = sides(runs)
        return Comparison(
            suite=plan.suite,
            first=first,
            second=second,
            rows=rows(runs),
            level=0.95,
            captions=("one",),
        )

    return found


def decided(numbers):
    return [
        *numbers("sobel", {0: 0.3, 1: 0.5, 2: 0.4}),
        *numbers("conv3x3", {0: 0.1, 1: 0.29, 2: 0.2}),
    ]


def test_a_table_has_no_column_for_what_all_rows_share(numbers, rows):
    heads, (line,) = view.table(rows(decided(numbers)))
    assert heads == [
        *("value", "n", "A", "B", "B - A", "95 % interval", "B / A", "verdict", "needs"),
    ]
    assert line == [
        *("rgba_mse/before", "3", "0.4", "0.1967", "-0.2033"),
        *("[-0.2177, -0.189]", "0.4917", "B better", ""),
    ]


def test_axes_on_which_rows_differ_have_a_column(run, rows):
    runs = [
        run({"rgba_mse/before": 1.0}, where={"perception": name, "perturbation": one})
        for name in ("sobel", "conv3x3")
        for one in ("damage", "mutation")
    ]
    heads, lines = view.table(rows(runs))
    assert heads[:2] == ["perturbation", "value"]
    assert [line[0] for line in lines] == ["damage", "mutation"]


def test_one_pair_has_no_interval_and_needs_two(numbers, rows):
    runs = [*numbers("sobel", {0: 1.0}), *numbers("conv3x3", {0: 2.0})]
    _, (line,) = view.table(rows(runs))
    assert line[4:] == ["1", "\u2013", "2", "undecided (1 pair)", "2 or more"]


def test_a_failed_seed_is_not_mended_by_more_seeds(numbers, rows):
    runs = [
        *numbers("sobel", {0: 1.0}),
        *numbers("conv3x3", {0: 2.0}),
        *numbers("sobel", {1: 0.0}, outcome="oom", reason="x"),
    ]
    _, (line,) = view.table(rows(runs))
    assert line[-2:] == ["undecided (A: rng_seed 1 OOM)", ""]


def test_a_tiny_difference_needs_more_seeds_than_one_would_run(numbers, rows):
    runs = [
        *numbers("sobel", {0: 1.0, 1: 1.0, 2: 1.0}),
        *numbers("conv3x3", {0: 2.0, 1: 0.0, 2: 1.001}),
    ]
    assert view.table(rows(runs))[1][0][-1] == "> 1,000"


def test_json_has_every_number_and_no_infinity(numbers, found):
    runs = [
        *numbers("sobel", {0: 1.0, 1: 3.0}),
        *numbers("conv3x3", {0: 2.0}),
        *numbers("conv3x3", {2: 0.0}, outcome="diverged", reason="x"),
    ]
    whole = json.loads(json.dumps(view.document(found(runs)), allow_nan=False))
    (row,) = whole.pop("rows")
    assert whole == {
        "suite": "tiny",
        "preset": "paper",
        "set": ["grid.rng_seed=[0,1,2]", "profile.blocks=3"],
        "level": 0.95,
        "rows_tested": 0,
        "a": _side("sobel"),
        "b": _side("conv3x3"),
        "captions": ["one"],
    }
    assert row == {
        "where": {
            "model": "nca",
            "update": "mlp",
            "task": "emoji",
            "perturbation": "damage",
        },
        "value": "rgba_mse/before",
        "better": "lower",
        "n": 1,
        "rng_seeds": [0],
        "mean_a": 1.0,
        "mean_b": 2.0,
        "difference": 1.0,
        "sd": None,
        "interval_low": None,
        "interval_high": None,
        "p_value": None,
        "ratio": 2.0,
        "verdict": "undecided",
        "reason": "B: rng_seed 2 diverged",
        "rng_seeds_needed": None,
        "a": {"values": {"0": 1.0, "1": 3.0}, "failed": {}, "not_run": [2]},
        "b": {"values": {"0": 2.0}, "failed": {"2": "diverged"}, "not_run": [1]},
    }


def test_json_counts_the_rows_that_were_tested(numbers, found):
    assert view.document(found(decided(numbers)))["rows_tested"] == 1


def _side(name):
    return {
        "name": name,
        "where": {"perception": name},
        "device_classes": ["cpu"],
        "devices": ["A CPU"],
        "engines": ["eager"],
    }
