import json
import subprocess
import sys
from dataclasses import replace

import pytest

from ncabench.errors import MachineError, RecordError
from ncabench.record.content import content
from ncabench.record.store import Store
from ncabench.run import outcome


def every_run(store):
    """All runs that MLflow lists, whole or not."""
    return store._open()._search("attributes.status != ''")


def test_a_record_comes_back_as_it_was(store, results, write_run):
    write_run(results)
    assert store.ingest().new == 1
    (run,) = store.runs("evaluation")
    assert (run.role, run.id, run.device_class) == ("evaluation", "0123456789ab", "cpu")
    assert (run.engine, run.outcome, run.reason, run.seconds) == ("eager", "ok", "", 1.5)
    assert (run.device, run.training) == ("Some CPU", "fedcba987654")
    assert run.labels == ({"perception": "conv3x3", "rng_seed": 0},)
    assert run.ended_at == "2026-05-01T12:00:01+00:00"
    assert run.environment["commit"] == "abc"


def test_values_come_back_bit_for_bit(store, results, write_run):
    values = {"a": 0.1 + 0.2, "b": 1.7976931348623157e308, "c": 5e-324, "d": -1 / 3, "e/f": 3.0}
    write_run(results, values=values)
    store.ingest()
    fresh, cached = store.runs()[0].values, Store(results).runs()[0].values
    assert {name: value.hex() for name, value in fresh.items()} == {
        name: value.hex() for name, value in values.items()
    }
    assert cached == fresh


@pytest.mark.parametrize(("values", "keys"), [(2300, 250), (950, 100), (0, 0)])
def test_more_than_mlflow_takes_at_once_is_stored_whole(
    store, results, write_run, values, keys
):
    given = {f"value_{i}": i / 7 for i in range(values)}
    spec = {"training_id": "x", **{f"key_{i}": i for i in range(keys)}}
    write_run(results, files={}, values=given, spec=spec)
    assert (store.ingest().new, store.ingest().problems) == (1, [])
    (run,) = store.runs()
    assert run.values == given
    assert len(store._open().client.get_run(run.run_id).data.params) == keys + 1


def test_an_integer_among_the_values_is_a_number(store, results, write_run):
    write_run(results, values={"parameters": 22976})
    store.ingest()
    assert store.runs()[0].values == {"parameters": 22976.0}


def test_series_are_metrics_by_step_and_no_values(store, results, write_run):
    write_run(results)
    store.ingest()
    (run,) = store.runs()
    points = store._open().client.get_metric_history(run.run_id, "curve/perceptual")
    losses = store._open().client.get_metric_history(run.run_id, "train/loss")
    by_time = sorted(points, key=lambda point: point.timestamp)
    assert [(point.step, point.value) for point in by_time] == [(1, 0.3), (1, 0.9), (2, 0.1)]
    assert [(point.step, point.value) for point in losses] == [(50, 0.5), (100, 0.25)]
    assert set(run.values) == {"perceptual/before", "perceptual/recovery"}


def test_files_that_come_after_their_record_are_stored_as_well(store, results, write_run):
    home = write_run(results, files={"curves.json": "{}", "filmstrip-x.png": "a picture"})
    (home / "filmstrip-x.png").rename(results / "later.png")
    store.ingest()
    (results / "later.png").rename(home / "filmstrip-x.png")
    (home / "ingested.json").unlink()  # as an import leaves a folder
    assert store.ingest().new == 0
    (run,) = store.runs()
    assert run.artifact("filmstrip-x.png").read_text() == "a picture"


def test_artifacts_are_stored_without_checkpoints(store, results, write_run):
    home = write_run(results)
    store.ingest()
    (run,) = store.runs()
    assert run.artifact("curves.json").read_bytes() == (home / "curves.json").read_bytes()
    assert run.spec == {"training_id": "fedcba987654", "protocol": {"kind": "recovery"}}
    path = run.folder / "checkpoint.pt"
    with pytest.raises(RecordError) as caught:
        run.artifact("checkpoint.pt")
    message = f"{path}: evaluation 0123456789ab has no artifact 'checkpoint.pt'"
    assert str(caught.value) == message


