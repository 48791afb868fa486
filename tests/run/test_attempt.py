from dataclasses import replace

import pytest

from ncabench.run import assembler, outcome
from ncabench.run.attempt import Attempt
from ncabench.run.job import Job
from ncabench.run.result import Result


@pytest.fixture
def job(tmp_path):
    return Job(
        role="profile",
        id="a" * 12,
        spec={},
        labels=(),
        folder=tmp_path,
        device="cpu",
        device_class="cpu",
        engine="eager",
        sources={},
    )


def recorded(job, result):
    Attempt(job).succeed(result)
    return outcome.read(job.folder)


MEASURED = Result(values={"inference/batch_1/ms": 2.0}, artifacts=[], seconds=1.5)


def test_a_measured_entry_ends_well(job):
    record = recorded(job, MEASURED)
    assert (record.outcome, record.reason, record.seconds) == ("ok", "", 1.5)
    assert record.values == MEASURED.values


def test_one_that_memory_cut_short_says_so_and_keeps_what_was_measured(job):
    record = recorded(job, replace(MEASURED, outcome="oom", reason="training: out of memory"))
    assert (record.outcome, record.reason) == ("oom", "training: out of memory")
    assert record.values == MEASURED.values


def test_what_builds_kernels_is_kept_where_it_is_not_tritons_own(job, monkeypatch):
    assert "ptxas" not in recorded(job, MEASURED).environment
    monkeypatch.setattr(assembler, "named", lambda: "13.5")
    assert recorded(job, MEASURED).environment["ptxas"] == "13.5"
