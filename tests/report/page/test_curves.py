import json

import pytest

from ncabench.errors import RecordError
from ncabench.report import lines
from ncabench.report.page import curves

TWICE = {"loss": {"over": "steps", "steps": [0, 64, 64, 128, 128, 130], "values": []}}


@pytest.fixture
def logged(plan, store):
    def make(text):
        return store(plan.of("training")[0], files={"log.jsonl": text.encode()})

    return make


def test_a_curve_that_has_a_time_twice_was_perturbed_there():
    assert curves.perturbed(TWICE, {"perturbation": {"kind": "disc"}}) == [64, 128]


def test_a_perturbation_that_does_nothing_marks_no_time():
    assert curves.perturbed(TWICE, {"perturbation": {"kind": "none"}}) == []


def test_iterations_are_no_times_of_a_state():
    twice = {"loss": {"over": "epochs", "steps": [1, 1], "values": []}}
    assert curves.perturbed(twice, {}) == []


def test_a_suites_figures_are_those_of_its_report(plan, runs):
    found = curves.bands(plan, runs)
    wanted = lines.drawings(plan, runs)
    assert [one["title"] for one in found] == [one.title for one in wanted]
    first, line = found[0]["lines"][0], wanted[0].lines[0]
    assert (first["label"], first["band"]) == (line.label, "sd of 2 seeds")
    assert first["steps"] == [0, 5, 10, 10, 15]
    assert first["values"] == [0.5, 0.3, 0.1, 0.4, 0.2]


def test_a_long_log_keeps_its_last_line_and_as_many_points_as_are_drawn(logged):
    lines = [json.dumps({"iteration": 50 * n, "loss": n}) for n in range(1, 1001)]
    found = curves.of(logged("\n".join(lines)), {"artifacts": {"log.jsonl": ""}})
    steps = found["training/loss"]["steps"]
    assert len(steps) <= curves.POINTS
    assert steps[-3:] == [49100, 49550, 50000]


def test_a_quantity_that_some_lines_lack_is_drawn_where_it_is(logged):
    text = '{"iteration": 1, "loss": 1.0}\n{"iteration": 2, "loss": 2.0, "codes": 3.0}\n'
    found = curves.of(logged(text), {"artifacts": {"log.jsonl": ""}})
    assert found["training/codes"]["steps"] == [2]
    assert found["training/loss"]["values"] == [1.0, 2.0]


def test_a_log_that_stayed_behind_is_no_curve(logged):
    run = logged("")
    (run.folder / "log.jsonl").unlink()
    assert curves.of(run, {"artifacts": {"log.jsonl": ""}}) == {}


def test_a_damaged_log_is_named(logged):
    run = logged('{"iteration": 1, ')
    with pytest.raises(RecordError, match=r"log\.jsonl: is damaged"):
        curves.of(run, {"artifacts": {"log.jsonl": ""}})
