import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ncabench.errors import RecordError
from ncabench.run import outcome
from ncabench.run.outcome import SCHEMA, Record

RECORD = Record(
    role="training",
    id="abc",
    device_class="cpu",
    engine="eager",
    outcome="ok",
    spec={"model": {"kind": "nca"}},
    labels=({"model": "nca", "rng_seed": 0},),
    values={"loss": 0.1 + 0.2},
    resumed_at=(3,),
)


def refusal(folder: Path) -> str:
    with pytest.raises(RecordError) as caught:
        outcome.read(folder)
    return str(caught.value)


def test_a_record_comes_back_bit_for_bit(tmp_path):
    outcome.write(RECORD, folder=tmp_path)
    assert outcome.read(tmp_path) == RECORD
    assert outcome.read(tmp_path).digest == RECORD.digest


def test_a_number_that_is_not_finite_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Out of range float"):
        outcome.write(replace(RECORD, values={"loss": float("nan")}), folder=tmp_path)
    assert not (tmp_path / "record.json").exists()


def test_a_missing_record_is_named(tmp_path):
    assert refusal(tmp_path) == f"{tmp_path / 'record.json'}: there is no record"


def test_a_torn_record_says_what_to_do(tmp_path):
    (tmp_path / "record.json").write_text(outcome.dump(RECORD)[:40])
    said = refusal(tmp_path)
    assert said.startswith(f"{tmp_path / 'record.json'}: is damaged (")
    assert said.endswith("delete its folder to run the entry again")


def test_a_newer_schema_asks_for_an_update(tmp_path):
    newer = {**json.loads(outcome.dump(RECORD)), "schema": SCHEMA + 1}
    (tmp_path / "record.json").write_text(json.dumps(newer))
    assert refusal(tmp_path) == (
        f"{tmp_path / 'record.json'}: has schema {SCHEMA + 1}, this ncabench reads up to "
        f"{SCHEMA}; update ncabench"
    )


@pytest.mark.parametrize(
    ("change", "named"),
    [({"outcome": "fine"}, "fine"), ({"colour": 1}, "colour"), ({"id": None}, "id")],
)
def test_a_field_that_is_not_right_is_named(tmp_path, change, named):
    raw = {**json.loads(outcome.dump(RECORD)), **change}
    if change == {"id": None}:
        del raw["id"]
    (tmp_path / "record.json").write_text(json.dumps(raw))
    assert refusal(tmp_path) == f"{tmp_path / 'record.json'}: is damaged (see {named})"


FULL = """
import resource, signal, sys
from pathlib import Path
from ncabench.errors import MachineError
from ncabench.run.outcome import write_whole
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_whole(Path(sys.argv[1]), b"x" * 5000)
except MachineError as error:
    print(error)
"""


def test_a_disk_that_is_full_leaves_the_old_file_whole(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{path}: cannot be written: File too large\n"
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
