import json

import pytest

from ncabench.errors import NothingMeasured, RecordError
from ncabench.gate.baseline import Baseline, Machine, Pace, Quality, Timing, dump, read

HERE = Machine(device_class="cpu", device="A", cores=2, threads=1, torch="2.11")
CELL = Quality(ids={0: "a", 1: "b"}, better="lower", first={0: 0.1, 1: 1 / 3}, second={0: 0.2})
PACE = Pace(
    id="p",
    reference_version=1,
    wall=((1.0, 2.0), (1.5,)),
    cpu=((0.5,),),
    ms=((1.0, 2.0), (3.0,)),
)
WHOLE = Baseline(
    suite="smoke",
    preset="smoke",
    sets=("a=1",),
    captures=(HERE,),
    quality={"x: mse": CELL},
    timings=(Timing(machine=HERE, cells={"x": PACE}),),
)


def test_a_baseline_comes_back_as_it_was_written(tmp_path):
    path = tmp_path / "smoke.json"
    path.write_text(dump(WHOLE))
    assert read(path) == WHOLE
    assert dump(read(path)) == dump(WHOLE)


def test_a_missing_baseline_says_what_captures_one(tmp_path):
    with pytest.raises(NothingMeasured, match=r"no baseline.*check SUITE --update"):
        read(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda raw: raw.pop("schema"), "no schema number"),
        (lambda raw: raw.update(schema=99), "a newer ncabench wrote it"),
        (lambda raw: raw.pop("quality"), "is damaged"),
        (lambda raw: raw["quality"]["x: mse"].update(odd=1), "is damaged"),
    ],
)
def test_a_damaged_or_newer_baseline_is_refused(tmp_path, change, message):
    raw = json.loads(dump(WHOLE))
    change(raw)
    path = tmp_path / "b.json"
    path.write_text(json.dumps(raw))
    with pytest.raises(RecordError, match=message):
        read(path)


def test_half_a_file_is_refused(tmp_path):
    path = tmp_path / "b.json"
    path.write_text(dump(WHOLE)[:100])
    with pytest.raises(RecordError, match="is damaged"):
        read(path)
