"""Commands that move records: export, import, sync, accept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ncabench import console
from ncabench.cli.app import (
    RESULTS,
    Data,
    Preset,
    Results,
    Sets,
    SuitePath,
    Where,
    app,
    workspace,
)


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="The bundle to write, a .zip.")],
    suites: Annotated[list[Path] | None, typer.Argument(help="Only these suites.")] = None,
    preset: Preset = None,
    sets: Sets = None,
    results: Results = RESULTS,
    data: Data = None,
    weights: Annotated[
        bool, typer.Option(help="Take trained weights along; all else is there without.")
    ] = True,
    films: Annotated[
        bool, typer.Option(help="Take filmstrips along; all else is there without.")
    ] = True,
) -> None:
    """Write finished runs into one file, to be imported elsewhere."""
    from ncabench import overview

    count = overview.export(
        path,
        workspace(results, data),
        suites=suites or (),
        preset=preset,
        sets=sets or (),
        weights=weights,
        films=films,
    )
    console.text(f"{path}: {count} runs")


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="A bundle that export wrote.")],
    keep: Annotated[
        Literal["here", "there"] | None,
        typer.Option(help="Which stays where what was measured here and there differs."),
    ] = None,
    results: Results = RESULTS,
) -> None:
    """Take in the runs of a bundle, after checking every digest in it."""
    from ncabench import overview

    for line in overview.take_in(path, workspace(results), keep=keep):
        console.text(line)


@app.command()
def sync(results: Results = RESULTS) -> None:
    """Build the MLflow store anew from the records."""
    space = workspace(results)
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
        suite, workspace(results, data), preset=preset, sets=sets or (), device=device
    )
    console.text(f"{len(names)} records accepted")
