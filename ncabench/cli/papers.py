"""The command that shows what the papers print, and what their numbers say of each other."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ncabench import console
from ncabench.cli.app import Json, app, print_json


@app.command()
def papers(
    paper: Annotated[
        str | None, typer.Argument(help="Only this paper, with its cells.")
    ] = None,
    table: Annotated[
        list[str] | None, typer.Option(help="Only this table: 4, or section 3.2.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Weigh the printed numbers against each other.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print what the papers print: tables, cells, and what they say of each other."""
    from ncabench.papers import view

    numbers = table or []
    view.check_named(paper, numbers)
    if check:
        _findings(view.findings(paper, numbers), as_json=as_json)
    elif paper is None:
        _papers(view.papers(), as_json=as_json)
    elif as_json:
        print_json(view.cells(paper, numbers))
    else:
        _tables(view.tables(paper, numbers))


def _papers(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    heads = ["paper", "version", "tables", "cells", "title"]
    console.table(heads, [[str(row[head]) for head in heads] for row in rows])


def _tables(shown: list[Any]) -> None:
    for at, one in enumerate(shown):
        console.text(f"\n{one.title}" if at else one.title)
        console.table(one.heads, one.rows)
        for note in one.notes:
            console.text(f"  {note}")


def _findings(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    console.table(
        ["paper", "table", "what", "verdict", "finding"],
        [
            [row["paper"], ", ".join(row["tables"]), row["kind"], row["verdict"], row["text"]]
            for row in rows
        ],
    )
