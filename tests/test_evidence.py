"""The script that runs a plan on a machine which is there for minutes at a time."""

import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / ".ci" / "evidence.py"
PLAN = """
[[queue]]
name = "second"
gpu = 0
after = ["first"]
run = [
    { command = ["-c", "print(open('made').read())"] },
    { command = ["-c", "raise SystemExit(7)"] },
]

[[queue]]
name = "first"
gpu = 1
run = [
    { command = ["-c", "import time; time.sleep(2)"] },
    { command = ["-c", "open('made', 'w').write('by the first')"] },
]
"""


def call(folder, seconds):
    plan = folder / "plan.toml"
    plan.write_text(PLAN)
    options = ["--results", folder / "results", "--out", folder / "out", "--device", "cpu"]
    done = subprocess.run(
        [sys.executable, SCRIPT, plan, *options, "--seconds", str(seconds)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_queues_go_on_after_a_call_and_wait_for_one_another(tmp_path):
    assert "== first: goes on" in call(tmp_path, 0.1)
    ended = call(tmp_path, 60)
    assert "== first: ended" in ended
    log = (tmp_path / "results" / "second.log").read_text().splitlines()
    assert log[0] == "by the first"
    assert [line.split(" after ")[0] for line in log[1:]] == [
        "-- exit code 0",
        "-- exit code 7",
    ]
    with tarfile.open(tmp_path / "out" / "logs.tgz") as packed:
        assert sorted(packed.getnames()) == ["first.log", "second.log"]


def test_the_plan_names_suites_presets_bundles_and_queues_that_are_there():
    queues = tomllib.loads((ROOT / ".ci" / "evidence.toml").read_text())["queue"]
    names = [queue["name"] for queue in queues]
    for queue in queues:
        assert set(queue.get("after", [])) <= set(names)
        for run in queue["run"]:
            if "import" in run:
                assert (ROOT / "results" / "bundles" / f"{run['import']}.zip").exists()
            for suite in run.get("suites", []):
                text = (ROOT / "suites" / f"{suite}.toml").read_text()
                assert run["preset"] in tomllib.loads(text)["preset"]
