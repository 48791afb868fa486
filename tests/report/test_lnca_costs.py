"""LNCA's suite of costs, on stored runs that hold what the paper prints."""

from collections import Counter
from pathlib import Path

import pytest

from ncabench.papers import ledger
from ncabench.plan import planner
from ncabench.report import claims, cost, judged, tables
from ncabench.suite import document

SUITE = Path(__file__).parents[2] / "suites" / "lnca_costs.toml"
VALUES = {
    "3": "training/batch_{}/peak_reserved_gb",
    "4": "inference/batch_{}/peak_reserved_gb",
    "5": "epochs/batch_{}/s",
    "6": "inference/batch_{}/unsynchronised_s",
}
GPU = {"device_class": "nvidia-h200", "device": "NVIDIA H200"}
WORD = "OOM (80 GB emulated)"


def printed(model, task):
    """What the paper prints of a model at a size, under the names that the profiler gives."""
    side, paper, found = task.removeprefix("px_"), ledger.load("lnca"), {}
    for number, name in VALUES.items():
        for batch in (8, 16, 32):
            cell = paper.printed(number, model.replace("_", ""), f"{side}x{side}/batch_{batch}")
            if cell.value is not None:
                found[name.format(batch)] = cell.value
    return found


@pytest.fixture
def costs(store):
    plan, found = planner.make(document.load(SUITE)), []
    for entry in plan.entries:
        values = printed(entry.labels[0]["model"], entry.labels[0]["task"])
        outcome = "ok" if len(values) == 12 else "oom"
        found.append(store(entry, values, outcome=outcome, reason="no memory", **GPU))
    return plan, found


def test_what_the_paper_prints_is_reproduced_or_what_others_are_divided_by(costs):
    found = Counter(one.word for one in judged.verdicts_of(*costs).values())
    assert found == {"reproduced": 4 * 45 - 4 * 9, "not comparable": 4 * 9}


def test_a_dash_is_a_cell_out_of_memory_and_leaves_the_others_of_its_row(costs):
    [table] = [
        one for one in tables.views(costs[0], judged.judged(*costs)) if one.id == "table_3"
    ]
    vitca = [cell.measured for cell in table.rows[2].cells]
    assert [WORD in one for one in vitca] == [False] * 5 + [True] * 4
    restormer = [cell.measured for cell in table.rows[1].cells]
    assert [WORD in one for one in restormer] == [False] * 8 + [True]


def test_the_papers_claims_hold_of_what_it_prints(costs):
    found = claims.judged(*costs)
    assert len(found) == 15
    assert {one.id: one.word for one in found if one.word != "supported"} == {}
    assert {one.as_printed.word for one in found} == {"holds", "within rounding"}


def test_the_cost_table_says_what_was_measured(costs):
    captions = cost.view(*costs).captions
    assert captions[1:4] == (
        "Image restoration, plain PyTorch: batch 8, 16, 32; rollouts of 32 steps in training, "
        "a pool of 1,024 states; answers of 64 steps, 10 of them after 2 of warm-up; a GB has "
        "2**30 bytes.",
        "Epochs of 1,000 samples, four fifths to train on, rollouts of all of those steps "
        "down to a quarter of them in turn: the mean of 1 after 2 batches of warm-up.",
        "Medians of 2 processes.",
    )
