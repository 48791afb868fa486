import math
import random

import pytest

from ncabench.interval import Interval, combined, word


def ends(one):
    return float(one.low), float(one.high)


@pytest.mark.parametrize(
    ("found", "low", "high"),
    [
        (Interval(1, 2) + Interval(3, 5), 4, 7),
        (Interval(1, 2) - Interval(3, 5), -4, -1),
        (Interval(-1, 2) * Interval(3, 5), -5, 10),
        (Interval(-2, -1) * Interval(3, 5), -10, -3),
        (Interval(1, 2) / Interval(4, 5), 0.2, 0.5),
        (Interval(1, 2) / Interval(0, 4), 0.25, math.inf),
        (Interval(1, 2) / Interval(-4, 0), -math.inf, -0.25),
        (Interval(1, 2) / Interval(-1, 1), -math.inf, math.inf),
        (Interval(0, 0) * Interval(-math.inf, math.inf), 0, 0),
        (-Interval(1, 2), -2, -1),
        (1 - Interval(1, 2), -1, 0),
        (1 + Interval(1, 2), 2, 3),
        (2 * Interval(1, 2), 2, 4),
        (1 / Interval(2, 4), 0.25, 0.5),
        (Interval(1, 2) / 4, 0.25, 0.5),
        (Interval.around(0.152, 0.0005), 0.1515, 0.1525),
        (Interval(-1, 3).clipped(0, 2), 0, 2),
    ],
)
def test_arithmetic_by_hand(found, low, high):
    assert ends(found) == (low, high)


def test_every_result_of_members_is_in_the_result_of_intervals():
    chance = random.Random(1)
    for _ in range(300):
        a, b, c, d = (chance.uniform(-3.0, 3.0) for _ in range(4))
        one, two = Interval(min(a, b), max(a, b)), Interval(min(c, d), max(c, d))
        x, y = chance.uniform(*ends(one)), chance.uniform(*ends(two))
        slack = Interval(-1e-12, 1e-12)
        assert x + y in one + two + slack
        assert x - y in one - two + slack
        assert x * y in one * two + slack
        assert x / y in one / two * Interval(1 - 1e-12, 1 + 1e-12) + slack


def test_decimals_are_exact():
    total = Interval(0.1, 0.1) + Interval(0.2, 0.2)
    assert total == Interval(0.3, 0.3)
    assert total.exact
    assert 0.1 + 0.2 not in total


def test_intervals_that_only_touch_do_not_overlap_but_an_exact_number_may():
    assert not Interval(0, 1).overlaps(Interval(1, 2))
    assert Interval(0, 1).overlaps(Interval(0.9, 2))
    assert Interval(0, 1).overlaps(Interval(1, 1))


def test_what_lies_outside_the_bounds_is_nothing():
    assert Interval(-2, -1).clipped(0, math.inf) is None


def test_bounded_means_both_ends():
    assert Interval(0, 1).bounded
    assert not Interval(0, math.inf).bounded


@pytest.mark.parametrize(("low", "high"), [(1, 0), (math.nan, 1), (0, math.nan)])
def test_ends_in_the_wrong_order_are_refused(low, high):
    with pytest.raises(ValueError) as caught:
        Interval(low, high)
    assert str(caught.value) == f"an interval needs low <= high, found {low}, {high}"


@pytest.mark.parametrize(
    ("margin", "sign", "expected"),
    [
        (Interval(1, 2), ">", "holds"),
        (Interval(0, 2), ">", "holds"),
        (Interval(-1, 2), ">", "within rounding"),
        (Interval(-1, 2), ">=", "within rounding"),
        (Interval(-1, 0), ">=", "contradicted"),
        (Interval(-2, -1), "<", "contradicted"),
        (Interval(0, 0), "<", "contradicted"),
        (Interval(0, 0), "<=", "holds"),
        (0.5, ">", "holds"),
        (-0.5, ">=", "contradicted"),
    ],
)
def test_a_margin_says_whether_its_comparison_holds(margin, sign, expected):
    assert word(margin, sign) == expected


YES, NO, OPEN = "holds", "contradicted", "within rounding"


@pytest.mark.parametrize(
    ("words", "every", "most", "some"),
    [
        ([YES, YES, YES], YES, YES, YES),
        ([YES, YES, NO], NO, YES, YES),
        ([YES, YES, OPEN], OPEN, YES, YES),
        ([YES, NO], NO, NO, YES),
        ([YES, OPEN], OPEN, OPEN, YES),
        ([NO, OPEN, OPEN], NO, OPEN, OPEN),
        ([NO, NO], NO, NO, NO),
    ],
)
def test_words_are_combined_by_how_many_must_hold(words, every, most, some):
    found = [combined(words, quantifier) for quantifier in ("every", "most", "some")]
    assert found == [every, most, some]
