"""The application, its options, and what every command shares."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ncabench import console

ORDER = (  # of the commands in the help; any other comes after them
    *("run", "plan", "status", "report", "check", "compare", "tune", "papers"),
    *("list", "show", "logs", "doctor", "data", "schema"),
    *("export", "import", "sync", "accept"),
)


class _InOrder(TyperGroup):
    """Lists the commands as a newcomer needs them, not as their files are imported."""

    def list_commands(self, ctx: Any) -> list[str]:
        place = {name: index for index, name in enumerate(ORDER)}
        return sorted(super().list_commands(ctx), key=lambda name: place.get(name, len(ORDER)))


def _unfolded(sets: list[str] | None) -> list[str] | None:
    """Replace each ``@FILE`` by the overlays that the TOML file holds."""
    if not any(one.startswith("@") for one in sets or ()):
        return sets
    from ncabench.suite import file, overlay

    return [
        text
        for one in sets or ()
        for text in (
            overlay.as_sets(file.read(Path(one[1:]))) if one.startswith("@") else [one]
        )
    ]


app = typer.Typer(
    cls=_InOrder,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A reproducibility benchmark for Neural Cellular Automata papers.",
)
SuitePaths = Annotated[
    list[Path], typer.Argument(help="Suite files; what several ask for is listed once.")
]
SuitePath = Annotated[Path, typer.Argument(help="A suite file, such as suites/smoke.toml.")]
Results = Annotated[Path, typer.Option(help="Folder of runs and of the MLflow store.")]
Data = Annotated[Path | None, typer.Option(envvar="NCABENCH_DATA", help="Folder of data sets.")]
Preset = Annotated[str | None, typer.Option(help="Budget: smoke, short, paper, ...")]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        callback=_unfolded,
        help="Overlay, such as train.iterations=200, or @FILE of a TOML file of them.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Select = Annotated[str, typer.Option("-k", help="Entries, such as 'conv3x3 and not mutation'.")]
Where = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.")]
RESULTS = Path("results")


def workspace(results: Path, data: Path | None = None) -> Any:
    """Return where results lie, without loading more than a command needs."""
    from ncabench.pipeline import Workspace

    return Workspace(
        results=results, tracking_uri=os.environ.get("MLFLOW_TRACKING_URI"), data_root=data
    )


def print_json(content: Any) -> None:
    """Print JSON, coloured for a terminal and plain for a pipe."""
    console.out.print_json(json.dumps(content, default=str)) if console.out.is_terminal else (
        console.text(json.dumps(content, default=str, indent=1))
    )
