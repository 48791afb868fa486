"""The command that compares a suite with its committed baseline."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from ncabench import console
from ncabench.cli.app import (
    RESULTS,
    Data,
    Json,
    Preset,
    Results,
    Sets,
    SuitePath,
    Where,
    app,
    print_json,
    workspace,
)
from ncabench.cli.running import watched


@app.command()
def check(
    suite: SuitePath,
    baseline: Annotated[
        Path | None, typer.Option(help="The baseline; results/baselines/SUITE.json.")
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Capture twice; write the baseline if they agree.")
    ] = False,
    latest: Annotated[
        bool, typer.Option("--latest", help="Take what is recorded; run and time nothing.")
    ] = False,
    preset: Preset = None,
    sets: Sets = None,
    device: Where = "auto",
    jobs: Annotated[int | None, typer.Option("-j", min=1, help="Entries at a time.")] = None,
    processes: Annotated[
        int | None, typer.Option(min=0, help="Processes that time each profile; 0 for none.")
    ] = None,
    summary: Annotated[
        Path | None, typer.Option(help="A file to append the result to, as Markdown.")
    ] = None,
    as_json: Json = False,
    results: Results = RESULTS,
    data: Data = None,
) -> None:
    """Run a suite and compare it with its baseline: quality seed by seed, time as a ratio.

    Exit codes: 0 no regression, 5 a regression, 3 an entry failed, 6 something of the
    baseline could not be compared.
    """
    from ncabench import checking
    from ncabench.gate.verdict import exit_code

    path = baseline or checking.default_baseline(suite)
    with watched() as watcher:
        asked = checking.Asked(
            path=suite,
            space=workspace(results, data),
            preset=preset,
            sets=tuple(sets or ()),
            device=device,
            workers=jobs,
            watcher=watcher,
            **({} if processes is None else {"processes": processes}),
        )
        if update:
            captured = checking.update(asked, baseline=path)
            console.text(f"{path}: {len(captured.quality)} cells of quality")
            return
        found = checking.check(asked, baseline=path, latest=latest)
    _tell(found, summary=summary, as_json=as_json)
    sys.exit(exit_code(found.checked))


def _tell(found: Any, *, summary: Path | None, as_json: bool) -> None:
    from ncabench.gate import summary as told

    text = told.markdown(found.suite, found.checked, notes=found.notes)
    if summary is not None:
        with summary.open("a", encoding="utf-8") as stream:
            stream.write(text)
    if as_json:
        print_json({"suite": found.suite, "cells": [asdict(one) for one in found.checked]})
        return
    compared = [one for one in found.checked if one.word != "not compared"]
    console.table(list(told.HEADS), [told.row(one) for one in compared])
    for line in told.remarks(found.checked, notes=found.notes):
        console.text(line)
    console.text(told.headline(found.suite, found.checked))
