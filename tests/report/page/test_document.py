import json
from dataclasses import replace

import pytest

from ncabench.papers import ledger
from ncabench.report import judged, statements
from ncabench.report.page import document


def paper(built, name="ncatorch"):
    return next(one for one in built["papers"] if one["paper"] == name)


def cell(built, row, column):
    return built["suites"][0]["tables"][0]["rows"][row]["cells"][column]


def test_a_cell_is_what_the_table_of_its_report_says(built):
    found = cell(built, 0, 1)
    assert found["measured"] == "55.00 ± 7.07 (n=2)"
    assert (found["n"], found["planned"], found["outcomes"]) == (2, 2, ["ok"])
    assert (
        found["printed"]
        == ledger.load("ncatorch").printed("1", "sobel", "damage/recovery").text
    )
    assert found["verdict"] == "not comparable"
    assert found["reason"].startswith("preset 'smoke'")


def test_a_cells_runs_are_the_records_behind_it(built, filmed):
    shown = {built["runs"][at]["id"] for at in cell(built, 0, 1)["runs"]}
    where = {"model": "nca", "perception": "sobel", "perturbation": "damage"}
    wanted = {
        run.id
        for run in filmed
        if run.role == "evaluation" and where.items() <= run.labels[0].items()
    }
    assert shown == wanted
    assert len(shown) == 2


def test_a_run_says_what_it_ran_on_and_what_it_gave(built, filmed):
    at = cell(built, 0, 1)["runs"][0]
    found = built["runs"][at]
    run = next(one for one in filmed if one.id == found["id"])
    assert (found["outcome"], found["device"], found["engine"]) == ("ok", "A CPU", "eager")
    assert found["values"] == dict(run.values)
    assert found["labels"] == [dict(one) for one in run.labels]
    assert built["runs"][found["training"]]["id"] == run.training
    assert found["commit"] == "abc"
    assert built["environments"][found["environment"]] == {}


def test_curves_keep_their_steps_and_five_digits(plan, filmed):
    curve = {"steps": [0, 5], "values": [0.123456789, 2.0], "spreads": [0.0, 0.0]}
    run = next(one for one in filmed if (one.folder / "curves.json").exists())
    (run.folder / "curves.json").write_text(json.dumps({"mse": curve}))
    built = document.build([plan], filmed)
    [found] = [one for one in built["runs"] if one["id"] == run.id]
    assert found["curves"] == {
        "mse": {"over": "steps", "steps": [0, 5], "values": [0.12346, 2.0]}
    }


def test_the_verdicts_of_a_suite_are_counted_as_in_its_report(plan, built, filmed):
    found = [one for row in built["suites"][0]["tables"][0]["rows"] for one in row["cells"]]
    told = statements.counts(judged.judged(plan, filmed))
    assert {word: sum(one["verdict"] == word for one in found) for word in told} == told
    assert built["suites"][0]["summary"][0] == (
        "10 printed cells: 3 reproduced, 0 differ, 0 undecided, 7 not comparable."
    )


def test_every_printed_cell_of_every_paper_is_counted_once(built):
    for one in built["papers"]:
        assert sum(one["cells"].values()) == one["printed"]
    assert [one["paper"] for one in built["papers"]] == list(ledger.papers())


def test_the_overview_counts_the_papers_cells_by_what_became_of_them(built):
    found = paper(built)
    assert found["here"] == 10
    assert found["cells"]["reproduced"] == 3
    assert found["cells"]["not comparable"] == 7
    assert found["cells"]["not run"] == found["printed"] - 10
    assert paper(built, "vitca")["here"] == 0


def test_the_overview_says_what_is_not_reproduced_at_all_and_why(built):
    lines = {one["quantity"]: one for one in paper(built)["unreproduced"]}
    assert "parameters" not in lines
    assert lines["LPIPS"]["why"][0]["word"] == "not run"
    assert lines["LPIPS"]["why"][0]["why"] == "in no suite that is shown here"
    reasons = [one["why"] for one in lines["LPIPS"]["why"][1:]]
    assert reasons == ["preset 'smoke'; ST-LPIPS (substitute for LPIPS)"]
    assert sum(one["cells"] for one in lines["LPIPS"]["why"]) == lines["LPIPS"]["cells"]


def test_claims_are_counted_by_their_word(built):
    found = paper(built)
    assert found["claim_words"] == {"supported": 0, "refuted": 0, "undecided": 1}
    assert found["claims"][0]["head"].startswith("conv-beats-sobel: undecided")


def test_contradictions_are_those_of_the_ledger(built):
    found = paper(built, "lnca")["contradictions"]
    assert len(found) == 4
    assert all(", contradicted: " in one or ", differs: " in one for one in found)


def test_a_cell_of_which_nothing_ran_is_not_run(plan, filmed):
    rest = [run for run in filmed if run.labels[0].get("perception") != "sobel"]
    built = document.build([plan], rest)
    assert cell(built, 0, 1)["outcomes"] == ["not run"]
    assert cell(built, 0, 1)["runs"] == []
    assert paper(built)["cells"]["not run"] == paper(built)["printed"] - 10 + 4


def test_a_failure_is_an_outcome_of_its_cell(plan, filmed):
    def failed(run):
        mine = run.role == "evaluation" and run.labels[0].get("perception") == "sobel"
        return replace(run, outcome="oom", reason="out", values={}) if mine else run

    built = document.build([plan], [failed(run) for run in filmed])
    assert cell(built, 0, 1)["outcomes"] == ["OOM"]


def test_runs_of_no_suite_here_are_counted_and_left_out(plan, filmed):
    other = replace(filmed[0], run_id="other", id="0" * 12)
    built = document.build([plan], [*filmed, other])
    assert len(built["runs"]) == len(filmed)
    assert built["left_out"][-1].startswith("1 stored runs: no suite that was run here")


@pytest.mark.parametrize(
    "order", [slice(None), slice(None, None, -1)], ids=["same", "reversed"]
)
def test_the_same_runs_give_the_same_document(plan, filmed, built, order):
    renamed = [replace(run, run_id=f"new-{run.run_id}") for run in filmed]
    again = document.build([plan], renamed[order])
    assert json.dumps(again) == json.dumps(built)
