"""Engines as a whole run sees them: what is asked, what counts as done, what is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from ncabench import pipeline
from ncabench.pipeline import Workspace
from ncabench.plan import sources
from ncabench.run import outcome
from ncabench.run.device import available
from ncabench.run.folder import make
from ncabench.run.outcome import Record

TINY = Path(__file__).parent / "tiny.toml"
CPU = available("cpu")[0]
SETS = ("grid.perception=['sobel']", "grid.perturbation=['damage']", "include=[]")


@pytest.fixture
def space(tmp_path):
    return Workspace(results=tmp_path / "results")


def planned(space, *sets):
    plan = pipeline.plan(TINY, space, preset=None, sets=(*SETS, *sets))
    assert [one.role for one in plan.entries] == ["training", "evaluation"]
    return plan


def record(entry, space, *, engine, **changes) -> Path:
    """Leave a record of an entry, and return its folder."""
    place = make(pipeline.entry_folder(entry.id, space, device=CPU, engine=engine))
    plain = Record(
        role=entry.role,
        id=entry.id,
        device_class="cpu",
        engine=engine,
        outcome="ok",
        spec=entry.spec,
        labels=entry.labels,
        sources=sources.digests(entry.spec, engine=engine),
        ended_at="2026-01-02T03:04:05+00:00",
    )
    outcome.write(replace(plain, **changes), folder=place)
    return place


def test_what_another_engine_finished_is_not_run_again(space):
    training, evaluation = planned(space).entries
    place = record(training, space, engine="compiled")
    record(evaluation, space, engine="eager")
    bound = pipeline.job(evaluation, planned(space).suite, space, device=CPU)
    assert (bound.engine, bound.training) == ("eager", place)
    done = pipeline.run(TINY, space, sets=SETS, device="cpu")
    assert (done.executed, {one.word for one in done.statuses.values()}) == ({}, {"ok"})


@pytest.mark.parametrize(
    ("eager", "compiled", "counts"),
    [
        ({}, {}, "eager"),
        ({"outcome": "oom"}, {}, "compiled"),
        ({"outcome": "oom"}, {"outcome": "crashed"}, "eager"),
        ({"unfinished": True}, {"outcome": "crashed"}, "compiled"),
        ({"unfinished": True}, {"unfinished": True}, "eager"),
    ],
)
def test_of_two_records_the_better_counts_or_else_the_resolved_engines(
    space, eager, compiled, counts
):
    entry = planned(space).entries[0]
    record(entry, space, engine="eager", **eager)
    record(entry, space, engine="compiled", **compiled)
    assert pipeline.home(entry, space, device=CPU).name == f"cpu-{counts}"


def test_what_asks_for_an_engine_counts_by_that_engine_alone(space):
    entry = planned(space, "execution.engine=eager").entries[0]
    record(entry, space, engine="compiled")
    assert pipeline.status(entry, space, device=CPU).word == "pending"


def test_an_engine_other_than_plain_pytorch_counts_among_the_sources(space):
    entry = planned(space).entries[0]
    plain = sources.digests(entry.spec)
    compiled = sources.digests(entry.spec, engine="compiled")
    assert not [path for path in plain if path.startswith("nca/engine/c")]
    assert plain.items() < compiled.items()
    assert "nca/engine/compiled.py" in compiled


def test_a_changed_engine_makes_its_records_stale(space):
    entry = planned(space).entries[0]
    name = "nca/engine/compiled.py"
    now = sources.digests(entry.spec, engine="compiled")
    record(entry, space, engine="compiled", sources={**now, name: "0" * 64})
    assert pipeline.status(entry, space, device=CPU).stale == (name,)


def test_an_engine_that_is_not_there_is_infeasible_and_never_replaced(space, ncabench):
    sets = [word for one in (*SETS, "execution.engine=fused") for word in ("--set", one)]
    code, out, err = ncabench("run", TINY, "--device", "cpu", "--results", space.results, *sets)
    assert (code, err) == (3, "")
    reason = 'engine = "fused" cannot run here: the kernels run on a GPU alone'
    assert "executed 2 of 2 entries; now 2 infeasible" in out
    assert out.count(reason) == 2


def test_compiling_without_a_compiler_is_infeasible(space, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    sets = (*SETS, "execution.engine=compiled")
    done = pipeline.run(TINY, space, sets=sets, device="cpu")
    assert {one.outcome for one in done.executed.values()} == {"infeasible"}
    (training,) = done.plan.of("training")
    found = done.executed[training.id]
    assert found.reason == (
        'engine = "compiled" cannot run here: there is no C++ compiler (CXX, g++, clang++)'
    )
    assert found.environment["engine"] == {
        "requested": "compiled",
        "resolved": "compiled",
        "why": "there is no C++ compiler (CXX, g++, clang++)",
    }


def test_seeds_together_are_one_process_and_the_same_entries(space):
    sets = (*SETS, "grid.rng_seed=[0,1]", "execution.together=2")
    done = pipeline.run(TINY, space, sets=sets, device="cpu")
    ids = [one.id for one in done.plan.of("training")]
    assert [done.executed[id].environment["together"] for id in ids] == [ids, ids]
    assert {one.word for one in done.statuses.values()} == {"ok"}
    alone = pipeline.run(TINY, space, sets=sets[:-1], device="cpu")
    assert alone.executed == {}
