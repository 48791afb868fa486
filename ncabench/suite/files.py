"""Makes the component files known that a suite names beside kinds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ncabench import outside
from ncabench.errors import Problem
from ncabench.schema import FILE

ENDING = ".py"


def located(value: Any, *, folder: Path, where: str = "") -> tuple[Any, list[Problem]]:
    """Return a document in which each ``file = "NAME.py"`` is the kind of that file.

    Args:
        value: the document, or what is in it.
        folder: what file names are relative to.
        where: dotted path of ``value``.

    >>> located({"perception": {"mine": {"file": "no.py"}}}, folder=Path("there"))[1][0].what
    'there/no.py: cannot be read: No such file or directory'
    """
    if isinstance(value, list):
        pairs = [
            located(one, folder=folder, where=f"{where}[{i}]") for i, one in enumerate(value)
        ]
        return [one for one, _ in pairs], [problem for _, found in pairs for problem in found]
    if not isinstance(value, Mapping):
        return value, []
    found, problems = {}, []
    for key, item in value.items():
        found[key], wrong = located(item, folder=folder, where=f"{where}.{key}".lstrip("."))
        problems += wrong
    name = value.get(FILE)
    if not isinstance(name, str) or not name.endswith(ENDING):
        return found, problems
    if "kind" in value:
        what = f"a file is its own kind, so {value['kind']!r} cannot be set as well"
        del found["kind"]
        return found, [*problems, Problem(where=f"{where}.kind", what=what)]
    try:
        kind = outside.from_file(folder / name)
    except outside.Unusable as error:
        return found, [*problems, Problem(where=f"{where}.{FILE}", what=str(error))]
    del found[FILE]
    return {"kind": kind, **found}, problems
