"""Trainings that share a process leave what each would have left alone."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from ncabench.errors import EngineFailed
from ncabench.nca.engine.eager import Eager
from ncabench.plan import planner, sources
from ncabench.run import folder, outcome, together
from ncabench.run.job import Job
from ncabench.run.result import Interrupted
from ncabench.run.scheduler import Scheduler, Watcher
from ncabench.suite import document

TINY = Path(__file__).parents[1] / "tiny.toml"


def jobs(results: Path, *, preset: str = "paper", seeds: int = 3, **changes) -> list[Job]:
    suite = document.load(
        TINY,
        preset=preset,
        sets=(f"grid.rng_seed={list(range(seeds))}", "grid.perturbation=['damage']"),
    )
    entries = [
        one for one in planner.make(suite).entries if one.serves({"perception": "sobel"})
    ]
    return [
        replace(job(one, results / "runs"), **(changes if one.role == "training" else {}))
        for one in entries
    ]


def long_jobs(results: Path) -> list[Job]:
    """Jobs whose trainings are still at work, seconds later, when a test comes to kill them."""
    listed = jobs(results)
    recipe = {**listed[0].spec["trainer"], "iterations": 120}
    return [
        replace(one, spec={**one.spec, "trainer": recipe}) if one.role == "training" else one
        for one in listed
    ]


def job(entry, runs: Path) -> Job:
    return Job(
        role=entry.role,
        id=entry.id,
        spec=entry.spec,
        labels=entry.labels,
        folder=runs / entry.id / "cpu-eager",
        training=runs / entry.needs / "cpu-eager" if entry.needs else None,
        device="cpu",
        device_class="cpu",
        engine="eager",
        sources=sources.digests(entry.spec),
        checkpoint_s=0.0,
        log_every=4,
    )


def run(listed: list[Job], *, size: int = 3, watcher: Watcher | None = None):
    """Records in the order of the jobs."""
    scheduler = Scheduler(listed, slots=["cpu"], watcher=watcher or Watcher(), together=size)
    records = scheduler.run()
    return [records[one.id] for one in listed]


class Events(Watcher):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def started(self, job):
        self.told.append(("start", job.id))

    def moved(self, job, progress):
        self.told.append((f"at {progress.done}", job.id))

    def ended(self, job, record):
        self.told.append((record.outcome, job.id))


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Records of three seeds and their evaluations, each in a process of its own."""
    return run(jobs(tmp_path_factory.mktemp("alone")), size=1)


def lasting(records):
    return [(one.outcome, one.values, one.artifacts) for one in records]


def test_seeds_together_leave_the_bits_of_each_alone(tmp_path, alone):
    listed, events = jobs(tmp_path), Events()
    records = run(listed, watcher=events)
    assert lasting(records) == lasting(alone)  # weights, logs and curves, byte for byte
    trainings = [one.id for one in listed if one.role == "training"]
    assert [one.environment["together"] for one in records[:3]] == [trainings] * 3
    assert "together" not in records[3].environment
    turns = [(word, id) for word in ("start", "at 4", "at 8", "at 12") for id in trainings]
    assert [one for one in events.told[:15] if one[0] != "ok"] == turns


def test_a_group_is_no_larger_than_asked_for(tmp_path, alone):
    events = Events()
    listed = [one for one in jobs(tmp_path) if one.role == "training"]
    assert lasting(run(listed, size=2, watcher=events)) == lasting(alone[:3])
    sizes = [len(outcome.read(one.folder).environment.get("together", "1")) for one in listed]
    assert sizes == [2, 2, 1]


def test_what_differs_in_more_than_its_rng_seed_has_a_process_of_its_own(tmp_path):
    first, second, third = jobs(tmp_path)[:3]
    recipe = {**second.spec["trainer"], "iterations": 8}
    second = replace(second, spec={**second.spec, "trainer": recipe})
    records = run([first, second, third])
    assert records[0].environment["together"] == [first.id, third.id]
    assert "together" not in records[1].environment


class Killer(Watcher):
    """Kills the process of a group, once all of it has a checkpoint."""

    def __init__(self, number: signal.Signals) -> None:
        self.number, self.killed = number, False

    def moved(self, job, progress):
        if progress.done >= 8 and not self.killed:
            self.killed = True
            os.kill(holder((job.folder / ".lock").resolve()), self.number)


