import math

import pytest

from ncabench.nca.perturbation.input_change import InputChange
from ncabench.nca.perturbation.mutation import Mutation
from ncabench.nca.protocol._cases import cases, films, kept, recovery, summarise

SCORES = {"before": [0.0, 0.2], "damaged": [1.0, 0.4], "final": [0.5, 0.1]}


def test_pairs_take_turns():
    found = cases(Mutation(), classes=3, rollouts=12)
    assert found[:6] == found[6:] == Mutation().pairs(3)


def test_five_filmstrips_are_spread_over_twenty_pairs():
    pairs = Mutation().pairs(5)
    assert films(pairs * 4, distinct=20) == {
        0: "class_0_to_1",
        4: "class_1_to_0",
        8: "class_2_to_0",
        12: "class_3_to_0",
        16: "class_4_to_0",
    }


def test_recovery_is_that_of_the_means_and_its_companion_the_mean_of_clipped_ones():
    values = summarise("m", SCORES)
    assert values["m/recovery"] == pytest.approx(100 * (0.7 - 0.3) / (0.7 - 0.1))
    assert values["m/recovery_clipped"] == pytest.approx((50 + 100) / 2)  # 150 counts as 100


def test_recovery_may_be_negative_and_holds_where_higher_is_better():
    assert recovery(before=0.1, damaged=0.3, final=0.7) == pytest.approx(-200)
    assert recovery(before=30.0, damaged=10.0, final=25.0) == 75.0


@pytest.mark.parametrize("damaged", [0.25, 0.25 + 1e-13, math.inf, math.nan])
def test_recovery_is_absent_where_damage_is_nothing_or_no_number(damaged):
    assert recovery(before=0.25, damaged=damaged, final=0.5) is None


def test_a_sample_that_nothing_happened_to_does_not_count_in_the_clipped_mean():
    scores = {"before": [0.1, 0.0], "damaged": [0.1, 1.0], "final": [9.0, 0.5]}
    assert summarise("m", scores)["m/recovery_clipped"] == 50.0


def test_what_is_not_finite_is_left_out():
    scores = {**SCORES, "before": [math.inf, 20.0]}
    assert set(summarise("m", scores)) == {"m/damaged", "m/final", "m/recovery_clipped"}
    assert set(kept("m", scores)) == {"m/damaged", "m/final"}


def test_a_change_of_inputs_is_no_matter_of_classes():
    with pytest.raises(ValueError) as caught:
        cases(InputChange(), classes=1, rollouts=2)
    assert str(caught.value) == (
        "InputChange changes the inputs of a batch, which only the protocol resilience follows"
    )
