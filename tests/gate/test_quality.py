import math

import numpy as np
import pytest

from ncabench.gate.baseline import Quality
from ncabench.gate.quality import compare, disagreement, tolerance

IDS = {seed: f"id{seed}" for seed in range(5)}
FIRST = {0: 1.0, 1: 1.2, 2: 0.9, 3: 1.1, 4: 0.8}  # mean 1


def base(noise: float, *, better: str = "lower", unit: str = "") -> Quality:
    signs = (1, -1, 1, -1, 0.5)
    second = {seed: FIRST[seed] + noise * signs[seed] for seed in FIRST}
    return Quality(ids=IDS, better=better, unit=unit, first=FIRST, second=second)


def now(change: float) -> dict[int, float]:
    return {seed: value + change for seed, value in FIRST.items()}


@pytest.mark.parametrize(
    ("change", "better", "word"),
    [
        (0.0, "lower", "ok"),
        (0.029, "lower", "ok"),
        (0.031, "lower", "worse"),
        (-0.031, "lower", "better"),
        (0.1, "higher", "better"),
        (-0.1, "higher", "worse"),
    ],
)
def test_without_rounding_noise_three_per_cent_are_the_limit(change, better, word):
    found = compare("x", base(0.0, better=better), now(change), ids=IDS, cells=10)
    assert (found.word, found.n) == (word, 5)
    assert found.change == pytest.approx(change)


def test_rounding_noise_widens_the_tolerance_by_students_t():
    # r = 0.1 sqrt(4.25 / 5); t of 5 degrees of freedom at 1 - 0.01/10, two-sided, is 6.869
    expected = 6.8688 * 0.1 * math.sqrt(4.25 / 5) / math.sqrt(5)
    assert tolerance(base(0.1), seeds=5, cells=10) == pytest.approx(expected, rel=1e-4)
    assert compare("x", base(0.1), now(0.1), ids=IDS, cells=10).word == "ok"


def test_on_another_class_of_device_the_spread_of_rng_seeds_is_the_noise():
    # sd of FIRST is 0.1581; t of 4 degrees of freedom at 1 - 0.01/10, two-sided, is 8.610
    expected = 8.6103 * math.sqrt(2) * math.sqrt(0.025) / math.sqrt(5)
    wide = tolerance(base(0.0), seeds=5, cells=10, same_device=False)
    assert wide == pytest.approx(expected, rel=1e-4)
    found = compare("x", base(0.0), now(0.5), ids=IDS, cells=10, same_device=False)
    assert found.word == "ok"


def test_percentages_are_compared_in_points():
    found = compare("x", base(0.0, better="higher", unit="%"), now(-1.9), ids=IDS, cells=1)
    assert (found.word, found.tolerance) == ("ok", 2.0)
    assert found.change == pytest.approx(-1.9)


def test_fewer_than_five_rng_seeds_teach_no_tolerance():
    few = Quality(ids={0: "a"}, better="lower", first={0: 1.0}, second={0: 1.0})
    found = compare("x", few, {0: 9.0}, ids={0: "a"}, cells=1)
    assert (found.word, found.reason) == (
        "not compared",
        "1 rng_seeds in the baseline; 5 teach a tolerance",
    )


def test_a_lost_rng_seed_or_another_entry_is_outdated_not_ok():
    four = {seed: value for seed, value in FIRST.items() if seed}
    lost = compare("x", base(0.0), four, ids=IDS, cells=1)
    other = compare("x", base(0.0), FIRST, ids={**IDS, 3: "new"}, cells=1)
    assert (lost.word, lost.reason) == ("outdated", "no value for rng_seed 0")
    assert (other.word, other.reason) == (
        "outdated",
        "the suite asks for something else at rng_seed 3",
    )


def test_what_is_worse_stays_worse_when_it_is_outdated_too():
    found = compare("x", base(0.0), now(0.5), ids={**IDS, 3: "new"}, cells=1)
    assert found.word == "worse"


def test_nothing_but_rounding_raises_an_alarm_in_at_most_one_check_of_a_hundred():
    chance, cells, alarms = np.random.Generator(np.random.Philox(7)), 5, 0
    for _ in range(400):
        noise = chance.normal(size=(cells, 2, 5)) * 0.2
        words = []
        for learned, new in noise:
            second = {seed: FIRST[seed] + learned[seed] for seed in FIRST}
            cell = Quality(ids=IDS, better="lower", first=FIRST, second=second)
            values = {seed: FIRST[seed] + new[seed] for seed in FIRST}
            words.append(compare("x", cell, values, ids=IDS, cells=cells).word)
        alarms += "worse" in words
    assert alarms <= 10  # 2 expected: half of the 1 % are in the good direction


def test_captures_that_differ_by_more_than_rounding_disagree():
    shifted = {seed: value * 1.1 + 0.001 * seed for seed, value in FIRST.items()}
    off = Quality(ids=IDS, better="lower", first=FIRST, second=shifted)
    assert disagreement("x", base(0.1), cells=1) == ""
    assert disagreement("x", off, cells=1) == (
        "x: the second capture is off by +0.102, more than rounding explains"
    )
