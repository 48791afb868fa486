import hashlib
import json
import shutil
import zipfile

import pytest

from ncabench.errors import MachineError, RecordError
from ncabench.record import bundle
from ncabench.record.store import Store

ID = "0123456789ab"
BASE = f"{ID}/cpu-eager"


@pytest.fixture
def here(tmp_path):
    return tmp_path / "here"


@pytest.fixture
def there(tmp_path):
    return tmp_path / "there"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.zip"


def contents(results):
    """Every file under a results folder, by name."""
    files = sorted(one for one in results.rglob("*") if one.is_file())
    return {one.relative_to(results).as_posix(): one.read_bytes() for one in files}


def zipped(path, files, *, manifest=None):
    """A bundle by hand, whose manifest is right unless another is given."""
    listed = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("manifest.json", json.dumps(manifest or {"schema": 1, "files": listed}))
        for name, text in files.items():
            made.writestr(name, text)


def refusal(path, results):
    with pytest.raises(RecordError) as caught:
        bundle.import_(path, results=results)
    assert not results.exists() or contents(results) == {}
    return str(caught.value)


def test_what_is_exported_is_imported_without_checkpoints(here, there, path, write_run):
    write_run(here)
    write_run(here, id="other")
    assert bundle.export(here, ids=[ID], path=path) == 1
    assert bundle.import_(path, results=there) == [f"{ID} cpu-eager: imported"]
    expected = {
        name: found
        for name, found in contents(here).items()
        if name.startswith(f"runs/{ID}/") and not name.endswith(".pt")
    }
    assert contents(there) == expected


TRAINED = {
    "curves.json": "{}",
    "checkpoint.pt": "large",
    "weights.safetensors": "large as well",
}


def test_weights_may_stay_behind_and_come_later(here, there, path, write_run):
    weights = f"runs/{BASE}/weights.safetensors"
    write_run(here, files=TRAINED)
    bundle.export(here, ids=[ID], path=path, weights=False)
    assert bundle.import_(path, results=there) == [f"{ID} cpu-eager: imported"]
    without = contents(there)
    assert weights not in without
    assert f"runs/{BASE}/curves.json" in without
    bundle.export(here, ids=[ID], path=path)
    line = f"{ID} cpu-eager: imported; the same record was here, with fewer files"
    assert bundle.import_(path, results=there) == [line]
    assert contents(there) == {**without, weights: b"large as well"}


def test_a_run_without_its_weights_is_stored_and_travels_on(
    here, results, path, tmp_path, write_run
):
    write_run(here, files=TRAINED)
    bundle.export(here, ids=[ID], path=path, weights=False)
    bundle.import_(path, results=results)
    store = Store(results)
    assert (store.ingest().new, store.ingest().problems) == (1, [])
    again = tmp_path / "again.zip"
    bundle.export(results, ids=[ID], path=again)
    assert again.read_bytes() == path.read_bytes()
    kept = f"{ID} cpu-eager: kept; the same record is here already"
    assert bundle.import_(again, results=here) == [kept]


def test_filmstrips_may_stay_behind_and_nothing_is_lost_when_they_come(
    here, there, path, write_run
):
    film = f"runs/{BASE}/filmstrip-x.png"
    write_run(here, files={**TRAINED, "filmstrip-x.png": "a picture"})
    bundle.export(here, ids=[ID], path=path, films=False)
    bundle.import_(path, results=there)
    without = contents(there)
    assert film not in without
    bundle.export(here, ids=[ID], path=path, weights=False)
    line = f"{ID} cpu-eager: imported; the same record was here, with fewer files"
    assert bundle.import_(path, results=there) == [line]
    assert contents(there) == {**without, film: b"a picture"}  # the weights are still there


def test_weights_that_are_not_the_records_are_refused(here, there, path, write_run):
    record = (write_run(here, files={"weights.safetensors": "x"}) / "record.json").read_text()
    zipped(path, {f"{BASE}/record.json": record, f"{BASE}/weights.safetensors": "y"})
    assert refusal(path, there).endswith(f"{BASE} and its record differ on weights.safetensors")


def test_an_imported_run_is_stored_as_any_other(here, results, path, write_run):
    write_run(here)
    bundle.export(here, ids=[ID], path=path)
    bundle.import_(path, results=results)
    store = Store(results)
    assert store.ingest().new == 1
    assert store.runs()[0].values["perceptual/before"] == 0.1 + 0.2


def test_the_same_runs_give_the_same_bytes(here, there, path, tmp_path, write_run):
    for results in (here, there):
        write_run(results)
        write_run(results, engine="compiled")
    bundle.export(here, ids=[ID], path=path)
    bundle.export(there, ids=[ID], path=tmp_path / "again.zip")
    assert path.read_bytes() == (tmp_path / "again.zip").read_bytes()


