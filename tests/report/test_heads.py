from dataclasses import replace

import pytest

from ncabench.report import heads
from ncabench.suite.suite import Column, Deviation

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


@pytest.mark.parametrize(
    ("kind", "label", "printed", "head"),
    [
        ("pixel_accuracy", "accuracy (149)", "accuracy", "pixel accuracy (149)"),
        ("image_accuracy", "accuracy (149)", "accuracy", "image accuracy (149)"),
        ("pixel_accuracy", "Reg. (%)", "accuracy recovery", "pixel accuracy Reg. (%)"),
    ],
)
def test_a_quantity_with_two_readings_is_named_by_the_reading(plan, kind, label, printed, head):
    suite = with_metric(plan.suite, kind)
    assert heads.head(suite, column(label), printed_metric=printed) == head
    assert heads.is_quantity(suite, "perceptual", printed_metric=printed)
    assert not heads.is_quantity(suite, "perceptual", printed_metric="LPIPS")


def on_other_data(suite):
    named = {"paper": "MNIST", "here": "mnist_5k", "why": "it is here"}
    deviation = Deviation(**named, substitute="mnist_5k (substitute for MNIST)")
    return replace(suite, deviations=(*suite.deviations, deviation, deviation))


def test_data_that_stands_in_is_in_every_head_but_that_of_a_count(plan):
    suite = on_other_data(with_metric(plan.suite, "mse"))
    assert heads.head(suite, column("MSE")) == "MSE, mnist_5k (substitute for MNIST)"
    assert heads.head(suite, column("Params.", "parameters")) == "Params."
    assert heads.in_place(plan.suite) == ()
