"""A results folder or a bundle, read where it lies."""

import json

import pytest

from ncabench import catalog, outside
from ncabench.errors import RecordError, SuiteError
from ncabench.record import bundle, result_set
from ncabench.run.outcome import RECORD


def test_a_run_is_what_the_store_would_give(store, results, write_run):
    write_run(results)
    (found,) = result_set.read(results).runs
    store.ingest()
    (kept,) = store.runs()
    differing = ("run_id", "folder", "digest")
    ours, theirs = (
        {name: value for name, value in vars(one).items() if name not in differing}
        for one in (found, kept)
    )
    assert ours == theirs


def test_nothing_is_written_where_it_is_read(tmp_path, write_run):
    write_run(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    result_set.read(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_bundle_reads_as_the_folder_that_it_was_made_of(tmp_path, write_run):
    write_run(tmp_path / "results")
    path = tmp_path / "runs.zip"
    bundle.export(tmp_path / "results", ids=["0123456789ab"], path=path)
    one, other = result_set.read(tmp_path / "results"), result_set.read(path)
    assert other.name == str(path)
    assert [run.values for run in other.runs] == [run.values for run in one.runs]
    assert other.records == one.records
    assert list(other.records) == ["0123456789ab/cpu-eager"]


def test_a_damaged_record_is_a_problem_and_stops_nothing(tmp_path, write_run):
    write_run(tmp_path)
    place = write_run(tmp_path, id="ffffffffffff")
    (place / RECORD).write_text("{")
    found = result_set.read(tmp_path)
    assert [run.id for run in found.runs] == ["0123456789ab"]
    assert len(found.problems) == 1
    assert found.problems[0].startswith(f"{place / RECORD}: is damaged (")


def test_a_value_that_is_no_number_is_a_problem(tmp_path, write_run):
    place = write_run(tmp_path)
    record = json.loads((place / RECORD).read_text())
    (place / RECORD).write_text(json.dumps(record | {"values": {"x": float("nan")}}))
    assert result_set.read(tmp_path).problems == (
        f"{place / RECORD}: is damaged: a value is not a finite number",
    )


def test_a_folder_without_records_is_refused(tmp_path):
    with pytest.raises(RecordError) as caught:
        result_set.read(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: holds no records; a results folder has them in runs/"
    )


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(RecordError) as caught:
        result_set.read(tmp_path / "none.zip")
    assert (
        str(caught.value) == f"{tmp_path}/none.zip: cannot be read: No such file or directory"
    )


def test_a_component_that_only_a_record_holds_can_be_described(results, write_run):
    text = "class Far(Metric):\n    higher_is_better = False\n"
    kind = f"far@{outside.digest(text)[:12]}"
    there = {"from": "far.py", "sha256": "", "source": text, "file": "/nowhere/far.py"}
    write_run(results, spec={"training_id": "", "outside": {f"metric/{kind}": there}})
    result_set.read(results)
    described = catalog.describe("metric", kind)
    assert (described.name, described.attributes) == ("Far", {"higher_is_better": False})
    with pytest.raises(
        SuiteError, match="it came with a record, and the same file is not here"
    ):
        catalog.find("metric", kind)


@pytest.mark.parametrize("there", [{"file": "x.py", "source": "def :"}, {"file": "x.py"}, 1])
def test_a_source_that_is_not_what_its_name_says_is_not_known(results, write_run, there):
    named = {"metric/x@0123456789ab": there}
    write_run(results, spec={"training_id": "", "outside": named})
    assert len(result_set.read(results).runs) == 1
    assert not catalog.has("metric", "x@0123456789ab")