def test_an_id_without_a_finished_record_is_named(here, path, write_run):
    write_run(here)
    write_run(here, id="cutoff", unfinished=True)
    with pytest.raises(RecordError) as caught:
        bundle.export(here, ids=[ID, "cutoff", "absent"], path=path)
    assert str(caught.value) == f"{here}: no finished record of absent, cutoff"
    assert not path.exists()


def test_a_damaged_artifact_is_not_exported(here, path, write_run):
    damaged = write_run(here) / "log.jsonl"
    damaged.write_text("")
    with pytest.raises(RecordError) as caught:
        bundle.export(here, ids=[ID], path=path)
    assert str(caught.value).startswith(f"{damaged}: is not what its record says")


def test_a_record_that_is_here_already_stays(here, path, write_run):
    write_run(here)
    bundle.export(here, ids=[ID], path=path)
    before = contents(here)
    line = f"{ID} cpu-eager: kept; the same record is here already"
    assert bundle.import_(path, results=here) == [line]
    assert contents(here) == before


OTHER = {"perceptual/before": 0.4, "perceptual/recovery": 97.5}


@pytest.fixture
def conflict(here, there, path, write_run):
    """A bundle with a run that `there` knows otherwise, and with one that is new to it."""
    write_run(here)
    write_run(here, id="other")
    write_run(there, values=OTHER, ended_at="2026-05-01T13:00:00Z")
    bundle.export(here, ids=[ID, "other"], path=path)
    return contents(there)


def test_records_that_differ_are_refused_and_named_and_nothing_is_imported(
    there, path, conflict
):
    with pytest.raises(RecordError) as caught:
        bundle.import_(path, results=there)
    assert str(caught.value) == (
        f"{path} (there) and {there} (here) differ on 1 run; nothing was imported\n"
        f"  {ID} cpu-eager (evaluation: conv3x3 0): "
        "perceptual/before is 0.4 here and 0.30000000000000004 there\n"
        "`--keep here` takes only the others, `--keep there` replaces what is here, and "
        "another --results keeps both"
    )
    assert (caught.value.exit_code, contents(there)) == (4, conflict)


@pytest.mark.parametrize(("keep", "word"), [("here", "kept"), ("there", "replaced")])
def test_who_says_what_to_keep_gets_it_and_all_the_rest(
    here, there, path, conflict, keep, word
):
    lines = bundle.import_(path, results=there, keep=keep)
    found = "perceptual/before is 0.4 here and 0.30000000000000004 there"
    other = f"{ID} cpu-eager: {word}; the other one differs: {found}"
    assert lines == [other, "other cpu-eager: imported"]
    record = f"runs/{BASE}/record.json"
    expected = conflict if keep == "here" else contents(here)
    assert contents(there)[record] == expected[record]


TRAINING = {"role": "training", "id": "fedcba987654", "spec": {}}


def test_what_tested_a_training_that_is_not_kept_is_left_out(here, there, path, write_run):
    write_run(here)
    write_run(here, **TRAINING)
    write_run(there, **TRAINING, values={"final_loss": 1.0})
    bundle.export(here, ids=[ID, TRAINING["id"]], path=path)
    first, second = bundle.import_(path, results=there, keep="here")
    line = "left out; it tested the training fedcba987654 of the bundle, which is not kept"
    assert first == f"{ID} cpu-eager: {line}"
    assert second.startswith("fedcba987654 cpu-eager: kept; the other one differs: final_loss")
    assert not (there / "runs" / ID).exists()


def test_what_tested_a_training_that_was_replaced_is_named(here, there, path, write_run):
    write_run(here, **TRAINING)
    place = write_run(there)
    write_run(there, **TRAINING, values={"final_loss": 1.0})
    bundle.export(here, ids=[TRAINING["id"]], path=path)
    _, line = bundle.import_(path, results=there, keep="there")
    assert line == (
        f"{ID} cpu-eager: tested the training fedcba987654 that was replaced; "
        f"delete {place} to have it run again"
    )


def test_importing_twice_changes_nothing(here, there, path, write_run):
    write_run(here, files=TRAINED)
    write_run(here, id="other")
    bundle.export(here, ids=[ID, "other"], path=path)
    bundle.import_(path, results=there)
    once = contents(there)
    lines = bundle.import_(path, results=there)
    assert all(line.endswith("kept; the same record is here already") for line in lines)
    assert (contents(there), len(lines)) == (once, 2)


def test_a_later_run_that_says_the_same_takes_the_files_that_stayed_behind(
    here, there, path, write_run
):
    write_run(here, files=TRAINED, ended_at="2026-05-01T13:00:00Z")
    write_run(there, files=TRAINED)
    bundle.export(here, ids=[ID], path=path, weights=False)
    line = f"{ID} cpu-eager: replaced; an earlier run was here, and says the same"
    assert bundle.import_(path, results=there) == [line]
    found = contents(there)
    assert found[f"runs/{BASE}/record.json"] == contents(here)[f"runs/{BASE}/record.json"]
    assert found[f"runs/{BASE}/weights.safetensors"] == b"large as well"


