"""The command that compares two models, perceptions or result sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
    app,
    print_json,
    workspace,
)

_NAMES = (
    "Names of the suite's grid (sobel, 'unet_25k & one_pass'), a results folder or a bundle."
)


@app.command()
def compare(
    first: Annotated[str, typer.Argument(metavar="A", help=_NAMES)],
    second: Annotated[str, typer.Argument(metavar="B", help="Likewise.")],
    suite: Annotated[Path, typer.Option(help="The suite that says under what protocol.")],
    values: Annotated[
        list[str] | None,
        typer.Option("--value", help="Such as rgba_mse/before or parameters; may come twice."),
    ] = None,
    expression: Select = "",
    preset: Preset = None,
    sets: Sets = None,
    level: Annotated[float, typer.Option(help="Of the intervals and the verdicts.")] = 0.95,
    as_json: Json = False,
    results: Results = RESULTS,
    data: Data = None,
) -> None:
    """Compare two models, perceptions or result sets, paired by rng_seed."""
    from ncabench import compare as comparing
    from ncabench.report.comparison import view

    found = comparing.compare(
        first,
        second,
        suite=suite,
        space=workspace(results, data),
        preset=preset,
        sets=sets or (),
        expression=expression,
        values=values or (),
        level=level,
    )
    if as_json:
        print_json(view.document(found))
        return
    for line in found.captions:
        console.text(line)
    console.table(*view.table(found.rows))
