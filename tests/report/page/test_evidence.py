"""The page of all committed evidence, as a machine that ran none of it shows it."""

import json
from pathlib import Path

import pytest

from ncabench import remembered
from ncabench.errors import SuiteError
from ncabench.plan import planner
from ncabench.record import bundle, result_set
from ncabench.report.page import document, writing
from ncabench.suite import document as suite

ROOT = Path(__file__).parents[3]
EACH = """[...document.querySelectorAll('#suites table')].map((table) => {
  const found = cells.find((one) => one.cell.runs.length && table.contains(one.at));
  if (!found) return ["", false];
  openCell(found);
  const wide = dialog.scrollWidth > dialog.clientWidth;
  dialog.close();
  return [found.key, wide];
})"""
BUNDLES = sorted((ROOT / "results" / "bundles").glob("*.zip"))


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """All runs of all bundles, and the suites that asked for them."""
    results = tmp_path_factory.mktemp("results")
    for one in BUNDLES:
        bundle.import_(one, results=results)
    return result_set.read(results)


@pytest.fixture(scope="module")
def built(stored):
    asked = [stored.records[run.run_id].spec for run in stored.runs if run.role == "suite"]
    plans = []
    for one in remembered.apart(asked):
        path, preset, sets = ROOT / one["path"], one["preset"], one["sets"]
        try:
            plans.append(planner.make(suite.load(path, preset=preset, sets=sets)))
        except SuiteError:
            continue  # its preset is gone; its runs are shown all the same
    return document.build(plans, stored.runs)


def test_every_evaluation_and_profile_of_every_bundle_can_be_opened(stored, built):
    cells = [
        cell
        for one in built["suites"]
        for table in one["tables"]
        for row in table["rows"]
        for cell in row["cells"]
    ]
    opened = {built["runs"][at]["record"] for one in cells for at in one["runs"]}
    wanted = {run.run_id for run in stored.runs if run.role in ("evaluation", "profile")}
    assert len(wanted) > 100
    assert wanted - opened == set()


def test_every_preset_that_ran_is_shown(stored, built):
    asked = [stored.records[run.run_id].spec for run in stored.runs if run.role == "suite"]
    shown = {(one["name"], one["preset"], tuple(one["set"])) for one in built["suites"]}
    assert {(one["name"], one["preset"], tuple(one["sets"])) for one in asked} == shown


def test_the_page_is_smaller_than_15_mb_and_says_what_is_left_out(built):
    assert len(writing.fill(built).encode()) < 15_000_000
    assert built["left_out"]


def test_every_run_states_its_record_and_its_environment(stored, built):
    for one in built["runs"]:
        assert one["record_sha256"] == stored.records[one["record"]].digest
        assert built["environments"][one["environment"]] is not None
        assert built["sources"][one["sources"]]
    assert json.dumps(built, allow_nan=False)


@pytest.mark.parametrize("width", [1280, 400])
def test_a_cell_of_every_table_opens_without_an_error(built, chromium, tmp_path, width):
    page = tmp_path / "index.html"
    page.write_text(writing.fill(built), encoding="utf-8")
    chromium.errors.clear()
    chromium.prefer(prefers_reduced_motion="reduce")
    chromium.size(width, 900)
    chromium.open(page.as_uri())
    opened = chromium.run(EACH)
    assert len(opened) > 40
    assert [name for name, wide in opened if wide] == []
    assert chromium.run("document.documentElement.scrollWidth <= innerWidth")
    assert chromium.errors == []
