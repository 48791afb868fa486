import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ncabench.papers import ledger
from ncabench.plan import planner
from ncabench.report import judged, statements
from ncabench.report.page import document
from ncabench.suite import document as suite

SUITE = Path(__file__).parents[1] / "small.toml"


def paper(built, name="ncatorch"):
    return next(one for one in built["papers"] if one["paper"] == name)


def cell(built, row, column):
    return built["suites"][0]["tables"][0]["rows"][row]["cells"][column]


def reached(built):
    """Return the places of the runs that some cell opens."""
    tables = [table for suite in built["suites"] for table in suite["tables"]]
    cells = [cell for table in tables for row in table["rows"] for cell in row["cells"]]
    own = {at for one in cells for at in one["runs"]}
    return own | {built["runs"][at]["training"] for at in own} - {None}


@pytest.fixture
def more():
    """The same suite with an overlay, so that it asks for other entries."""
    return planner.make(suite.load(SUITE, sets=["train.iterations=30"]))


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
    assert found["record"] == f"{run.id}/cpu-eager"
    assert (found["state"], found["record_sha256"]) == ("not recorded", "d" * 64)


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
    [claim] = found["claims"]
    assert claim["judged"][0]["head"].startswith("conv-beats-sobel: undecided")


def test_a_claim_that_two_presets_judge_counts_once(plan, more, filmed):
    found = paper(document.build([plan, more], filmed))
    assert found["claim_words"] == {"supported": 0, "refuted": 0, "undecided": 1}
    [claim] = found["claims"]
    assert [one["asked"] for one in claim["judged"]] == [
        "preset smoke",
        "preset smoke, train.iterations=30",
    ]


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


def test_a_run_of_no_suite_here_has_a_row_of_its_own(plan, filmed):
    other = replace(filmed[0], run_id="other", id="0" * 12)
    built = document.build([plan], [*filmed, other])
    section = built["suites"][-1]
    assert section["summary"] == ["No suite that is known here asks for these runs."]
    [row] = section["tables"][0]["rows"]
    assert row["label"].startswith("training 000000000000: nca, sobel")
    assert built["runs"][row["cells"][0]["runs"][0]]["id"] == "0" * 12


def test_a_run_that_a_suite_asked_for_once_stands_under_that_suite(plan, filmed, store):
    old = replace(filmed[0], run_id="old", id="0" * 12)
    spec = {"name": "small", "preset": "smoke", "sets": ["a=1"], "entries": ["0" * 12]}
    asked = replace(store(plan.entries[0]), role="suite", id="5" * 12)
    (asked.folder / "record.json").write_text(json.dumps({"spec": spec}))
    section = document.build([plan], [*filmed, old, asked])["suites"][-1]
    assert (section["name"], section["preset"], section["set"]) == ("small", "smoke", ["a=1"])
    assert section["when"] == "as it was on 2026-05-01"
    assert len(section["tables"][0]["rows"]) == 1


def test_presets_and_overlays_of_a_suite_stand_beside_each_other(plan, more, store, filmed):
    again = [store(entry, {"perceptual/recovery": 90.0}) for entry in more.of("evaluation")]
    built = document.build([plan, more], [*filmed, *again])
    keys = [one["key"] for one in built["suites"]]
    assert keys == ["small-smoke", "small-smoke,train.iterations=30"]
    found = [one["tables"][0]["rows"][0]["cells"][1]["measured"] for one in built["suites"]]
    assert found == ["55.00 ± 7.07 (n=2)", "90.00 ± 0.00 (n=2)"]


def test_every_run_is_reached_from_some_cell(plan, filmed, store):
    gpu = store(plan.of("profile")[0], device_class="nvidia-h200", engine="compiled")
    stray = replace(filmed[-1], run_id="stray", id="0" * 12)
    built = document.build([plan], [*filmed, gpu, stray])
    assert reached(built) == set(range(len(filmed) + 2))


def test_the_costs_of_a_suite_are_a_table_that_opens_their_runs(built):
    [cost] = [one for one in built["suites"][0]["tables"] if one["id"] == "cost"]
    behind = [built["runs"][at] for at in cost["rows"][0]["cells"][0]["runs"]]
    assert [one["role"] for one in behind] == ["profile", "training", "training"]
    assert cost["rows"][0]["cells"][0]["measured"] == "1.500"


def test_a_document_keeps_its_size_and_says_what_stayed_out(plan, filmed):
    whole = document.build([plan], filmed)
    most = len(json.dumps(whole)) - 1_000
    small = document.build([plan], filmed, most_bytes=most)
    assert most - 3_000 < len(json.dumps(small)) <= most
    assert re.match(r"\d of 8 filmstrips: ", small["left_out"][-1])
    assert not any("filmstrips" in line for line in whole["left_out"])


def test_curves_of_runs_are_the_next_to_stay_out(plan, filmed):
    bare = document.build([plan], filmed, most_bytes=0)
    assert {json.dumps(one["curves"]) for one in bare["runs"]} == {"{}"}
    assert not any(one["strips"] for one in bare["runs"])
    assert [one.split(":")[0] for one in bare["left_out"][-3:]] == [
        "Curves of single runs",
        "2 of 2 figures",
        "8 of 8 filmstrips",
    ]


def test_a_training_has_the_curves_of_its_log(built):
    found = next(one for one in built["runs"] if one["role"] == "training")
    steps, values = [50, 100, 150], [0.02, 0.01, 0.0066667]
    wanted = {"over": "iterations", "steps": steps, "values": values}
    assert found["curves"] == {"training/loss": wanted}


def test_a_strip_is_marked_where_its_run_was_perturbed(built):
    found = next(one for one in built["runs"] if one["strips"])
    assert found["perturbed"] == [10]
    assert found["strips"][0]["steps"] == [0, 10, 10, 15]
    assert found["strips"][0]["perturbed"] == [2]


@pytest.mark.parametrize(
    "order", [slice(None), slice(None, None, -1)], ids=["same", "reversed"]
)
def test_the_same_runs_give_the_same_document(plan, filmed, built, order):
    renamed = [replace(run, run_id=f"new-{run.run_id}") for run in filmed]
    again = document.build([plan], renamed[order])
    assert json.dumps(again) == json.dumps(built)
