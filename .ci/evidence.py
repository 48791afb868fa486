"""Runs what a plan asks for on a machine with GPUs that is there for minutes at a time.

    python .ci/evidence.py PLAN.toml --results DIR --out DIR --seconds N [--device cpu]

A plan has queues, each of runs of ``ncabench`` (or of bundles to import first, or of other
commands) one after another, on a GPU and cores of its own, in a results folder of its own. The
first call starts them; they go on after it, and the next call finds them. A call waits until
all have ended or its seconds are over, then exports what is finished, one bundle for each
suite, preset and queue, and packs the logs. Only the standard library is needed.
"""

import argparse
import os
import subprocess
import sys
import tarfile
import time
import tomllib
from pathlib import Path

POLL_S = 1.0
LINES = 6  # of each queue's log, at the end of a call


def main() -> int:
    """Start what is not started, wait, and bring back what is finished."""
    given = _given()
    queues = tomllib.loads(given.plan.read_text())["queue"]
    if given.queue:
        _work_off(next(one for one in queues if one["name"] == given.queue), given)
        return 0
    given.results.mkdir(parents=True, exist_ok=True)
    given.out.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + given.seconds
    for queue in queues:
        _start(queue, given)
    while time.monotonic() < deadline and not all(_ended(one, given) for one in queues):
        time.sleep(POLL_S)
    for queue in queues:
        _export(queue, given)
    _pack(queues, given)
    for queue in queues:
        log = _log(queue, given).read_text().splitlines()[-LINES:]
        state = "ended" if _ended(queue, given) else "goes on"
        print(f"== {queue['name']}: {state}", *(line[:160] for line in log), sep="\n")  # noqa: T201
    return 0


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("plan", type=lambda text: Path(text).resolve())
    parser.add_argument("--results", type=lambda text: Path(text).resolve(), required=True)
    parser.add_argument("--out", type=lambda text: Path(text).resolve(), required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--queue", help="used by the script itself")
    return parser.parse_args()


def _start(queue: dict, given: argparse.Namespace) -> None:
    """Start a queue that was not started, in a process session that outlives this one."""
    log = _log(queue, given)
    if log.exists():
        return
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    if given.device == "cuda":
        environment["CUDA_VISIBLE_DEVICES"] = str(queue["gpu"])
    command = [sys.executable, __file__, *sys.argv[1:], "--queue", queue["name"]]
    with log.open("w") as output:
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )


def _work_off(queue: dict, given: argparse.Namespace) -> None:
    """Run what a queue asks for, after the queues that it waits for; in its own process."""
    if cores := queue.get("cores"):
        first, last = map(int, cores.split("-"))
        os.sched_setaffinity(0, range(first, last + 1))
    for name in queue.get("after", []):
        while not _ended({"name": name}, given):
            time.sleep(POLL_S)
    for run in queue["run"]:
        started = time.monotonic()
        ended = subprocess.run(_command(run, queue, given), check=False)
        took = time.monotonic() - started
        print(f"-- exit code {ended.returncode} after {took:.0f} s", flush=True)  # noqa: T201
    _end(queue, given).touch()


def _command(run: dict, queue: dict, given: argparse.Namespace) -> list[str]:
    if "command" in run:
        return [sys.executable, *run["command"]]
    if "import" in run:
        bundle = f"results/bundles/{run['import']}.zip"
        return [*_ncabench("import"), bundle, *_results(queue, given)]
    options = ["--preset", run["preset"], "--device", given.device, "-j", str(run.get("j", 1))]
    options += ["-k", run["k"]] if "k" in run else []
    options += ["--retry", run["retry"]] if "retry" in run else []
    options += [f"--set={one}" for one in run.get("set", [])]
    return [*_ncabench("run"), *_suites(run), *options, *_results(queue, given)]


def _export(queue: dict, given: argparse.Namespace) -> None:
    exported = set()
    for run in (one for one in queue["run"] if "suites" in one):
        for name, suite in zip(run["suites"], _suites(run), strict=True):
            bundle = given.out / f"{name}-{run['preset']}-{queue['name']}.zip"
            options = ["--preset", run["preset"], *_results(queue, given)]
            options += [] if run.get("weights") else ["--no-weights"]
            options += [] if run.get("films", True) else ["--no-films"]
            options += [f"--set={one}" for one in run.get("set", [])]
            command = (*_ncabench("export"), str(bundle), suite, *options)
            if command in exported:  # runs that differ in -k alone
                continue
            exported.add(command)
            said = subprocess.run(command, check=False, capture_output=True, text=True)
            print((said.stdout + said.stderr).strip().splitlines()[-1:])  # noqa: T201


def _pack(queues: list[dict], given: argparse.Namespace) -> None:
    with tarfile.open(given.out / "logs.tgz", "w:gz") as packed:
        for queue in queues:
            packed.add(_log(queue, given), arcname=f"{queue['name']}.log")


def _ncabench(command: str) -> list[str]:
    return [sys.executable, "-m", "ncabench", command]


def _suites(run: dict) -> list[str]:
    return [f"suites/{name}.toml" for name in run["suites"]]


def _results(queue: dict, given: argparse.Namespace) -> list[str]:
    return ["--results", str(given.results / queue["name"])]


def _log(queue: dict, given: argparse.Namespace) -> Path:
    return given.results / f"{queue['name']}.log"


def _end(queue: dict, given: argparse.Namespace) -> Path:
    return given.results / f"{queue['name']}.ended"


def _ended(queue: dict, given: argparse.Namespace) -> bool:
    return _end(queue, given).exists()


if __name__ == "__main__":
    sys.exit(main())