def test_a_run_is_found_in_mlflow_by_name_status_and_parameters(store, results, write_run):
    write_run(results, outcome="oom", reason="needs 30 GB")
    store.ingest()
    run = store._open().client.get_run(store.runs()[0].run_id)
    assert (run.info.run_name, run.info.status) == ("evaluation/0123456789ab", "FAILED")
    assert run.data.params["protocol.kind"] == "recovery"
    assert run.data.tags["ncabench.reason"] == "needs 30 GB"
    assert run.info.end_time - run.info.start_time == 1000


def test_long_labels_and_warnings_come_back_whole(store, results, write_run):
    labels = tuple({"perception": "p" * 100, "rng_seed": seed} for seed in range(100))
    write_run(results, labels=labels, warnings=("w" * 6000,))
    store.ingest()
    assert (store.runs()[0].labels, store.runs()[0].warnings) == (labels, ("w" * 6000,))


def test_a_second_ingestion_does_nothing(store, results, write_run):
    write_run(results)
    store.ingest()
    assert store.ingest().new == 0
    assert len(every_run(store)) == 1


def test_nothing_to_do_and_a_cached_report_import_no_mlflow(store, results, write_run):
    write_run(results)
    store.ingest()
    store.runs()
    code = (
        "import sys; from pathlib import Path; from ncabench.record.store import Store;"
        "from ncabench.record import bundle;"
        f"store = Store(Path({str(results)!r}));"
        "print(store.ingest().new, len(store.runs()), 'mlflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "0 1 False\n", done.stderr


def test_a_changed_record_replaces_what_it_was(store, results, write_run):
    write_run(results, outcome="timeout", reason="slow", values={})
    store.ingest()
    write_run(results, values={"a": 2.0}, ended_at="2026-05-02T12:00:00+00:00")
    assert store.ingest().new == 1
    assert [(run.outcome, run.values) for run in store.runs()] == [("ok", {"a": 2.0})]


def test_another_engine_or_device_stands_beside(store, results, write_run):
    write_run(results)
    write_run(results, engine="compiled")
    write_run(results, device_class="nvidia-h200")
    assert store.ingest().new == 3
    found = {(run.device_class, run.engine) for run in store.runs()}
    assert found == {("cpu", "eager"), ("cpu", "compiled"), ("nvidia-h200", "eager")}


def test_a_damaged_record_stops_nothing(store, results, write_run):
    write_run(results)
    broken = write_run(results, id="broken") / "record.json"
    broken.write_text('{"schema": 1,')
    done = store.ingest()
    assert (done.new, len(store.runs())) == (1, 1)
    (problem,) = done.problems
    assert problem.startswith(f"{broken}: is damaged (Expecting property name")
    assert problem.endswith("; delete its folder to run the entry again")


def test_a_value_that_is_not_finite_is_refused(store, results, write_run):
    path = write_run(results, values={"a": 1.0}) / "record.json"
    path.write_text(path.read_text().replace('"a": 1.0', '"a": Infinity'))
    assert store.ingest().problems == [
        f"{path}: is damaged (values.a is inf, not a finite number); "
        "delete its folder to run the entry again"
    ]
    assert store.runs() == []


def test_an_artifact_that_changed_is_refused(store, results, write_run):
    path = write_run(results) / "curves.json"
    path.write_text("{}")
    assert store.ingest().problems == [
        f"{path}: is not what its record says (SHA-256 differs); "
        "delete its folder to run the entry again"
    ]


def test_a_record_in_the_wrong_folder_is_refused(store, results, write_run):
    home = write_run(results)
    moved = home.rename(home.with_name("cpu-compiled"))
    assert store.ingest().problems == [
        f"{moved / 'record.json'}: is damaged (it is not the record of "
        "0123456789ab/cpu-compiled); delete its folder to run the entry again"
    ]


def test_a_run_that_was_cut_off_while_written_is_written_anew(store, results, write_run):
    home = write_run(results)
    digest = outcome.read(home).digest
    told = content(outcome.read(home), folder=home, digest=digest)
    with pytest.raises(MachineError):
        store._open().add(replace(told, files={"gone.png": home / "gone.png"}))
    assert store.runs() == []
    assert store.ingest().new == 1
    assert len(every_run(store)) == len(store.runs()) == 1


def test_a_run_that_was_cut_off_before_its_marker_is_taken_up(store, results, write_run):
    home = write_run(results)
    store.ingest()
    (home / "ingested.json").unlink()
    assert store.ingest().new == 0
    assert len(every_run(store)) == 1


def test_a_results_folder_that_moved_keeps_its_runs(store, results, write_run, tmp_path):
    write_run(results)
    store.ingest()
    moved = Store(results.rename(tmp_path / "elsewhere"))
    assert moved.ingest().new == 0
    (run,) = moved.runs()
    assert run.artifact("curves.json").is_relative_to(tmp_path / "elsewhere")


def test_a_deleted_index_comes_back_from_the_records(store, results, write_run):
    write_run(results)
    store.ingest()
    before = store.runs()
    (results / "mlflow.db").unlink()
    assert store.runs() == []
    assert store.ingest().new == 1
    assert [replace(run, run_id="", folder=results) for run in store.runs()] == [
        replace(run, run_id="", folder=results) for run in before
    ]


def test_sync_forgets_what_has_no_record(store, results, write_run):
    write_run(results)
    gone = write_run(results, id="gone")
    store.ingest()
    (gone / "record.json").unlink()
    assert len(store.runs()) == 2
    assert store.sync().new == 1
    assert [run.id for run in store.runs()] == ["0123456789ab"]
    assert len(list((results / "artifacts").iterdir())) == 1


def test_sync_leaves_another_store_alone(tmp_path):
    store = Store(tmp_path, "https://ada:secret@mlflow.example.org")
    with pytest.raises(MachineError) as caught:
        store.sync()
    assert str(caught.value) == (
        "https://mlflow.example.org: is not rebuilt, since other data may be in it; unset "
        "MLFLOW_TRACKING_URI to rebuild the store in the results folder, or delete "
        f"{tmp_path}/runs/*/*/ingested.json to send it every record that it has not"
    )


def test_another_store_gets_every_record_too(store, results, write_run, tmp_path, empty_index):
    write_run(results)
    store.ingest()
    other = tmp_path / "other.db"
    other.write_bytes(empty_index.read_bytes())
    shared = Store(results, f"sqlite:///{other}")
    assert shared.ingest().new == 1
    (run,) = shared.runs()
    assert json.loads(run.artifact("curves.json").read_text())["perceptual"]["steps"] == [
        1,
        1,
        2,
    ]
    assert store.ingest().new == 0


def test_suites_come_newest_first_with_what_was_asked(store, results, write_run):
    for day, name in ((2, "second"), (3, "third"), (1, "first")):
        spec = {"name": name, "entries": ["a", "b"], "document": {"grid": {}}}
        ended = f"2026-05-0{day}T12:00:00+00:00"
        write_run(results, role="suite", id=name, spec=spec, files={}, ended_at=ended)
    write_run(results)
    store.ingest()
    assert [run.spec["name"] for run in store.suites()] == ["third", "second", "first"]
    assert store.suites()[0].spec["entries"] == ["a", "b"]


def test_a_full_disk_loses_nothing(store, results, write_run, file_size_limit):
    write_run(results, values={f"value/{index}": 0.5 for index in range(900)})
    database = results / "mlflow.db"
    with file_size_limit(database.stat().st_size), pytest.raises(MachineError) as caught:
        store.ingest()
    assert str(caught.value) == (
        f"{database}: the disk is full or failing (disk I/O error); "
        "the records are kept, and are stored the next time"
    )
    assert store.ingest().new == 1
    assert len(store.runs()[0].values) == 900


def test_a_disk_too_full_for_a_new_index_leaves_none(tmp_path, write_run, file_size_limit):
    write_run(tmp_path)
    with file_size_limit(50_000), pytest.raises(MachineError, match="the disk is full"):
        Store(tmp_path).ingest()
    assert not list(tmp_path.glob("*.db*"))
    assert not list(tmp_path.glob(".mlflow*"))


def test_a_file_that_is_no_database_is_named(results, write_run):
    write_run(results)
    database = results / "mlflow.db"
    database.write_text("no database" * 1000)
    with pytest.raises(RecordError) as caught:
        Store(results).ingest()
    assert str(caught.value).startswith(f"{database}: is no store that this MLflow reads (")
    assert str(caught.value).endswith("; `ncabench sync` builds it anew from the records")


def test_mlflow_run_id_in_the_environment_changes_nothing(
    store, results, write_run, monkeypatch
):
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    write_run(results)
    store.ingest()
    assert store.runs()[0].run_id != "0" * 32
