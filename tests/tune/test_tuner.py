"""A whole study on a tiny suite, and what is left of it when somebody kills it."""

import itertools
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ncabench import pipeline
from ncabench.pipeline import Workspace
from ncabench.run import outcome
from ncabench.run.device import Device

GROWN = Path(__file__).parent / "grown.toml"
CPU = Device(name="cpu", device_class="cpu")
RATE, POOL = "train.optimiser.learning_rate", "train.pool.size"


def command(results, *words):
    return [
        *(sys.executable, "-m", "ncabench", "tune", str(GROWN), "--device", "cpu"),
        *("--results", str(results), "-j", "2", *words),
    ]


def tuned(results, *words):
    return subprocess.run(command(results, *words), capture_output=True, text=True, check=False)


def found(results, name="grown-paper"):
    return json.loads((results / "tune" / f"{name}.json").read_text())


def records(results):
    return {path: path.stat().st_mtime_ns for path in results.glob("runs/*/*/record.json")}


def trained(done):
    return done.stderr.count("start  training")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The results of an undisturbed study, and what it said."""
    results = tmp_path_factory.mktemp("finished")
    done = tuned(results)
    assert done.returncode == 0, done.stderr
    return results, done


def recorded(results, parameters, *, rng_seeds):
    """The values of the records with these parameters, by rng_seed as a text."""
    space = Workspace(results=results)
    sets = [f"{path}={value}" for path, value in parameters.items()]
    sets.append(f"grid.rng_seed={list(rng_seeds)}")
    planned = pipeline.plan(GROWN, space, preset=None, sets=sets)
    return {
        str(entry.labels[0]["rng_seed"]): outcome.read(
            pipeline.home(entry, space, device=CPU)
        ).values["rgba_mse/before"]
        for entry in planned.evaluations({"perturbation": "damage"})
    }


def test_every_point_of_the_grid_is_one_trial_with_the_value_of_its_record(finished):
    results, _ = finished
    trials = found(results)["trials"]
    points = [(one["parameters"][RATE], one["parameters"][POOL]) for one in trials]
    assert points == [(1e-2, 4), (1e-2, 8), (1e30, 4), (1e30, 8)]
    for one in trials[:2]:
        assert recorded(results, one["parameters"], rng_seeds=[0]) == {"0": one["value"]}


def test_only_what_the_metric_is_measured_of_is_run(finished):
    results, _ = finished
    made = [outcome.read(path.parent) for path in records(results)]
    assert {one.labels[0]["perturbation"] for one in made if one.role == "evaluation"} == {
        "damage"
    }
    assert sum(one.role == "training" for one in made) == 4 + 2 * 2


def test_the_best_is_compared_with_the_default_on_held_out_seeds(finished):
    results, done = finished
    held = found(results)["held_out"]
    (row,) = held["comparison"]["rows"]
    assert (held["rng_seeds"], held["unequal_budget"], row["n"]) == ([7, 8], [], 2)
    best = found(results)["best"]["parameters"]
    assert row["a"]["values"] == recorded(results, {}, rng_seeds=[7, 8])
    assert row["b"]["values"] == recorded(results, best, rng_seeds=[7, 8])
    assert row["verdict"] in ("A better", "B better", "undecided")
    assert "The budgets are equal." in done.stdout


def test_a_finished_study_runs_nothing_again(finished):
    results, first = finished
    before = records(results)
    again = tuned(results)
    assert records(results) == before
    assert trained(again) == 0
    assert again.stdout.splitlines() == first.stdout.splitlines()[4:]


def test_the_overlay_makes_the_suite_the_best_trial(finished, ncabench):
    results, _ = finished
    best = found(results)["best"]
    overlay = results / "tune" / "grown-paper.toml"
    words = (GROWN, "--device", "cpu", "--json", "--results", results)
    _, out, _ = ncabench("plan", *words, "--set", f"@{overlay}", "-k", "damage")
    assert {row["status"] for row in json.loads(out)} == {"ok"}
    sets = [f"{path}={value}" for path, value in best["parameters"].items()]
    ids = {
        one.id
        for one in pipeline.plan(
            GROWN, Workspace(results=results), preset=None, sets=sets
        ).entries
    }
    assert {row["id"] for row in json.loads(out)} < ids


def test_a_report_of_the_suite_is_not_of_a_trial(finished):
    assert Workspace(results=finished[0]).store.suites() == []


def test_another_search_under_the_name_is_refused_and_loses_nothing(finished, ncabench):
    results, _ = finished
    kept = (results / "tune" / "grown-paper.db").read_bytes()
    words = (GROWN, "--device", "cpu", "--results", results, "--set", "tune.rng_seeds=[1]")
    code, _, err = ncabench("tune", *words)
    assert code == 2
    assert "holds another search, and keeps it\n  rng_seeds: [0] there, [1] here\n" in err
    assert (results / "tune" / "grown-paper.db").read_bytes() == kept


def test_a_killed_study_goes_on_and_repeats_no_finished_trial(finished, tmp_path):
    words = ("--set", "tune.held_out=[]")
    with subprocess.Popen(
        command(tmp_path, *words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        started = (line for line in process.stdout if line.startswith("start  training"))
        assert len(list(itertools.islice(started, 3))) == 3  # two trials side by side, and on
        process.send_signal(signal.SIGKILL)
    before = records(tmp_path)
    assert len(before) >= 2 * 2
    again = tuned(tmp_path, *words)
    assert [line[:8] for line in again.stdout.splitlines()[:2]] == ["trial 2:", "trial 3:"]
    assert {path: records(tmp_path)[path] for path in before} == before
    assert trained(again) <= 2
    assert found(tmp_path)["trials"] == found(finished[0])["trials"]


def test_tpe_prunes_and_medians_are_over_the_seeds(tmp_path):
    done = tuned(tmp_path, "--preset", "tpe")
    assert done.returncode == 0, done.stderr
    trials = found(tmp_path, "grown-tpe")["trials"]
    assert len(trials) == 3
    for one in trials:
        assert one["state"] in ("finished", "pruned")
        assert list(one["medians"]) == (["1", "2"] if one["state"] == "finished" else ["1"])
    best = found(tmp_path, "grown-tpe")["best"]
    assert best["value"] == min(one["value"] for one in trials if one["value"] is not None)


def test_a_trial_that_diverges_is_told_as_failed(finished):
    results, done = finished
    trials = found(results)["trials"]
    assert [one["state"] for one in trials] == ["finished", "finished", "failed", "failed"]
    assert trials[2]["why"].startswith("rng_seed 0: diverged, its training ")
    assert "train.pool.size = 4: failed: rng_seed 0: diverged" in done.stdout.splitlines()[2]


def test_a_draw_that_a_constructor_refuses_is_a_failed_trial(tmp_path):
    path = tmp_path / "grown.toml"
    head = GROWN.read_text().partition("[preset.tpe.tune]")[0]
    space = '[tune.space."protocol.recovery.rollouts"]\nlow = 2\nhigh = 4\n'
    study = 'metric = "rgba_mse/before"\nbetter = "lower"\ntrials = 3\nstart = 1\n'
    path.write_text(f"{head}[tune]\n{study}rng_seeds = [0]\n{space}")
    line = [str(path) if one == str(GROWN) else one for one in command(tmp_path / "results")]
    subprocess.run(line, capture_output=True, check=True)
    for one in found(tmp_path / "results")["trials"]:
        is_odd = one["parameters"]["protocol.recovery.rollouts"] == 3
        assert one["state"] == ("failed" if is_odd else "finished")
        assert one["why"].startswith("refused: protocol.recovery: rollouts") == is_odd
    assert any(one["state"] == "failed" for one in found(tmp_path / "results")["trials"])
