"""The whole line on a tiny suite, and what is left of it when somebody kills it."""

import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ncabench import pipeline, remembered
from ncabench.errors import MachineError, NothingMeasured
from ncabench.pipeline import Workspace
from ncabench.plan import planner
from ncabench.suite import document

TINY = Path(__file__).parent / "tiny.toml"


def command(results: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "ncabench", *words, "--results", str(results)]


def run(results: Path, *words: str) -> subprocess.CompletedProcess[str]:
    line = command(results, "run", str(TINY), "--device", "cpu", *words)
    return subprocess.run(line, capture_output=True, text=True, check=False)


def tables(results: Path, out: Path) -> bytes:
    line = command(results, "report", str(TINY), "--format", "csv", "--out", str(out))
    subprocess.run(line, capture_output=True, text=True, check=True)
    return (out / "tiny" / "tables.csv").read_bytes()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The results of an undisturbed run, and its tables."""
    results = tmp_path_factory.mktemp("finished")
    done = run(results)
    assert done.returncode == 0, done.stderr
    assert "executed 9 of 9 entries; now 9 ok" in done.stdout
    return results, tables(results, results / "reports")


def test_a_finished_suite_runs_nothing_again(finished):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = run(finished[0])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "executed 0 of 9 entries; now 9 ok" in done.stdout
    busy_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert busy_s < 10  # of a core; other work on the machine is not the suite's


def test_one_training_serves_both_perturbations(finished):
    plan = pipeline.plan(TINY, Workspace(results=finished[0]), preset=None, sets=())
    both = [one for one in plan.of("evaluation") if one.serves({"perception": "sobel"})]
    assert len(both) == 2
    assert len({one.needs for one in both}) == 1


def test_tables_are_the_same_after_the_parent_was_killed(finished, tmp_path):
    line = command(tmp_path, "run", str(TINY), "--device", "cpu")
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        time.sleep(random.uniform(2.0, 6.0))
        process.send_signal(signal.SIGKILL)
    assert run(tmp_path).returncode == 0
    assert tables(tmp_path, tmp_path / "reports") == finished[1]


def test_ctrl_c_ends_with_130_and_keeps_a_checkpoint(tmp_path):
    line = command(tmp_path, "run", str(TINY), "--device", "cpu", "--preset", "slow")
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as process:
        while "start" not in process.stderr.readline():
            pass
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert "interrupted; the same command goes on where this one stopped" in said
    assert "Traceback" not in said
    assert list(tmp_path.glob("runs/*/*/checkpoint.pt"))


def test_the_page_of_all_suites_lies_beside_their_reports(finished, tmp_path):
    space = Workspace(results=finished[0])
    for suite, name in ((None, "all"), (TINY, "one")):
        pipeline.report(suite, space, format="html", out=tmp_path / name, tell=pytest.fail)
    assert sorted(one.name for one in (tmp_path / "all").iterdir()) == ["index.html", "tiny"]
    assert [one.name for one in (tmp_path / "one").iterdir()] == ["tiny"]


def test_every_preset_that_ran_is_reported_and_one_that_is_gone_is_told(finished, tmp_path):
    shutil.copytree(finished[0] / "runs", tmp_path / "runs")
    for name, preset in (("other", "again"), ("gone", "again")):
        path = tmp_path / f"{name}.toml"
        path.write_text(f"{TINY.read_text()}\n[preset.again]\n")
        again = planner.make(document.load(path, preset=preset))
        remembered.remember(again, results=tmp_path)
    (tmp_path / "gone.toml").unlink()
    told, space = [], Workspace(results=tmp_path)
    pipeline.report(None, space, format="html", out=tmp_path / "out", tell=told.append)
    names = sorted(one.name for one in (tmp_path / "out").iterdir())
    assert names == ["index.html", "other-again", "tiny"]
    assert [one.split(":")[0] for one in told] == [str(tmp_path / "gone.toml")]


def test_a_report_of_nothing_says_so(tmp_path):
    with pytest.raises(NothingMeasured, match="no suite has been run here; run one first"):
        pipeline.report(
            None, Workspace(results=tmp_path), format="csv", out=tmp_path, tell=print
        )


def test_two_runs_at_once_do_not_share_a_folder(tmp_path):
    space = Workspace(results=tmp_path)
    with space.lock(), pytest.raises(MachineError) as caught:
        pipeline.run(TINY, space, device="cpu")
    assert str(caught.value) == (
        f"{tmp_path / '.lock'}: the results folder {tmp_path} is in use by another ncabench"
    )


def test_a_report_can_be_written_while_a_run_is_under_way(finished, tmp_path):
    results, wanted = finished
    with Workspace(results=results).lock():
        assert tables(results, tmp_path) == wanted


def test_a_damaged_record_is_named_and_the_rest_is_kept(tmp_path):
    done = run(tmp_path, "-k", "sobel")
    assert done.returncode == 0
    victim = next(tmp_path.glob("runs/*/cpu-eager/record.json"))
    victim.write_text("{")
    again = run(tmp_path, "-k", "sobel")
    assert again.returncode == 4
    assert f"{victim}: is damaged" in again.stderr
    assert "Traceback" not in again.stderr


def test_results_that_cannot_be_written_are_refused(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = run(blocked)
    assert done.returncode == 7
    assert done.stderr.strip() == f"{blocked}: cannot be created: File exists"


def test_an_export_brings_the_same_tables_elsewhere(finished, tmp_path):
    results, wanted = finished
    bundle = tmp_path / "bundle.zip"
    subprocess.run(command(results, "export", str(bundle)), check=True, capture_output=True)
    elsewhere = tmp_path / "elsewhere"
    subprocess.run(command(elsewhere, "import", str(bundle)), check=True, capture_output=True)
    assert tables(elsewhere, tmp_path / "reports") == wanted


def test_sync_rebuilds_the_store_from_the_records(finished, tmp_path):
    results, wanted = finished
    subprocess.run(command(results, "sync"), check=True, capture_output=True)
    assert tables(results, tmp_path) == wanted
    assert (results / "mlflow.db").stat().st_size > 0
