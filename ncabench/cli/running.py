"""Commands that run suites, and say what they would do or have done."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ncabench import console
from ncabench.cli.app import (
    RESULTS,
    Data,
    Json,
    Preset,
    Results,
    Select,
    Sets,
    SuitePaths,
    Where,
    app,
    print_json,
    workspace,
)
from ncabench.errors import SuiteError
from ncabench.pipeline import Workspace


@app.command()
def run(
    suites: SuitePaths,
    preset: Preset = None,
    sets: Sets = None,
    expression: Select = "",
    device: Where = "auto",
    jobs: Annotated[int | None, typer.Option("-j", min=1, help="Entries at a time.")] = None,
    retry: Annotated[str, typer.Option(help="Outcomes to run again: oom,timeout,...")] = "",
    results: Results = RESULTS,
    data: Data = None,
) -> None:
    """Train, perturb, measure and record what suites ask for and is not done yet."""
    from ncabench import pipeline

    space = workspace(results, data)
    with watched() as watcher:
        done = pipeline.run_suites(
            suites,
            space,
            preset=preset,
            sets=sets or (),
            expression=expression,
            device=device,
            workers=jobs,
            retry=_outcomes(retry),
            watcher=watcher,
        )
    for problem in done[0].problems:
        console.err.print(problem, style="red", markup=False)
    for one in done:
        console.text(_summary(one))
    words = {each.statuses[one.id].word for each in done for one in each.unexpected}
    if words - {pipeline.DAMAGED}:
        sys.exit(3)
    if done[0].problems or words:
        sys.exit(4)


@contextlib.contextmanager
def watched() -> Iterator[Any]:
    """Tell a terminal of progress with bars, anything else with lines."""
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
    suites: SuitePaths,
    preset: Preset = None,
    sets: Sets = None,
    expression: Select = "",
    device: Where = "auto",
    why: Annotated[bool, typer.Option(help="Say why an entry would run or not.")] = False,
    until: Annotated[
        Literal["decided"] | None,
        typer.Option(help="List the rng_seeds to add instead, until claims are decided."),
    ] = None,
    max_seeds: Annotated[
        int, typer.Option(help="Rng_seeds of a grid point at most, with --until.")
    ] = 10,
    as_json: Json = False,
    results: Results = RESULTS,
    data: Data = None,
) -> None:
    """List every entry of suites, its id, its parameters and its status; runs nothing."""
    from ncabench import overview

    space = workspace(results, data)
    if until:
        _plan_further(
            suites, space, preset=preset, sets=sets or (), most=max_seeds, as_json=as_json
        )
        return
    rows = overview.of_suites(
        suites, space, preset=preset, sets=sets or (), expression=expression, device=device
    )
    if as_json:
        print_json(rows)
        return
    tests = ("protocol",) if any("protocol" in row for row in rows) else ()
    axes = ("model", "perception", "task", "perturbation", *tests, "recipe", "rng_seed")
    heads = ["id", "role", *axes, "parameters", "status"]
    lines = [[overview.cell(row.get(head)) for head in heads] for row in rows]
    if why:
        heads = [*heads, "why"]
        lines = [[*line, row["why"]] for line, row in zip(lines, rows, strict=True)]
    console.table(heads, lines)


def _plan_further(
    suites: Sequence[Path],
    space: Workspace,
    *,
    preset: str | None,
    sets: Sequence[str],
    most: int,
    as_json: bool,
) -> None:
    from ncabench import deciding

    found = [
        deciding.deciding(path, space, most=most, preset=preset, sets=sets) for path in suites
    ]
    if as_json:
        print_json([one.document() for one in found])
        return
    for one in found:
        console.table(*deciding.table(one))
        for line in deciding.said(one):
            console.text(line)


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
    """Print the papers' tables, measured beside printed, and write them with their figures.

    As html and without a suite, also index.html: one page of all, that opens from a file.
    """
    from ncabench import pipeline

    space = workspace(results, data)
    named: list[Path | None] = [*(suites or ())] or [None]
    for suite in named:
        for written in pipeline.report(
            suite,
            space,
            format=format,
            out=out,
            preset=preset,
            sets=sets or (),
            tell=partial(console.err.print, style="red", markup=False),
        ):
            console.text(written.text)
            for path in written.files:
                console.err.print(f"wrote {path}", style="dim", markup=False)


@app.command()
def status(
    suites: SuitePaths,
    preset: Preset = None,
    sets: Sets = None,
    device: Where = "auto",
    as_json: Json = False,
    results: Results = RESULTS,
    data: Data = None,
) -> None:
    """Count the entries of suites by status, each once."""
    from ncabench import overview

    space = workspace(results, data)
    rows = overview.of_suites(suites, space, preset=preset, sets=sets or (), device=device)
    counts = overview.count(rows)
    if as_json:
        print_json(counts)
    else:
        console.table(
            ["role", "status", "entries"],
            [[*key.split("/"), str(n)] for key, n in counts.items()],
        )
