from ncabench.record.content import SERIES_POINTS, flattened, kept
from ncabench.record.content import _thinned as thinned
from ncabench.record.stored import moment
from ncabench.run.outcome import Record


def test_a_long_series_is_thinned_to_its_first_and_last_and_between():
    points = [(step, float(step)) for step in range(100_000)]
    thin = thinned(points)
    assert (thin[0], thin[-1]) == (points[0], points[-1])
    assert SERIES_POINTS // 2 < len(thin) <= SERIES_POINTS


def test_a_short_series_is_kept_whole():
    points = [(step, 0.5) for step in range(SERIES_POINTS)]
    assert thinned(points) == points
    assert thinned([]) == []


def test_a_key_that_mlflow_refuses_is_written_otherwise():
    assert flattened({"a+b": {"c": None}, "d": {}}) == {"a_b.c": "null", "d": "{}"}


def test_a_long_value_is_cut():
    assert flattened({"a": "x" * 501, "b": ["y"] * 400}) == {
        "a": "x" * 500,
        "b": str(["y"] * 400).replace("'", '"')[:500],
    }


def test_all_but_checkpoints_travel():
    artifacts = {"latest.pt": "1", "weights.safetensors": "2", "curves.json": "3"}
    record = Record(
        role="training",
        id="a",
        device_class="cpu",
        engine="eager",
        outcome="ok",
        spec={},
        artifacts=artifacts,
    )
    assert kept(record) == ["curves.json", "weights.safetensors"]


def test_a_time_without_a_zone_is_utc():
    assert moment("2026-05-01T12:00:00") == moment("2026-05-01T12:00:00Z")
    assert moment("") < moment("1970-01-02")
