from dataclasses import replace

import pytest

from ncabench.report import heads
from ncabench.suite.suite import Column

LPIPS = "ST-LPIPS (substitute for LPIPS)"


def column(label, value="perceptual/stage_1"):
    return Column(label=label, value=value)


def with_metric(suite, kind):
    return replace(
        suite, components={**suite.components, "metric": {"perceptual": {"kind": kind}}}
    )


@pytest.mark.parametrize(
    ("kind", "label", "head"),
    [
        ("st_lpips", "LPIPS Stage 1", f"{LPIPS} Stage 1"),
        ("st_lpips", "Reg. (%)", f"{LPIPS} Reg. (%)"),
        ("lpips", "LPIPS Stage 1", "LPIPS Stage 1"),
        ("lpips", "Reg. (%)", "LPIPS Reg. (%)"),
        ("mse", "LPIPS Stage 1", "MSE (paper: LPIPS) Stage 1"),
    ],
)
def test_the_measured_metrics_own_name_is_in_the_head(plan, kind, label, head):
    suite = with_metric(plan.suite, kind)
    assert heads.head(suite, column(label), printed_metric="LPIPS") == head


def test_a_recovery_of_the_papers_metric_counts_as_the_papers(plan):
    head = heads.head(plan.suite, column("Reg. (%)"), printed_metric="LPIPS recovery")
    assert head == f"{LPIPS} Reg. (%)"


def test_the_head_of_a_count_is_left_as_it_is(plan):
    assert heads.head(plan.suite, column("Params.", "parameters")) == "Params."


def test_another_precision_stands_in_the_head(plan):
    execution = replace(plan.suite.execution, precision="bf16")
    suite = replace(with_metric(plan.suite, "mse"), execution=execution)
    assert heads.head(suite, column("MSE")) == "MSE, bf16"


def test_only_substitutes_are_listed_as_such(plan):
    assert heads.substitutes(plan.suite) == (LPIPS,)
    assert heads.substitutes(with_metric(plan.suite, "mse")) == ()
