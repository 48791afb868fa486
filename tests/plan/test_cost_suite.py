"""LNCA's suite of costs: every printed cell has its value, at its size and batch."""

from pathlib import Path

import pytest

from ncabench.papers import ledger
from ncabench.plan import counts, planner
from ncabench.report.cells import matching
from ncabench.suite import document

SUITE = Path(__file__).parents[2] / "suites" / "lnca_costs.toml"
VALUES = {
    "3": "profile/training/batch_{batch}/peak_reserved_gb",
    "4": "profile/inference/batch_{batch}/peak_reserved_gb",
    "5": "profile/epochs/batch_{batch}/s",
    "6": "profile/inference/batch_{batch}/unsynchronised_s",
}


@pytest.fixture(scope="module")
def plan():
    return planner.make(document.load(SUITE, sets=("profile.repeats=1",)))


def table_of(plan, number):
    [found] = [one for one in plan.suite.tables if one.paper_table == number]
    return found


@pytest.mark.parametrize("number", VALUES)
def test_every_printed_cell_is_measured_at_its_size_and_batch(plan, number):
    table = table_of(plan, number)
    assert len({one.printed for one in table.columns}) == 9
    for column in table.columns:
        size, _, batch = column.printed.partition("/batch_")
        assert column.value == VALUES[number].format(batch=batch)
        assert column.where == {"task": f"px_{size.partition('x')[0]}"}


@pytest.mark.parametrize("number", VALUES)
def test_each_table_has_45_cells_with_a_profile_each(plan, number):
    table, paper = table_of(plan, number), ledger.load("lnca")
    cells = [(row, column) for row in table.rows for column in table.columns]
    assert len(cells) == 45
    for row, column in cells:
        assert paper.printed(number, row.printed, column.printed) is not None
        [entry] = matching(plan.entries, row=row, column=column)
        assert entry.labels[0]["model"].replace("_", "") == row.printed
        assert int(column.value.split("/")[2][6:]) in entry.spec["profile"]["trainings"]


@pytest.mark.parametrize("number", VALUES)
def test_a_column_is_divided_by_a_row_with_a_printed_number(plan, number):
    paper = ledger.load("lnca")
    for column in table_of(plan, number).columns:
        assert paper.printed(number, column.ratio_to, column.printed).value is not None


def test_the_profiles_with_a_printed_dash_may_run_out_of_memory(plan):
    paper = ledger.load("lnca")
    dashed = {
        (row.printed, column.where["task"])
        for number in VALUES
        for row in table_of(plan, number).rows
        for column in table_of(plan, number).columns
        if paper.printed(number, row.printed, column.printed).out_of_memory
    }
    marked = [one for one in plan.entries if one.expect == ("oom",)]
    places = {(one.labels[0]["model"], one.labels[0]["task"]) for one in marked}
    assert (
        places == dashed == {("restormer", "px_128"), ("vitca", "px_64"), ("vitca", "px_128")}
    )


def test_models_have_the_papers_networks(plan):
    found = counts.count(plan, root=None)
    assert {one.labels[0]["model"]: found[one.id] for one in plan.entries} == {
        "nafnet": 115_982_915,
        "restormer": 26_126_540,
        "vitca": 92_515,
        "latent_vitca": 97_520,
        "latent_nafca": 46_769,
    }


def test_fifteen_profiles_serve_all_tables(plan):
    assert [one.role for one in plan.entries] == ["profile"] * 15
    assert {one.spec["execution"]["memory_limit_gb"] for one in plan.entries} == {80}


def test_pixels_unfold_their_neighbours_as_latent_grids_do(plan):
    kinds = {one.spec["model"]["kind"]: one.spec["model"] for one in plan.entries}
    assert [kinds[one]["unfolded"] for one in ("ported_vitca", "latent_vitca")] == [True, True]
    assert (kinds["ported_vitca"]["fire_rate"], kinds["latent_nafca"]["fire_rate"]) == (
        0.5,
        1.0,
    )
