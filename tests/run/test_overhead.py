"""What the harness adds to an iteration is told in parts."""

from pathlib import Path

import pytest
import torch

from ncabench.nca.engine.eager import Eager
from ncabench.plan import planner
from ncabench.run.job import Job
from ncabench.run.overhead import Bare, _trainer, _training, overhead, overheads
from ncabench.suite import document

SUITE = Path(__file__).parents[2] / "suites" / "engine.toml"
CPU = torch.device("cpu")


@pytest.fixture
def job(tmp_path) -> Job:
    (entry,) = planner.make(document.load(SUITE, preset="smoke")).entries
    return Job(
        role="profile",
        id=entry.id,
        spec=entry.spec,
        labels=entry.labels,
        folder=tmp_path,
        device="cpu",
        device_class="cpu",
        engine="eager",
        sources={},
    )


@pytest.fixture
def bare(job, tmp_path) -> Bare:
    asked = _training(job, batch=2, steps=4, folder=tmp_path)
    return _trainer(Bare, asked, Eager(CPU))


def test_the_parts_add_up(job):
    found = overhead(
        job, engine=lambda: Eager(CPU), precision="float32", batch=2, steps=4, rounds=2
    )
    parts = ("draws_percent", "logging_percent", "saving_percent")
    assert found["percent"] == pytest.approx(sum(found[name] for name in parts))
    assert found["bare_ms"] > 0
    assert 0 < found["saving_percent"] < 1


@pytest.mark.parametrize(("steps", "lengths"), [(4, (1, 8)), (55, (52, 59)), (2, (1, 4))])
def test_lengths_are_even_around_the_mean(job, tmp_path, steps, lengths):
    asked = _training(job, batch=2, steps=steps, folder=tmp_path)
    assert tuple(asked.spec["trainer"]["steps"]) == lengths  # the end excluded


def test_a_bare_iteration_draws_no_more_than_once(bare):
    first = bare._fresh(torch.arange(2)), bare._fires(torch.arange(2), (16, 16, 16), steps=4)
    again = (
        bare._fresh(torch.arange(8, 10)),
        bare._fires(torch.arange(8, 10), (16, 16, 16), steps=4),
    )
    assert bare.pool is None
    assert again[0] is first[0]
    assert torch.equal(again[1], first[1])


def test_an_engine_that_fails_leaves_a_note(job):
    given = {"precisions": ["float32"], "batch": 0, "steps": 4, "rounds": 1}
    values, notes = overheads(job, engine="eager", **given)
    assert values == {}
    assert notes[0].startswith("training/eager/float32/harness: crashed: ")
