"""The command line: names, options and exit codes; the work is done elsewhere.

Exit codes: 0 done; 1 our bug; 2 the suite is wrong; 3 an entry failed that was not expected
to; 4 a record is unreadable; 6 nothing was measured; 7 the machine; 130 interrupted.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ncabench import console
from ncabench.errors import NcabenchError, SuiteError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A reproducibility benchmark for Neural Cellular Automata papers.",
)
data_app = typer.Typer(no_args_is_help=True, help="Data sets: what is there, what is missing.")
app.add_typer(data_app, name="data")

SuitePath = Annotated[Path, typer.Argument(help="A suite file, such as suites/smoke.toml.")]
Results = Annotated[Path, typer.Option(help="Folder of runs and of the MLflow store.")]
Data = Annotated[Path | None, typer.Option(envvar="NCABENCH_DATA", help="Folder of data sets.")]
Preset = Annotated[str | None, typer.Option(help="Budget: smoke, short, paper, ...")]
Sets = Annotated[
    list[str] | None, typer.Option("--set", help="Overlay, such as train.iterations=200.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Select = Annotated[str, typer.Option("-k", help="Entries, such as 'conv3x3 and not mutation'.")]
Where = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.")]
RESULTS = Path("results")


def main() -> None:
    """Run the command line; errors of ours become one message and their exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        app(prog_name="ncabench")
    except NcabenchError as error:
        console.err.print(str(error), style="red", markup=False)
        sys.exit(error.exit_code)
    except _Interrupted:
        console.err.print("interrupted; the same command goes on where this one stopped")
        sys.exit(130)


class _Interrupted(BaseException):
    """Ctrl-C, or a request to end; Typer would turn a KeyboardInterrupt into exit code 1."""


def _interrupt(*_: object) -> None:
    raise _Interrupted


def _space(results: Path, data: Path | None = None) -> Any:
    from ncabench.pipeline import Workspace

    return Workspace(
        results=results, tracking_uri=os.environ.get("MLFLOW_TRACKING_URI"), data_root=data
    )


def _print_json(content: Any) -> None:
    console.out.print_json(json.dumps(content, default=str)) if console.out.is_terminal else (
        console.text(json.dumps(content, default=str, indent=1))
    )


@app.command()
def run(
    suite: SuitePath,
    preset: Preset = None,
    sets: Sets = None,
    expression: Select = "",
    device: Where = "auto",
    jobs: Annotated[int | None, typer.Option("-j", min=1, help="Entries at a time.")] = None,
    retry: Annotated[str, typer.Option(help="Outcomes to run again: oom,timeout,...")] = "",
    results: Results = RESULTS,
    data: Data = None,
) -> None:
    """Train, perturb, measure and record what a suite asks for and is not done yet."""
    from ncabench import pipeline

    space = _space(results, data)
    with _watcher() as watcher:
        done = pipeline.run(
            suite,
            space,
            preset=preset,
            sets=sets or (),
            expression=expression,
            device=device,
            workers=jobs,
            retry=_outcomes(retry),
            watcher=watcher,
        )
    for problem in done.problems:
        console.err.print(problem, style="red", markup=False)
    console.text(_summary(done))
    words = {done.statuses[one.id].word for one in done.unexpected}
    if words - {pipeline.DAMAGED}:
        sys.exit(3)
    if done.problems or words:
        sys.exit(4)


@contextlib.contextmanager
def _watcher() -> Iterator[Any]:
    if not console.err.is_terminal:
        yield console.PlainWatcher()
        return
    with console.LiveWatcher() as live:
        yield live


def _outcomes(text: str) -> list[str]:
    from ncabench.errors import Problem
    from ncabench.run.outcome import OUTCOMES

    words = [word.strip() for word in text.split(",") if word.strip()]
    wrong = [word for word in words if word not in OUTCOMES]
    if wrong:
        problems = [
            Problem(where="--retry", what=f"no outcome {one!r}", accepted=OUTCOMES, found=one)
            for one in wrong
        ]
        raise SuiteError("", problems)
    return words


def _summary(done: Any) -> str:
    words = [status.word for status in done.statuses.values()]
    counts = ", ".join(f"{words.count(word)} {word}" for word in sorted(set(words)))
    suite = done.plan.suite
    lines = [
        f"{suite.name} (preset {suite.preset}): executed {len(done.executed)} of "
        f"{len(words)} entries; now {counts}"
    ]
    for one in done.unexpected:
        reason = done.statuses[one.id].reason.partition("\n")[0]
        lines.append(f"  {done.statuses[one.id].word}: {one.role} [{one.id}] {reason}")
    return "\n".join(lines)


@app.command()
def plan(
    suite: SuitePath,
    preset: Preset = None,
    sets: Sets = None,
    expression: Select = "",
    device: Where = "auto",
    why: Annotated[bool, typer.Option(help="Say why an entry would run or not.")] = False,
    as_json: Json = False,
    results: Results = RESULTS,
    data: Data = None,
) -> None:
    """List every entry of a suite, its id, its parameters and its status; runs nothing."""
    from ncabench import overview

    space = _space(results, data)
    rows = overview.entries(
        suite, space, preset=preset, sets=sets or (), expression=expression, device=device
    )
    if as_json:
        _print_json(rows)
        return
    axes = ("model", "perception", "task", "perturbation", "recipe", "rng_seed")
    heads = ["id", "role", *axes, "parameters", "status"]
    lines = [[overview.cell(row.get(head)) for head in heads] for row in rows]
    if why:
        heads = [*heads, "why"]
        lines = [[*line, row["why"]] for line, row in zip(lines, rows, strict=True)]
    console.table(heads, lines)


