"""The command that tunes a suite."""

from __future__ import annotations

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
from ncabench.errors import Problem, SuiteError


@app.command()
def tune(
    suite: SuitePath,
    preset: Preset = None,
    sets: Sets = None,
    trials: Annotated[
        int | None, typer.Option(help="Trials in all; those of earlier calls count.")
    ] = None,
    study: Annotated[
        str, typer.Option(help="Its name; left out: the suite's and the preset's.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(help="The best values, for --set @FILE; left out: in the results."),
    ] = None,
    device: Where = "auto",
    jobs: Annotated[int | None, typer.Option("-j", min=1, help="Entries at a time.")] = None,
    as_json: Json = False,
    results: Results = RESULTS,
    data: Data = None,
) -> None:
    """Search the keys that a suite's [tune] names, and test the best on held-out rng_seeds."""
    from ncabench.tune import best, tuner, written

    _check_out(out)
    asked = tuner.Asked(
        path=suite,
        space=workspace(results, data),
        preset=preset,
        sets=sets or (),
        device=device,
        workers=jobs,
        study=study,
        trials=trials,
    )
    with watched() as watcher:
        tuned = tuner.tune(
            asked,
            watcher=watcher,
            tell=lambda one, of: _say(written.line(one, of), to_err=as_json),
        )
        path = out or tuned.path.with_suffix(".toml")
        written.write(tuned, path, held_out=None)
        held_out = (
            best.compare_held_out(tuned, watcher=watcher) if tuned.tune.held_out else None
        )
    files = written.write(tuned, path, held_out=held_out)
    if as_json:
        print_json(written.document(tuned, held_out))
    else:
        _show(tuned, held_out)
    for file in files:
        console.err.print(f"wrote {file}", style="dim", markup=False)


def _check_out(out: Path | None) -> None:
    if out is not None and out.suffix != ".toml":
        what = f"expected a name that ends in .toml, found {str(out)!r}"
        raise SuiteError("", [Problem(where="--out", what=what)])


def _say(line: str, *, to_err: bool) -> None:
    """Print a line at once, whether or not a pipe would hold it back."""
    if to_err:
        console.err.print(line, markup=False)
        return
    console.text(line)
    console.out.file.flush()


def _show(tuned: Any, held_out: Any) -> None:
    from ncabench.report.comparison import view
    from ncabench.tune import written

    console.text(f"study {tuned.name}: {written.counted(tuned.trials)}")
    console.text(f"best: {written.line(tuned.best, tuned.tune)}")
    if held_out is None:
        return
    seeds = ", ".join(map(str, tuned.tune.held_out))
    console.text(f"\nheld-out rng_seeds {seeds}:")
    for line in held_out.comparison.captions:
        console.text(line)
    unequal = "; ".join(held_out.unequal)
    console.text(f"BUDGETS DIFFER: {unequal}." if unequal else "The budgets are equal.")
    console.table(*view.table(held_out.comparison.rows))
