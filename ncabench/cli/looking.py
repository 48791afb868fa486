"""Commands that look: components, records, logs, this machine."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ncabench import console
from ncabench.cli.app import RESULTS, Data, Json, Results, Where, app, print_json, workspace
from ncabench.errors import SuiteError

DIFFERENT = 5  # as a regression


@app.command("list")
def list_(
    which: Annotated[
        str | None,
        typer.Argument(help="Only this family, this kind, or those of a suite or a .py file."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Try whether those from outside keep contracts.")
    ] = False,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """List the components that suites can name, and where they are from."""
    from ncabench import offered

    space = workspace(RESULTS, data)
    rows = offered.checked(which, space) if check else offered.components(which, space)
    if as_json:
        print_json(rows)
    elif check:
        for row in rows:
            console.text(offered.told(row))
        if not rows:
            console.text("no component from outside is there")
    else:
        names = ("family", "kind", "origin", "summary")
        heads = ["family", "kind", "from", "what it is"]
        console.table(heads, [[row[name] for name in names] for row in rows])
    troubles = offered.troubles()
    for trouble in troubles:
        console.err.print(trouble, style="red", markup=False)
    broken = any(one["broken"] for row in rows for one in row.get("checks", ()))
    if check and (broken or troubles):
        raise typer.Exit(SuiteError.exit_code)


@app.command()
def show(id: str, as_json: Json = False, results: Results = RESULTS) -> None:
    """Show what is recorded of an entry: what was asked, how it ended, its numbers."""
    from ncabench import overview

    found = overview.recorded(id, results)
    if as_json:
        print_json(found)
        return
    for record in found:
        console.text(overview.describe(record))


@app.command()
def verify(
    id: str,
    device: Where = "auto",
    iterations: Annotated[
        int | None,
        typer.Option(min=1, help="Of a training; as many as its log's first line by default."),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(min=0.0, help="How far values may be apart, relative to their size."),
    ] = 1e-4,
    as_json: Json = False,
    results: Results = RESULTS,
    data: Data = None,
) -> None:
    """Repeat a stretch of a training, or an evaluation, and compare the numbers."""
    from ncabench import verifying

    found = verifying.verify(
        id,
        workspace(results, data),
        device=device,
        iterations=iterations,
        tolerance=tolerance,
    )
    if as_json:
        print_json(found.document())
    else:
        console.text(found.verdict)
    if not found.holds:
        raise typer.Exit(DIFFERENT)


@app.command()
def logs(id: str, results: Results = RESULTS) -> None:
    """Print what an entry's process printed, and where its log lies."""
    from ncabench import overview

    console.text(overview.output(id, results))


@app.command()
def doctor(as_json: Json = False, results: Results = RESULTS, data: Data = None) -> None:
    """Check this machine: versions, GPU, NVML, trained weights, data sets, MLflow."""
    from ncabench import doctor as checks

    found = checks.examine(workspace(results, data))
    if as_json:
        print_json(found)
        return
    console.table(
        ["what", "state", "detail"], [[r["what"], r["state"], r["detail"]] for r in found]
    )


@app.command()
def schema() -> None:
    """Print the JSON Schema of suite files, for editors."""
    from ncabench.plan.json_schema import json_schema

    console.text(json.dumps(json_schema(), indent=1))
