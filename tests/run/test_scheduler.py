"""Real processes on tiny entries: what they leave, whoever is killed."""

import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ncabench.plan import planner, sources
from ncabench.run import outcome
from ncabench.run.job import Job
from ncabench.run.scheduler import Scheduler, Watcher
from ncabench.suite import document

TINY = Path(__file__).parents[1] / "tiny.toml"


def job(entry, results: Path, **changes) -> Job:
    folder = results / entry.id
    plain = Job(
        role=entry.role,
        id=entry.id,
        spec=entry.spec,
        labels=entry.labels,
        folder=folder,
        training=results / entry.needs if entry.needs else None,
        device="cpu",
        device_class="cpu",
        engine="eager",
        sources=sources.digests(entry.spec),
        checkpoint_s=0.0,
        log_every=4,
    )
    return replace(plain, **changes)


def jobs(results: Path, *, preset: str = "paper", **changes) -> list[Job]:
    entries = planner.make(document.load(TINY, preset=preset)).entries
    return [
        job(one, results, **changes) for one in entries if one.serves({"perception": "sobel"})
    ]


def long_jobs(results: Path) -> list[Job]:
    """Jobs whose training is still at work, seconds later, when a test comes to kill it."""
    training, *evaluations = jobs(results)
    recipe = {**training.spec["trainer"], "iterations": 300}
    return [replace(training, spec={**training.spec, "trainer": recipe}), *evaluations]


def run(listed: list[Job], watcher: Watcher | None = None) -> list[outcome.Record]:
    records = Scheduler(listed, slots=["cpu"], watcher=watcher or Watcher()).run()
    return [records[one.id] for one in listed]


class Killer(Watcher):
    """Kills the worker that reports progress, once, after the first checkpoint."""

    def __init__(self, number: signal.Signals) -> None:
        self.number = number
        self.killed: list[str] = []

    def moved(self, job, progress):
        if not self.killed and progress.done >= 8:
            self.killed.append(job.id)
            lock = (job.folder / ".lock").resolve()
            os.kill(holder(lock), self.number)


def holder(lock: Path) -> int:
    """The process that has a file open."""
    for process in Path("/proc").glob("[0-9]*"):
        links = process.glob("fd/*")
        try:
            if any(link.resolve() == lock for link in links):
                return int(process.name)
        except OSError:
            continue
    raise AssertionError(f"nobody holds {lock}")


def test_a_training_and_its_evaluations_leave_records(tmp_path):
    records = run(jobs(tmp_path))
    assert [one.outcome for one in records] == ["ok"] * 3
    assert [one.role for one in records] == ["training", "evaluation", "evaluation"]
    assert outcome.read(tmp_path / records[0].id) == records[0]
    assert not (tmp_path / records[0].id / "checkpoint.pt").exists()


def test_a_killed_training_goes_on_to_the_same_bits(tmp_path):
    whole = run(long_jobs(tmp_path / "whole"))
    cut = run(long_jobs(tmp_path / "cut"), Killer(signal.SIGKILL))
    assert [(one.outcome, one.unfinished) for one in cut] == [("crashed", True)] * 3
    assert cut[0].reason == "the worker was killed by SIGKILL"
    again = run(long_jobs(tmp_path / "cut"))
    assert [one.values for one in again] == [one.values for one in whole]
    assert again[0].artifacts == whole[0].artifacts  # weights and log, byte for byte


def test_a_segfault_is_a_result_and_not_tried_again_by_itself(tmp_path):
    cut = run(long_jobs(tmp_path)[:1], Killer(signal.SIGSEGV))
    assert (cut[0].outcome, cut[0].unfinished) == ("crashed", False)
    assert cut[0].reason == "the worker was killed by SIGSEGV"


def test_a_training_that_takes_too_long_is_a_timeout(tmp_path):
    (record,) = run(jobs(tmp_path, preset="slow", timeout_s=1.5)[:1])
    assert (record.outcome, record.reason) == ("timeout", "took longer than 1.5 s")


def test_an_evaluation_ends_as_its_training_did(tmp_path):
    training, evaluation, _ = jobs(tmp_path)
    wild = {**training.spec["trainer"]["optimiser"], "learning_rate": 1e30}
    spec = {**training.spec, "trainer": {**training.spec["trainer"], "optimiser": wild}}
    records = run([replace(training, spec=spec), evaluation])
    assert [one.outcome for one in records] == ["diverged", "diverged"]
    assert records[0].reason.startswith("the loss ")
    assert records[1].reason == f"its training {training.id}: {records[0].reason}"


def test_a_training_that_diverges_keeps_its_log_and_the_line_on_which_it_did(tmp_path):
    training = jobs(tmp_path)[0]
    wild = {**training.spec["trainer"]["optimiser"], "learning_rate": 1e30}
    spec = {**training.spec, "trainer": {**training.spec["trainer"], "optimiser": wild}}
    (record,) = run([replace(training, spec=spec)])
    lines = (training.folder / "log.jsonl").read_text().splitlines()
    assert list(record.artifacts) == ["log.jsonl"]
    assert record.reason.endswith(f"by iteration {json.loads(lines[-1])['iteration']}")


def test_a_damaged_training_record_costs_its_evaluation_only(tmp_path):
    training, damage, mutation = jobs(tmp_path)
    run([training, damage])
    (training.folder / "record.json").write_text("{")
    (record,) = run([mutation])
    assert (record.outcome, record.unfinished) == ("crashed", True)
    assert record.reason == "the record of its training is damaged"
    assert outcome.read(damage.folder).outcome == "ok"


class Interrupter(Watcher):
    """Behaves as Ctrl-C does, after some progress."""

    def moved(self, job, progress):
        if progress.done >= 8:
            raise KeyboardInterrupt


def test_an_interrupt_leaves_a_checkpoint_and_no_record(tmp_path):
    training = jobs(tmp_path, preset="slow")[0]
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run([training], Interrupter())
    assert time.monotonic() - started < 30
    assert (training.folder / "checkpoint.pt").exists()
    assert not (training.folder / "record.json").exists()
