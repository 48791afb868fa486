"""Commands about data sets: what is here, fetching, and whether it is what was published."""

from __future__ import annotations

import socket
from typing import Annotated

import typer

from ncabench import console
from ncabench.cli.app import Data, Json, app, print_json
from ncabench.errors import RecordError

TIMEOUT_S = 30.0  # for each answer of a server; torchvision's downloader has none of its own
Kind = Annotated[str, typer.Argument(help="A data set, such as fashion_mnist.")]

data_app = typer.Typer(
    no_args_is_help=True, help="Data sets: what is there, what is missing, whether it is right."
)
app.add_typer(data_app, name="data")


@data_app.command("list")
def list_(as_json: Json = False, data: Data = None) -> None:
    """List the data sets, where they are, and what is missing."""
    from ncabench import overview

    rows = overview.data_sets(data)
    if as_json:
        print_json(rows)
        return
    console.table(
        ["kind", "state", "licence", "detail"],
        [[r["kind"], r["state"], r["licence"], r["detail"]] for r in rows],
    )


@data_app.command()
def fetch(kind: Kind, data: Data = None) -> None:
    """Download a data set into the folder of data sets, and check it."""
    from ncabench import overview

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT_S)
    try:
        console.text(overview.fetch_data(kind, data))
    finally:
        socket.setdefaulttimeout(before)


@data_app.command()
def verify(
    kind: Annotated[
        str | None, typer.Argument(help="Only this data set; left out: every one that is here.")
    ] = None,
    as_json: Json = False,
    data: Data = None,
) -> None:
    """Read data sets anew and compare their digests with the published ones."""
    from ncabench import overview

    rows = overview.verify_data(kind, data)
    if as_json:
        print_json(rows)
    else:
        columns = ["kind", "state", "what", "found", "published"]
        console.table(columns, [[row[name] for name in columns] for row in rows])
    wrong = sorted({row["kind"] for row in rows if row["state"] == "differs"})
    if wrong:
        raise RecordError(f"not what was published: {', '.join(wrong)}")
