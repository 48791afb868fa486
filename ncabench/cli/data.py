"""Commands about data sets: what is here, bringing it, and whether it is what was published."""

from __future__ import annotations

import socket
import time
from pathlib import Path
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
def prepare(
    kind: Annotated[str, typer.Argument(help="renoir, sid, gopro or realblur.")],
    folder: Annotated[Path, typer.Option("--from", help="Folder of the published set.")],
    tile_px: Annotated[
        int | None, typer.Option(help="Side of a tile, before it is shrunk; 128 if not set.")
    ] = None,
    rows: Annotated[
        int | None, typer.Option(help="Rows of tiles in every photograph, instead.")
    ] = None,
    columns: Annotated[int | None, typer.Option(help="Columns, likewise.")] = None,
    near_levels: Annotated[
        float | None,
        typer.Option(help="Of 255: tiles no further apart than this are one; 4 if not set."),
    ] = None,
    data: Data = None,
) -> None:
    """Make a set's pairs of small images from its photographs: tile, shrink, clean."""
    from ncabench import overview

    said = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said >= console.PLAIN_EVERY_S:
            said = time.monotonic()
            console.err.print(f"{kind} {done}/{total} photographs", markup=False)

    options = {"tile_px": tile_px, "rows": rows, "columns": columns, "near_levels": near_levels}
    console.text(overview.prepare_data(kind, data, folder, tell=tell, **options))


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