def test_a_damaged_record_gives_way(here, there, path, write_run):
    write_run(here)
    (write_run(there) / "record.json").write_text("{")
    bundle.export(here, ids=[ID], path=path)
    line = f"{ID} cpu-eager: imported; the record that was here is damaged"
    assert bundle.import_(path, results=there) == [line]


def test_a_file_that_is_no_zip_is_refused(path, there):
    path.write_text("no zip")
    assert refusal(path, there) == (
        f"{path}: is no bundle of ncabench, or was cut short (File is not a zip file); "
        "copy it again"
    )


def test_a_file_that_is_not_there_is_named(path, there):
    assert refusal(path, there) == f"{path}: cannot be read: No such file or directory"


def test_a_bundle_cut_short_anywhere_is_refused(here, there, path, write_run):
    write_run(here)
    bundle.export(here, ids=[ID], path=path)
    whole = path.read_bytes()
    for size in range(0, len(whole), 97):
        path.write_bytes(whole[:size])
        assert "is no bundle of ncabench, or was cut short" in refusal(path, there)


def test_a_bundle_with_a_flipped_byte_is_refused_or_the_same(here, there, path, write_run):
    expected = len(contents(write_run(here)))
    bundle.export(here, ids=[ID], path=path)
    whole = path.read_bytes()
    for at in range(0, len(whole), 41):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            bundle.import_(path, results=there)
        except RecordError:
            assert not there.exists()
        else:
            assert len(contents(there)) == expected - 1
            shutil.rmtree(there)


def test_another_zip_is_refused(path, there):
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("a.txt", "a")
    assert refusal(path, there) == f"{path}: is no bundle of ncabench (it has no manifest.json)"


@pytest.mark.parametrize(
    "name", ["../../x/y", "/tmp/x/y", "a/../../x", "a/b/.x", "a\\b/c/d", "x"]
)
def test_a_name_outside_the_results_folder_is_refused(path, there, name):
    zipped(path, {name: "x"})
    assert refusal(path, there) == (
        f"{path}: names a file outside the results folder: {name!r}"
    )


def test_a_newer_bundle_is_refused(path, there):
    zipped(path, {}, manifest={"schema": 2, "files": {}})
    assert refusal(path, there) == (
        f"{path}: has schema 2, this ncabench reads up to 1; update ncabench"
    )


def test_a_newer_record_in_a_bundle_is_refused(path, there):
    zipped(path, {f"{BASE}/record.json": '{"schema": 99}'})
    assert refusal(path, there) == (
        f"{path}: {BASE}/record.json: has schema 99, this ncabench reads up to 1; "
        "update ncabench"
    )


def test_a_file_that_the_manifest_does_not_know_is_refused(path, there):
    zipped(path, {f"{BASE}/record.json": "{}"}, manifest={"schema": 1, "files": {}})
    assert refusal(path, there) == (
        f"{path}: is damaged: it and its manifest differ on {BASE}/record.json"
    )


def test_content_that_the_manifest_does_not_know_is_refused(path, there):
    name = f"{BASE}/record.json"
    zipped(path, {name: "{}"}, manifest={"schema": 1, "files": {name: "0" * 64}})
    assert refusal(path, there) == (f"{path}: is damaged: {name} is not what the manifest says")


def test_an_artifact_that_the_record_does_not_know_is_refused(here, there, path, write_run):
    record = (write_run(here) / "record.json").read_text()
    zipped(path, {f"{BASE}/record.json": record, f"{BASE}/log.jsonl": "x"})
    message = f"{path}: is damaged: {BASE} and its record differ on curves.json"
    assert refusal(path, there) == message


def test_a_record_under_another_name_is_refused(here, there, path, write_run):
    record = (write_run(here, files={}) / "record.json").read_text()
    zipped(path, {"other/cpu-eager/record.json": record})
    assert refusal(path, there) == (
        f"{path}: other/cpu-eager/record.json: is the record of another run, {ID}"
    )


def test_a_full_disk_changes_nothing(here, there, path, write_run, file_size_limit):
    write_run(here, files={"weights.safetensors": "w" * 100_000})
    write_run(there, files={})
    before = contents(there)
    bundle.export(here, ids=[ID], path=path)
    with file_size_limit(50_000), pytest.raises(MachineError, match="File too large"):
        bundle.import_(path, results=there)
    assert contents(there) == before


def test_a_full_disk_keeps_the_old_bundle(here, path, write_run, file_size_limit):
    write_run(here)
    path.write_text("old")
    with file_size_limit(100), pytest.raises(MachineError) as caught:
        bundle.export(here, ids=[ID], path=path)
    assert str(caught.value) == f"{path}: cannot be written: File too large"
    assert (path.read_text(), len(list(path.parent.iterdir()))) == ("old", 2)
