"""Which rng_seeds are added to what has run, on records written by hand."""

import re
from pathlib import Path

import pytest

from ncabench import pipeline
from ncabench.deciding import deciding
from ncabench.errors import SuiteError
from ncabench.pipeline import Workspace
from ncabench.run import folder, outcome
from ncabench.run.outcome import Record

TINY = Path(__file__).parent / "tiny.toml"
CLAIM = """
[[claim]]
id = "wider-is-better"
statement = "The convolution recovers more."
value = "rgba_mse/final"
relation = "conv3x3 < sobel"
where = { perturbation = "damage" }
source = "table 1"
"""


@pytest.fixture
def suite(tmp_path):
    path = tmp_path / "two.toml"
    text = TINY.read_text(encoding="utf-8")
    path.write_text(re.sub(r"\[\[claim\]\].*?(?=\n\[|\Z)", "", text, flags=re.S) + CLAIM)
    return path


@pytest.fixture
def space(tmp_path):
    return Workspace(results=tmp_path / "results")


@pytest.fixture
def recorded(suite, space):
    """Writes finished records of rng_seeds: each perception's errors, one for a seed."""

    def write(**errors):
        count = max(map(len, errors.values()))
        planned = pipeline.plan(
            suite, space, preset=None, sets=[f"grid.rng_seed={list(range(count))}"]
        )
        for one in planned.entries:
            labels = one.labels[0]
            values = errors.get(labels.get("perception"), [])
            if labels["rng_seed"] < len(values):
                _write(one, space, value=values[labels["rng_seed"]])

    return write


def _write(entry, space, *, value):
    place = folder.run_folder(space.results, id=entry.id, device_class="cpu", engine="eager")
    record = Record(
        role=entry.role,
        id=entry.id,
        device_class="cpu",
        engine="eager",
        outcome="ok",
        spec={**entry.spec, "training_id": entry.needs},
        labels=entry.labels,
        values={"rgba_mse/final": value},
        seconds=60.0 if entry.role == "training" else 6.0,
        started_at="2026-05-01T00:00:00+00:00",
        ended_at="2026-05-01T00:01:00+00:00",
    )
    outcome.write(record, folder=folder.make(place))


def asked(found, role):
    return [
        (one.entry.labels[0]["perception"], one.entry.labels[0]["rng_seed"])
        for one in found.added
        if one.entry.role == role
    ]


def test_what_one_rng_seed_leaves_open_asks_for_a_second(suite, space, recorded):
    recorded(sobel=[0.4], conv3x3=[0.3])
    found = deciding(suite, space, most=10)
    assert asked(found, "training") == [("sobel", 1), ("conv3x3", 1)]
    assert asked(found, "evaluation") == [("sobel", 1), ("conv3x3", 1)]
    assert {one.why for one in found.added} == {("claim wider-is-better",)}
    assert (found.seconds, found.device_class) == (132.0, "cpu")


def test_a_wide_interval_asks_for_as_many_as_would_decide(suite, space, recorded):
    recorded(sobel=[0.40, 0.43], conv3x3=[0.30, 0.39])  # margins 0.10 and 0.04
    found = deciding(suite, space, most=10)
    seeds = [seed for name, seed in asked(found, "evaluation") if name == "sobel"]
    assert seeds[0] == 2
    assert found.hopeless == {}
    assert len(seeds) == _needed(suite, space) - 2


def _needed(suite, space):
    from ncabench.report.claims import judged

    planned = pipeline.plan(suite, space, preset=None, sets=["grid.rng_seed=[0, 1]"])
    (claim,) = judged(planned, space.store.runs())
    return claim.rng_seeds_needed


def test_what_needs_more_than_allowed_stays_open_with_its_number(suite, space, recorded):
    recorded(sobel=[0.40, 0.41], conv3x3=[0.30, 0.43])  # margins 0.10 and -0.02
    found = deciding(suite, space, most=3)
    assert (found.added, found.command) == ((), "")
    assert list(found.hopeless) == ["claim wider-is-better"]
    said = found.hopeless["claim wider-is-better"]
    assert re.fullmatch(r"rng_seeds that would decide: \d+; the interval holds 0", said)


def test_what_is_decided_asks_for_nothing(suite, space, recorded):
    recorded(sobel=[0.400, 0.401, 0.402], conv3x3=[0.300, 0.301, 0.3015])
    found = deciding(suite, space, most=10)
    assert (found.added, found.hopeless, found.seconds) == ((), {}, 0)


def test_the_command_runs_what_is_listed(suite, space, recorded):
    recorded(sobel=[0.4], conv3x3=[0.3])
    found = deciding(suite, space, most=4)
    tests = [one.entry.id for one in found.added if one.entry.role == "evaluation"]
    said = f"ncabench run {suite} --set 'grid.rng_seed=[0, 1, 2, 3]' -k '{' or '.join(tests)}'"
    assert found.command == said


def test_costs_are_unknown_where_nothing_has_run(suite, space):
    found = deciding(suite, space, most=3)
    assert found.seconds is None
    assert sorted(asked(found, "training")) == [
        *(("conv3x3", 0), ("conv3x3", 1)),
        *(("sobel", 0), ("sobel", 1)),
    ]


def test_fewer_than_two_rng_seeds_decide_nothing(suite, space):
    with pytest.raises(SuiteError, match="must be 2 or more, not 1"):
        deciding(suite, space, most=1)


def test_the_command_line_lists_them_and_says_what_they_cost(ncabench, suite, space, recorded):
    recorded(sobel=[0.4], conv3x3=[0.3])
    words = ("plan", suite, "--until", "decided", "--max-seeds", 3, "--results", space.results)
    code, said, _ = ncabench(*words)
    assert code == 0
    assert "two: 4 entries to add, 2.2 minutes one after another on cpu" in said
    assert "--set 'grid.rng_seed=[0, 1, 2]'" in said
