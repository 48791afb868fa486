from dataclasses import replace

import pytest

from ncabench.report import obstacles

PAPERS = "RTX 4090, 24 GB"


@pytest.fixture
def entry(plan):
    return plan.profiles({"perception": "sobel"})[0]


def emulated(plan, limit):
    execution = replace(plan.suite.execution, memory_limit_gb=limit)
    return replace(plan.suite, execution=execution)


@pytest.mark.parametrize(
    ("device", "limit", "reasons"),
    [
        ("nvidia-geforce-rtx-4090", None, ()),
        ("nvidia-geforce-rtx-4090-laptop-gpu", None, ("another card's memory",)),
        ("nvidia-h200", None, ("another card's memory",)),
        ("nvidia-h200", 24.0, ()),
        ("nvidia-h200", 16.0, ("another card's memory",)),
        ("cpu", 24.0, ("measured on a CPU",)),
    ],
)
def test_memory_compares_on_the_papers_card_or_an_emulated_one(
    plan, store, entry, device, limit, reasons
):
    run = store(entry, device_class=device)
    suite = emulated(plan, limit)
    found = obstacles.of_memory(suite, [run], hardware=PAPERS, device_class=device)
    assert found == reasons


def test_no_card_is_the_papers_where_it_names_none(plan, store, entry):
    run = store(entry, device_class="nvidia-h200")
    found = obstacles.of_memory(
        plan.suite, [run], hardware="not stated", device_class="nvidia-h200"
    )
    assert found == ("another card's memory",)


def test_costs_compare_on_any_gpu_run_by_plain_code(plan, store, entry):
    table = plan.suite.tables[0]
    suite = replace(plan.suite, preset="paper")

    def found(**given):
        run = store(entry, **given)
        where = {"row": table.rows[0], "column": table.columns[3]}
        return obstacles.of_cost(suite, [entry], **where, runs=[run])

    assert found(device_class="nvidia-h200") == ()
    assert found(device_class="cpu") == ("measured on a CPU",)
    fused = found(device_class="nvidia-h200", engine="fused")
    assert fused == ("engine fused, and the paper's code is plain",)


@pytest.mark.parametrize(
    ("metric", "reasons"),
    [
        ("LPIPS recovery", ("ST-LPIPS (substitute for LPIPS)",)),
        (
            "SSIM",
            (
                "ST-LPIPS (substitute for LPIPS)",
                "the paper prints SSIM, and ST-LPIPS (substitute for LPIPS) was measured",
            ),
        ),
    ],
)
def test_another_quantity_than_the_printed_one_does_not_compare(plan, metric, reasons):
    table, suite = plan.suite.tables[0], replace(plan.suite, preset="paper")
    where = {"row": table.rows[0], "column": table.columns[0]}
    assert obstacles.of_value(suite, [], **where, metric=metric) == reasons
