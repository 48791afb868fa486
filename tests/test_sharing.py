"""Finished runs that travel: halves that are merged, and the bundles of this repository."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from ncabench import pipeline
from ncabench.pipeline import Workspace
from ncabench.record import bundle, merging
from ncabench.run.folder import folders
from ncabench.run.outcome import OUTCOMES

TINY = Path(__file__).parent / "tiny.toml"
BUNDLES = sorted((Path(__file__).parents[1] / "results" / "bundles").glob("*.zip"))
FORMATS = ("text", "markdown", "latex", "csv", "json", "html")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The results of a tiny suite, of which everything was run here."""
    results = tmp_path_factory.mktemp("whole")
    line = [sys.executable, "-m", "ncabench", "run", str(TINY), "--device", "cpu"]
    done = subprocess.run([*line, "--results", str(results)], capture_output=True, check=True)
    assert b"now 9 ok" in done.stdout
    return results


@pytest.fixture(scope="module")
def bundles(whole, tmp_path_factory):
    """Two halves, each without some of the runs, and all runs without what may stay behind."""
    ids = sorted({place.parent.name for place in folders(whole)})
    home = tmp_path_factory.mktemp("bundles")
    parts = {"one": ids[:6], "two": ids[4:], "light": ids}
    for name, some in parts.items():
        full = name != "light"
        path = home / f"{name}.zip"
        bundle.export(whole, ids=some, path=path, films=full, weights=full)
    return {name: home / f"{name}.zip" for name in parts}


def reported(results, out):
    """Every file of the reports in every format, by name, but not what names their folder."""
    found = {}
    for one in FORMATS:
        written = pipeline.report(
            None, Workspace(results=results), format=one, out=out / one, tell=pytest.fail
        )
        assert written[0].text
        files = sorted(path for path in (out / one).rglob("*") if path.is_file())
        found |= {path.relative_to(out).as_posix(): path.read_bytes() for path in files}
    return found


@pytest.fixture(scope="module")
def expected(whole, tmp_path_factory):
    found = reported(whole, tmp_path_factory.mktemp("reports"))
    assert {"html/index.html", "latex/tiny/tables.tex", "csv/tiny/tables.csv"} <= found.keys()
    return found


@pytest.mark.parametrize("order", [["one", "two"], ["two", "one"]], ids=str)
def test_merged_halves_give_the_report_of_the_whole_byte_for_byte(
    bundles, expected, tmp_path, order
):
    for name in order:
        bundle.import_(bundles[name], results=tmp_path / "merged")
    found = reported(tmp_path / "merged", tmp_path / "reports")
    assert found.keys() == expected.keys()
    assert [name for name in found if found[name] != expected[name]] == []


def test_filmstrips_that_come_after_their_runs_were_indexed_are_in_the_report(
    bundles, expected, tmp_path
):
    results = tmp_path / "merged"
    for name in ("light", "two", "light", "one", "two"):
        bundle.import_(bundles[name], results=results)
        Workspace(results=results).store.ingest()
    found = reported(results, tmp_path / "reports")
    assert [name for name in expected if found.get(name) != expected[name]] == []


def test_every_record_of_the_committed_bundles_agrees_with_those_of_the_others():
    runs = [bundle.unpacked(path) for path in BUNDLES]
    assert len(BUNDLES) >= 21
    compared = 0
    for one, other in itertools.combinations(runs, 2):
        for base in one.keys() & other.keys():
            here, there = one[base].record, other[base].record
            assert merging.difference(here, there) == "", base
            assert here.outcome in OUTCOMES
            compared += 1
    assert compared >= 8


def test_the_committed_bundles_merge_into_one_store_in_either_order(tmp_path):
    for name, paths in (("forth", BUNDLES), ("back", BUNDLES[::-1])):
        for path in paths:
            bundle.import_(path, results=tmp_path / name)
    found, again = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in files}
        for name in ("forth", "back")
        for files in [[one for one in (tmp_path / name).rglob("*") if one.is_file()]]
    )
    assert found == again
    assert len(folders(tmp_path / "forth")) >= 211