@app.command()
def report(
    suites: Annotated[list[Path] | None, typer.Argument(help="Suites; all that ran.")] = None,
    format: Annotated[
        Literal["text", "markdown", "latex", "csv", "json", "html"],
        typer.Option(help="Format; text is for the terminal."),
    ] = "text",
    out: Annotated[Path, typer.Option(help="Folder to write into.")] = Path("reports"),
    preset: Preset = None,
    sets: Sets = None,
    results: Results = RESULTS,
    data: Data = None,
) -> None:
    """Print the papers' tables, measured beside printed, and write them with their figures."""
    from ncabench import pipeline

    space = _space(results, data)
    named: list[Path | None] = [*(suites or ())] or [None]
    for suite in named:
        for written in pipeline.report(
            suite, space, format=format, out=out, preset=preset, sets=sets or ()
        ):
            console.text(written.text)
            for path in written.files:
                console.err.print(f"wrote {path}", style="dim", markup=False)


@app.command()
def status(
    suite: SuitePath,
    preset: Preset = None,
    sets: Sets = None,
    device: Where = "auto",
    as_json: Json = False,
    results: Results = RESULTS,
    data: Data = None,
) -> None:
    """Count a suite's entries by status."""
    from ncabench import overview

    rows = overview.entries(
        suite, _space(results, data), preset=preset, sets=sets or (), device=device
    )
    counts = overview.count(rows)
    if as_json:
        _print_json(counts)
    else:
        console.table(
            ["role", "status", "entries"],
            [[*key.split("/"), str(n)] for key, n in counts.items()],
        )


@app.command("list")
def list_(
    family: Annotated[str | None, typer.Argument(help="Only this family.")] = None,
    as_json: Json = False,
) -> None:
    """List the components that suites can name."""
    from ncabench import overview

    rows = overview.components(family)
    if as_json:
        _print_json(rows)
        return
    console.table(
        ["family", "kind", "what it is"], [[r["family"], r["kind"], r["summary"]] for r in rows]
    )


@app.command()
def show(id: str, as_json: Json = False, results: Results = RESULTS) -> None:
    """Show what is recorded of an entry: what was asked, how it ended, its numbers."""
    from ncabench import overview

    found = overview.recorded(id, results)
    if as_json:
        _print_json(found)
        return
    for record in found:
        console.text(overview.describe(record))


@app.command()
def logs(id: str, results: Results = RESULTS) -> None:
    """Print what an entry's process printed, and where its log lies."""
    from ncabench import overview

    console.text(overview.output(id, results))


@app.command()
def doctor(as_json: Json = False, results: Results = RESULTS, data: Data = None) -> None:
    """Check this machine: versions, GPU, NVML, trained weights, data sets, MLflow."""
    from ncabench import doctor as checks

    found = checks.examine(_space(results, data))
    if as_json:
        _print_json(found)
        return
    console.table(
        ["what", "state", "detail"], [[r["what"], r["state"], r["detail"]] for r in found]
    )


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="The bundle to write, a .zip.")],
    suites: Annotated[list[Path] | None, typer.Argument(help="Only these suites.")] = None,
    preset: Preset = None,
    sets: Sets = None,
    results: Results = RESULTS,
    data: Data = None,
) -> None:
    """Write finished runs into one file, to be imported elsewhere."""
    from ncabench import overview

    count = overview.export(
        path, _space(results, data), suites=suites or (), preset=preset, sets=sets or ()
    )
    console.text(f"{path}: {count} runs")


@app.command("import")
def import_(path: Path, results: Results = RESULTS) -> None:
    """Take in the runs of a bundle, after checking every digest in it."""
    from ncabench import overview

    for line in overview.take_in(path, _space(results)):
        console.text(line)


@app.command()
def sync(results: Results = RESULTS) -> None:
    """Build the MLflow store anew from the records."""
    space = _space(results)
    with space.lock():
        taken = space.store.sync()
    console.text(f"{taken.new} runs")


@app.command()
def accept(
    suite: SuitePath,
    preset: Preset = None,
    sets: Sets = None,
    device: Where = "auto",
    results: Results = RESULTS,
    data: Data = None,
) -> None:
    """Declare that source changes since the records were made do not change their numbers."""
    from ncabench import overview

    names = overview.accept(
        suite, _space(results, data), preset=preset, sets=sets or (), device=device
    )
    console.text(f"{len(names)} records accepted")


@app.command()
def schema() -> None:
    """Print the JSON Schema of suite files, for editors."""
    from ncabench.plan.json_schema import json_schema

    console.text(json.dumps(json_schema(), indent=1))


@data_app.command("list")
def data_list(as_json: Json = False, data: Data = None) -> None:
    """List the data sets, where they are, and what is missing."""
    from ncabench import overview

    rows = overview.data_sets(data)
    if as_json:
        _print_json(rows)
        return
    console.table(
        ["kind", "state", "licence", "detail"],
        [[r["kind"], r["state"], r["licence"], r["detail"]] for r in rows],
    )
