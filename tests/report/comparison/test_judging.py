from dataclasses import replace

import numpy as np
import pytest

from ncabench.report.comparison.judging import direction, holm
from ncabench.suite.suite import Column


@pytest.mark.parametrize(
    ("p_values", "rejected"),
    [
        ([], ()),
        ([0.05], (True,)),
        ([0.051], (False,)),
        ([0.01, 0.04, 0.03], (True, False, False)),  # 0.03 > 0.05 / 2 ends it
        ([0.01, 0.04, 0.02], (True, True, True)),  # 0.05 / 3, / 2, / 1
        ([0.02, 0.02, 0.02], (False, False, False)),
    ],
)
def test_holm_compares_the_smallest_with_the_strictest(p_values, rejected):
    assert holm(p_values, level=0.95) == rejected


def test_holm_follows_the_level():
    assert holm([0.04], level=0.99) == (False,)


@pytest.mark.parametrize(
    ("value", "kinds", "better"),
    [
        ("m/before", ["mse"], "lower"),
        ("m/before", ["psnr"], "higher"),
        ("m/recovery", ["mse"], "higher"),
        ("m/recovery_clipped", ["mse"], "higher"),
        ("m/empty", ["mse"], "none"),
        ("m/before", ["mse", "psnr"], "none"),
        ("m/before", ["no_longer_there"], "none"),
        ("parameters", [], "none"),
    ],
)
def test_a_value_is_good_as_its_metric_says(plan, value, kinds, better):
    assert direction(plan.suite, value, kinds=kinds) == better


def test_a_column_says_which_way_of_another_value_is_good(plan):
    column = Column(label="Loss", value="training/final_loss", better="lower")
    table = replace(plan.suite.tables[0], columns=(column,))
    suite = replace(plan.suite, tables=(table,))
    assert direction(suite, "training/final_loss") == "lower"


def test_the_chance_of_any_false_verdict_is_kept():
    p_values = np.random.default_rng(0).uniform(size=(4000, 5))  # no difference anywhere
    false = np.mean([any(holm(list(one))) for one in p_values])
    assert 0.04 < false < 0.058  # 1 - 0.99^5 = 0.049; standard error 0.0034
