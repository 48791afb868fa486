"""What a person sees of a run: lines, the time left, tables."""

from pathlib import Path

import pytest

from ncabench import console
from ncabench.console import LiveWatcher, PlainWatcher, Work
from ncabench.run.job import Job
from ncabench.run.progress import Progress
from ncabench.run.scheduler import failed


def job(id="ab12", role="training"):
    return Job(
        role=role,
        id=id,
        spec={},
        labels=({"model": "nca", "perturbation": "damage", "rng_seed": 0},),
        folder=Path("nowhere"),
        device="cpu",
        device_class="cpu",
        engine="eager",
        sources={},
    )


@pytest.fixture
def clock(monkeypatch):
    """Seconds that stand still until a test moves them."""
    now = [1000.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def watcher(clock):
    """A watcher of four entries, begun when the clock stood at its start."""
    assert clock == [1000.0]
    watcher = PlainWatcher()
    watcher.planned([job("a"), job("b"), job("c"), job("d")])
    return watcher


def test_before_anything_moved_the_time_left_is_unknown(clock):
    work = Work()
    work.total = 4
    clock[0] += 10
    assert work.eta_s() is None


def test_the_time_left_follows_the_pace_so_far(watcher, clock):
    clock[0] += 10
    watcher.ended(job("a"), failed(job("a"), "ok", ""))
    assert watcher.work.eta_s() == 30


def test_a_running_training_counts_by_its_share(watcher, clock):
    clock[0] += 10
    watcher.moved(job("a"), Progress(done=50, total=100))
    assert watcher.work.eta_s() == 70


def test_what_an_earlier_run_did_is_neither_in_the_total_nor_in_the_time(watcher, clock):
    clock[0] += 10
    watcher.moved(job("a"), Progress(done=90, total=100, resumed=80))
    assert watcher.work.eta_s() == 70


def test_a_training_that_only_evaluates_what_it_resumed_has_no_share(watcher):
    watcher.moved(job("a"), Progress(done=100, total=100, resumed=100))
    assert watcher.work.eta_s() is None


def test_an_end_counts_once(watcher, clock):
    clock[0] += 10
    watcher.moved(job("a"), Progress(done=100, total=100))
    watcher.ended(job("a"), failed(job("a"), "ok", ""))
    assert (watcher.work.ended, watcher.work.eta_s()) == (1, 30)


def test_a_second_plan_counts_from_nothing(watcher, capsys):
    watcher.ended(job("a"), failed(job("a"), "ok", ""))
    watcher.planned([job("b"), job("c")])
    watcher.ended(job("b"), failed(job("b"), "ok", ""))
    assert "(1/2" in capsys.readouterr().err.splitlines()[-1]


def test_a_start_says_what_and_where(watcher, capsys):
    watcher.started(job())
    assert capsys.readouterr() == ("", "start  training nca 0 [ab12] on cpu\n")


def test_an_evaluation_names_its_perturbation(watcher, capsys):
    watcher.started(job(role="evaluation"))
    assert capsys.readouterr().err == "start  evaluation nca damage 0 [ab12] on cpu\n"


def test_progress_is_printed_at_most_every_ten_seconds(watcher, clock, capsys):
    for done in (10, 20, 30):
        clock[0] += 6
        watcher.moved(job(), Progress(done=done, total=100, note="loss 0.1"))
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "       training nca 0 [ab12] 10/100 loss 0.1, 3 min 54 s left",
        "       training nca 0 [ab12] 30/100 loss 0.1, 3 min 42 s left",
    ]


def test_an_end_says_how_it_ended_and_the_first_line_of_why(watcher, clock, capsys):
    clock[0] += 5
    record = failed(job(), "diverged", "the loss is [bold] NaN\nmore")
    watcher.ended(job(), record)
    assert capsys.readouterr().err == (
        "diverged training nca 0 [ab12] 0.0 s (1/4, 15 s left): the loss is [bold] NaN\n"
    )


def test_bars_follow_the_entries_and_go_when_these_end(capsys):
    with LiveWatcher() as live:
        live.planned([job("a"), job("b")])
        live.started(job("a"))
        live.moved(job("a"), Progress(done=1, total=4, note="loss 0.1"))
        bar = live.bars.tasks[1]
        assert (bar.completed, bar.total, bar.fields["note"]) == (1, 4, "loss 0.1")
        live.ended(job("a"), failed(job("a"), "oom", "no memory"))
        (bar,) = live.bars.tasks
        assert (bar.completed, bar.total) == (1, 2)
    assert "oom    training nca 0 [a] 0.0 s no memory" in capsys.readouterr().err


def test_an_entry_that_never_started_ends_too(capsys):
    with LiveWatcher() as live:
        live.planned([job("a")])
        live.ended(job("a"), failed(job("a"), "no_data", "no file"))
    assert live.work.ended == 1
    assert "no_data training nca 0 [a] 0.0 s no file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.4, ", 0 s left"),
        (59.6, ", 1 min 0 s left"),
        (3599, ", 59 min 59 s left"),
        (3600, ", 1 h 0 min left"),
        (90_000, ", 25 h 0 min left"),
    ],
)
def test_the_time_left_is_short(seconds, said):
    assert console.eta_text(seconds) == said


def test_a_table_is_tab_separated_where_it_is_no_terminal(capsys):
    console.table(["id", "what"], [["a", "[bold] :fire: x"], ["", "y" * 300]])
    assert capsys.readouterr().out == f"id\twhat\na\t[bold] :fire: x\n\t{'y' * 300}\n"


def test_text_is_printed_as_it_is(capsys):
    console.text("[red]\ttab :fire: [/red]")
    assert capsys.readouterr().out == "[red]\ttab :fire: [/red]\n"
