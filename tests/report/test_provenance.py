import json
from dataclasses import replace

import pytest

from ncabench.report import cost, provenance, tables
from ncabench.report.judged import judged

SPEC = {"model": {"kind": "nca"}, "data": {"kind": "mnist_5k", "digest": "80" * 32}}
GPU = {"gpu": {"driver": "570.1"}, "flags": {"cudnn_tf32": True, "matmul_tf32": False}}


@pytest.fixture
def written(plan, runs):
    def make(order=runs):
        every = judged(plan, order)
        views, costs = tables.views(plan, every), cost.view(plan, order)
        return provenance.document(plan, order, judged=every, views=views, cost=costs)

    return make


def test_a_cell_leads_to_its_records_and_what_they_state(written):
    found = json.loads(written())
    cell = found["tables"]["perceptions"]["cells"][1]
    assert (cell["row"], cell["measured"]) == ("Sobel", "55.00 ± 7.07 (n=2)")
    behind = [found["records"][one] for one in cell["records"]]
    assert [one["role"] for one in behind] == ["evaluation"] * 2
    assert {one["labels"][0]["rng_seed"] for one in behind} == {0, 1}
    assert {one["commit"] for one in behind} == {"abc"}
    tested = {one["training"] for one in behind}
    assert tested < {one["id"] for one in found["records"].values()}
    assert found["environments"][behind[0]["environment"]] == {}


def test_every_cell_of_every_table_is_traced(written, plan):
    found = json.loads(written())["tables"]
    [table] = plan.suite.tables
    assert set(found) == {table.id, "cost"}
    places = [tuple(one["at"]) for one in found[table.id]["cells"]]
    rows, columns = len(table.rows), len(table.columns)
    assert places == [(y, x) for y in range(rows) for x in range(columns)]
    assert all(one["records"] for one in found["cost"]["cells"])


def test_a_cell_names_its_deviations(written):
    found = json.loads(written())["tables"]["perceptions"]
    notes = [found["notes"][number - 1] for number in found["cells"][0]["notes"]]
    assert any(one.startswith("Deviation. Paper: ") for one in notes)


def test_the_same_records_of_another_store_give_the_same_bytes(written, runs):
    renamed = [replace(run, run_id=f"new-{run.run_id}") for run in reversed(runs)]
    assert written(renamed) == written()


def test_a_summary_counts_what_the_records_state(written, runs):
    for run in runs:
        record = {"artifacts": {}, "environment": {**GPU, "commit": "abc"}, "spec": SPEC}
        (run.folder / "record.json").write_text(json.dumps(record))
    found = provenance.summary(written())
    assert found["Records"] == "evaluation (12), training (6), profile (3)"
    assert found["Commits"] == "abc (21)"
    assert found["Drivers"] == "570.1 (21)"
    assert found["Precision"] == "TF32 for convolutions True, for matrices False (21)"
    assert found["Data"] == "mnist_5k (SHA-256 808080808080)"


def test_markdown_has_the_summary_as_a_section(written):
    lines = provenance.markdown(written()).splitlines()
    assert lines[1] == "## Provenance"
    assert lines[3].startswith("- Suite: `small, preset smoke; ncabench ")
