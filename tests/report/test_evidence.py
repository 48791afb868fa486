"""What few rng_seeds decide, and how often the words are wrong."""

import numpy as np
import pytest

from ncabench.report.evidence import Evidence, Holding, decide, needed, refuting
from ncabench.stats.interval import t_interval
from ncabench.stats.power import seeds_to_detect

FOR, AGAINST = Evidence(margins=(1.0, 1.1, 1.2)), Evidence(margins=(-1.0, -1.1, -1.2))
OPEN = Evidence(margins=(-1.0, 0.5, 2.0))
CLOSE = Evidence(margins=(0.5, 1.0, 1.5))  # 1 +- 1.24 at 95 %


def group(least, *evidence):
    return Holding(least=least, evidence=evidence)


def test_the_whole_interval_must_lie_on_one_side():
    assert [one.word() for one in (FOR, AGAINST, OPEN)] == ["supported", "refuted", "undecided"]
    assert FOR.interval() == t_interval([1.0, 1.1, 1.2])


def test_one_run_decides_only_what_is_exact():
    alone, exact = Evidence(margins=(1.0,)), Evidence(margins=(1.0,), exact=True)
    assert (alone.word(), exact.word()) == ("undecided", "supported")
    assert (alone.interval(), alone.mean) == (None, 1.0)


def test_equal_counts_keep_a_sign_with_an_equals_only():
    less = Evidence(margins=(0.0,), exact=True)
    at_most = Evidence(margins=(0.0,), exact=True, equal=True)
    assert (less.word(), at_most.word()) == ("refuted", "supported")


def test_equal_measured_values_decide_nothing():
    assert Evidence(margins=(0.0, 0.0, 0.0)).word() == "undecided"
    assert Evidence(margins=(0.0, 0.0, 0.0), equal=True).word() == "supported"


def test_an_obstacle_keeps_everything_undecided():
    assert Evidence(margins=FOR.margins, obstacle="1 of 4 diverged").word() == "undecided"


def test_shares_need_more_than_a_run_of_each():
    one, five = Evidence(shares=((0, 1), (1, 1))), Evidence(shares=((0, 5), (5, 5)))
    assert (one.word(), five.word(), five.mean, five.n) == ("undecided", "supported", 1.0, 5)
    assert Evidence(shares=((5, 5), (0, 5))).word() == "refuted"


def test_every_needs_each_and_is_refuted_by_one():
    assert decide([group(2, FOR, FOR)]) == "supported"
    assert decide([group(2, FOR, OPEN)]) == "undecided"
    assert decide([group(2, FOR, AGAINST)]) == "refuted"


def test_some_needs_one_and_is_refuted_by_all():
    assert decide([group(1, FOR, AGAINST, OPEN)]) == "supported"
    assert decide([group(1, OPEN, AGAINST)]) == "undecided"
    assert decide([group(1, AGAINST, AGAINST)]) == "refuted"


def test_most_is_more_than_half():
    assert (
        decide([group(3, FOR, FOR, AGAINST, AGAINST)]) == "refuted"
    )  # two of four is not most
    assert decide([group(2, FOR, FOR, AGAINST)]) == "supported"
    assert decide([group(2, FOR, OPEN, AGAINST)]) == "undecided"


def test_all_groups_must_hold():
    assert decide([group(1, FOR), group(1, OPEN)]) == "undecided"
    assert decide([group(1, FOR), group(1, AGAINST)]) == "refuted"
    assert decide([]) == "undecided"


def test_refutation_is_corrected_for_the_comparisons_of_a_claim():
    assert refuting([group(5, *[FOR] * 5)]) == pytest.approx(0.99)
    narrow = Evidence(margins=(-0.9, -1.2, -1.5))  # -1.2 +- 0.75 at 95 %, +- 1.72 at 99 %
    assert decide([group(5, narrow, *[FOR] * 4)]) == "undecided"
    assert decide([group(1, narrow)]) == "refuted"


def test_needed_is_what_the_weakest_comparison_needs():
    found = needed([group(2, CLOSE, Evidence(margins=(0.0, 1.0, 2.0)))])
    assert found == seeds_to_detect(1.0, 1.0) == 10


def test_some_needs_only_its_strongest_comparison():
    found = needed([group(1, CLOSE, Evidence(margins=(0.0, 1.0, 2.0)))])
    assert found == seeds_to_detect(1.0, 0.5, level=0.975)


def test_what_is_against_it_needs_enough_to_refute():
    against = Evidence(margins=(-0.5, -1.0, -1.5))
    assert needed([group(2, against, FOR)]) == seeds_to_detect(-1.0, 0.5, level=0.975)


def test_no_number_is_given_where_none_is_known():
    for one in (
        Evidence(margins=(1.0,)),
        Evidence(margins=(-1.0, 1.0)),
        Evidence(obstacle="x"),
    ):
        assert needed([group(1, one)]) is None
    tiny = Evidence(margins=(-1.0, 1.0 + 1e-6))
    assert needed([group(1, tiny)]) is None


def words(rng, *, least, means, sets=2000, n=4):
    """Return the words of many claims whose margins have these means and share a drift."""
    margins = rng.normal(size=(sets, len(means), n)) + rng.normal(size=(sets, 1, n))
    margins += np.asarray(means)[:, None]
    return [
        decide([group(least, *(Evidence(margins=tuple(line)) for line in one))])
        for one in margins
    ]


@pytest.mark.parametrize(
    ("least", "means"),
    [(3, (0.0, 9.0, 9.0)), (1, (0.0, 0.0, 0.0)), (2, (9.0, 0.0, 0.0)), (3, (0.0, 0.0, 0.0))],
    ids=["every", "some", "most", "every, none of which holds"],
)
def test_what_does_not_hold_is_seldom_called_supported(least, means):
    found = words(np.random.default_rng(0), least=least, means=means)
    assert found.count("supported") / len(found) < 0.035  # 2.5 % and what chance adds


@pytest.mark.parametrize(
    ("least", "means"),
    [(3, (0.0, 0.0, 0.0)), (1, (0.0, -9.0, -9.0)), (2, (0.0, 0.0, -9.0)), (3, (0.0, 9.0, 9.0))],
    ids=["every", "some", "most", "every, but one far off"],
)
def test_what_holds_is_seldom_called_refuted(least, means):
    found = words(np.random.default_rng(1), least=least, means=means)
    assert found.count("refuted") / len(found) < 0.035


def test_what_clearly_holds_or_fails_is_told():
    rng = np.random.default_rng(2)
    held = words(rng, least=2, means=(30.0, 30.0), sets=50)
    failed = words(rng, least=2, means=(30.0, -30.0), sets=50)
    assert (set(held), set(failed)) == ({"supported"}, {"refuted"})
