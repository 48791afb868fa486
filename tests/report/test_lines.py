import json
from dataclasses import replace

import pytest

from ncabench.errors import RecordError
from ncabench.report import lines, pictured
from ncabench.report.lines import Line


@pytest.fixture
def sobel(plan):
    return plan.evaluations({"perception": "sobel", "perturbation": "damage"})


def curve(*values):
    one = {"steps": [0, 1, 1], "values": values, "spreads": [0.1, 0.2, 0.3]}
    return {"curves.json": json.dumps({"perceptual": one}).encode()}


def test_there_is_one_figure_for_each_task_perturbation_and_metric(plan, runs):
    found = lines.drawings(plan, runs)
    assert [one.name for one in found] == [
        "emoji-damage-perceptual",
        "emoji-mutation-perceptual",
    ]
    assert [line.label for line in found[0].lines] == ["Sobel", "Conv 3x3"]
    assert found[0].metric == "ST-LPIPS (substitute for LPIPS)"


def test_a_band_of_several_seeds_is_their_standard_deviation(plan, sobel, store):
    runs = [
        store(sobel[0], files=curve(0.0, 1.0, 2.0)),
        store(sobel[1], files=curve(2.0, 1.0, 2.0)),
    ]
    line = lines.drawings(plan, runs)[0].lines[0]
    assert (line.means, line.spreads) == ((1.0, 1.0, 2.0), (2.0**0.5, 0.0, 0.0))
    assert line.band == "sd of 2 seeds"


def test_a_band_of_one_seed_is_the_spread_of_its_samples(plan, sobel, store):
    line = lines.drawings(plan, [store(sobel[0], files=curve(0.0, 1.0, 2.0))])[0].lines[0]
    assert (line.means, line.spreads) == ((0.0, 1.0, 2.0), (0.1, 0.2, 0.3))
    assert line.band == "sd of samples, 1 seed"


@pytest.mark.parametrize(
    ("given", "over"), [({}, "steps"), ({"over": "iterations"}, "iterations")]
)
def test_what_a_curve_goes_over_is_read(plan, sobel, store, given, over):
    one = {"steps": [2, 4], "values": [0.5, 0.25], "spreads": [0.0, 0.0], **given}
    run = store(sobel[0], files={"curves.json": json.dumps({"probe": one}).encode()})
    assert [one.over for one in lines.drawings(plan, [run])] == [over]


def test_the_perturbation_is_where_a_step_stands_twice():
    plain = {"label": "a", "means": (0.0,) * 3, "spreads": (0.0,) * 3, "seeds": 1}
    assert Line(steps=(0, 5, 5), **plain).twice == (5,)
    assert Line(steps=(0, 5, 9), **plain).twice == ()


def test_a_drawing_is_marked_at_the_perturbation_and_over_the_first_stage(plan, runs):
    drawn = lines.drawings(plan, runs)[0]
    assert (drawn.perturbed, drawn.moments, drawn.window) == (True, (10,), (64, 96))
    assert (drawn.low, drawn.high, drawn.loss) == (0.0, None, True)


def test_nothing_is_marked_where_nothing_was_perturbed(plan, runs):
    assert replace(lines.drawings(plan, runs)[0], perturbed=False).moments == ()


def test_a_share_that_is_0_throughout_has_no_figure(plan, sobel, store):
    one = {"steps": [0, 1], "values": [0.0, 0.0], "spreads": [0.0, 0.0]}
    files = {"curves.json": json.dumps({"states": one}).encode()}
    assert lines.drawings(plan, [store(sobel[0], files=files)]) == ()
    one["values"] = [0.0, 0.25]
    files = {"curves.json": json.dumps({"states": one}).encode()}
    assert [one.name for one in lines.drawings(plan, [store(sobel[0], files=files)])] == [
        "emoji-damage-states"
    ]


def test_one_seed_beside_several_has_no_band(plan, runs):
    several = lines.drawings(plan, runs)[0]
    line = replace(several.lines[1], seeds=1)
    mixed = replace(several, lines=(several.lines[0], line))
    assert [mixed.banded(one) for one in mixed.lines] == [True, False]
    assert replace(several, lines=(line,)).banded(line)


def test_failed_runs_are_not_drawn(plan, sobel, store):
    assert (
        lines.drawings(plan, [store(sobel[0], files=curve(0.0, 1.0, 2.0), outcome="oom")]) == ()
    )


def test_damaged_curves_are_named(plan, sobel, store):
    run = store(sobel[0], files={"curves.json": b'{"perceptual": {"steps": [1]}}'})
    with pytest.raises(RecordError) as caught:
        lines.drawings(plan, [run])
    path = run.artifact("curves.json")
    assert str(caught.value) == f"{path}: holds no curves (KeyError('values'))"


def test_entries_that_no_row_shows_are_not_drawn(plan):
    rows = tuple(replace(one, where={"model": "nowhere"}) for one in plan.suite.tables[0].rows)
    table = replace(plan.suite.tables[0], rows=rows)
    assert pictured.evaluations(plan) != []
    hidden = replace(plan, suite=replace(plan.suite, tables=(table,)))
    assert pictured.evaluations(hidden) == []
    bare = replace(plan, suite=replace(plan.suite, tables=()))
    assert pictured.evaluations(bare) == list(plan.of("evaluation"))