def holder(lock: Path) -> int:
    """The process that has a file open."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(link.resolve() == lock for link in process.glob("fd/*")):
                return int(process.name)
        except OSError:
            continue
    raise AssertionError(f"nobody holds {lock}")


def test_a_killed_group_goes_on_to_the_same_bits(tmp_path):
    listed = long_jobs(tmp_path / "cut")
    cut = run(listed, watcher=Killer(signal.SIGKILL))
    assert [(one.outcome, one.unfinished) for one in cut] == [("crashed", True)] * 6
    assert all((one.folder / "checkpoint.pt").exists() for one in listed[:3])
    assert lasting(run(listed)) == lasting(run(long_jobs(tmp_path / "whole"), size=1))


def test_one_that_diverges_leaves_the_others_alone(tmp_path, alone):
    listed = jobs(tmp_path)[:3]
    (tmp_path / "wild").mkdir()
    wild = {**listed[1].spec["trainer"]["optimiser"], "learning_rate": 1e30}
    spec = {**listed[1].spec, "trainer": {**listed[1].spec["trainer"], "optimiser": wild}}
    listed[1] = replace(listed[1], spec=spec)
    voice = Voice()
    together.train(made(listed), amp=None, voice=voice.voice)
    records = [outcome.read(one.folder) for one in listed]
    assert [one.outcome for one in records] == ["ok", "diverged", "ok"]
    assert voice.ended[0] == listed[1].id  # by its first logged line
    assert lasting([records[0], records[2]]) == lasting([alone[0], alone[2]])


def test_a_group_has_the_time_of_all_its_entries(tmp_path):
    listed = jobs(tmp_path, preset="slow", seeds=2, timeout_s=1.0)[:2]
    records = run(listed)
    assert [one.reason for one in records] == ["took longer than 2 s beside 1 other"] * 2
    assert [one.outcome for one in records] == ["timeout"] * 2


def test_who_shares_a_process_says_whose_output_holds_it(tmp_path):
    first, second, third = jobs(tmp_path)[:3]
    run([first, second, third])
    said = f"the process of {first.id} ran this too; what it printed is there\n"
    assert [(one.folder / "output.log").read_text() for one in (second, third)] == [said] * 2


class Voice:
    """Listens to a group that runs in the test's own process."""

    def __init__(self, *, stop_after: int | None = None) -> None:
        self.ended: list[str] = []
        self.opened: list[Job] = []
        self.asked, self.stop_after = 0, stop_after
        self.voice = together.Voice(
            teller=lambda _: lambda _: None,
            ended=lambda job: self.ended.append(job.id),
            open=self._open,
            stopping=self._stopping,
        )

    def _open(self, job):
        folder.make(job.folder)
        self.opened.append(job)

    def _stopping(self):
        self.asked += 1
        return self.stop_after is not None and self.asked >= self.stop_after


def made(listed: list[Job]) -> list[Job]:
    for one in listed:
        folder.make(one.folder)
    return listed


def test_an_interrupted_group_keeps_a_checkpoint_of_each(tmp_path):
    listed = made(jobs(tmp_path, checkpoint_s=1e9)[:3])
    with pytest.raises(Interrupted):
        together.train(listed, amp=None, voice=Voice(stop_after=5).voice)
    assert all((one.folder / "checkpoint.pt").exists() for one in listed)
    assert not any((one.folder / "record.json").exists() for one in listed)


def test_what_lacks_memory_beside_others_is_tried_alone_after_them(tmp_path, alone):
    first, second = jobs(tmp_path)[:2]
    vast = {**second.spec["trainer"], "batch": 10**13, "pool": None}  # 80 TB of numbers
    second = replace(second, spec={**second.spec, "trainer": vast})
    voice = Voice()
    together.train(made([second, first]), amp=None, voice=voice.voice)
    assert voice.ended == [first.id, second.id]
    assert lasting([outcome.read(first.folder)]) == lasting(alone[:1])
    last = outcome.read(second.folder)
    assert (last.outcome, "together" in last.environment) == ("oom", False)


class Broken(Eager):
    """An engine that cannot record its third iteration."""

    name = "broken"

    def __init__(self, *given) -> None:
        super().__init__(*given)
        self.calls = 0

    def run(self, work, *, key):
        self.calls += 1
        if self.calls == 3:
            raise EngineFailed("cannot record this\nat all")
        return super().run(work, key=key)


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """Makes jobs of an engine that fails, as if auto had chosen it."""
    module = ModuleType("ncabench.nca.engine.broken")
    module.Broken = Broken
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def broken(count, requested):
        listed = [
            replace(
                one,
                engine="broken",
                requested=requested,
                folder=one.folder.with_name("cpu-broken"),
            )
            for one in jobs(tmp_path)[:count]
        ]
        return made(listed)

    return broken


@pytest.mark.parametrize("count", [1, 2])
def test_an_engine_that_fails_under_auto_gives_way_to_plain_pytorch(broken, alone, count):
    listed, voice = broken(count, "auto"), Voice()
    outcome.write(alone[0], folder=listed[0].folder)  # of an earlier version
    together.train(listed, amp=None, voice=voice.voice)
    places = [one.folder.with_name("cpu-eager") for one in listed]
    records = [outcome.read(place) for place in places]
    assert [one.folder for one in voice.opened] == places
    assert lasting(records) == lasting(alone[:count])
    assert records[0].engine == "eager"
    assert records[0].warnings == ("auto: eager, because cannot record this",)
    assert records[0].environment["engine"]["why"] == "cannot record this"
    assert not any((one.folder / "record.json").exists() for one in listed)


def test_an_engine_that_was_asked_for_and_fails_is_a_crash(broken):
    (one,) = broken(1, "broken")
    together.train([one], amp=None, voice=Voice().voice)
    record = outcome.read(one.folder)
    assert (record.outcome, record.engine) == ("crashed", "broken")
    assert record.reason == "cannot record this\nat all"
    assert not one.folder.with_name("cpu-eager").exists()


SCRIPT = """
import runpy, sys
from dataclasses import replace
from pathlib import Path

own = runpy.run_path(sys.argv[1])
training, evaluation = own["jobs"](Path(sys.argv[2]), seeds=1)
place = training.folder.with_name("cpu-compiled")
training = replace(training, engine="compiled", folder=place)
for one in own["run"]([training, replace(evaluation, training=place)]):
    print(one.role, one.engine, one.outcome, *one.warnings)
"""


def test_an_evaluation_finds_the_training_whose_compiler_failed(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, __file__, str(tmp_path)],
        env={**os.environ, "CXX": "/bin/false", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = ran.stdout.splitlines()
    assert first.startswith("training eager ok auto: eager, because the compiler refuses: ")
    assert (second, ran.stderr) == ("evaluation eager ok", "")
