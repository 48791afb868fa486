"""What a prepared folder says of itself: how it was made, and of what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ncabench.nca.data._patchwork import SIDE_PX

FILE = "manifest.json"
SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The file ``manifest.json`` of a prepared folder.

    A folder that was prepared otherwise is read with one written by hand, of ``schema``,
    ``set`` and ``side_px`` alone.

    Attributes:
        set: the data set's name.
        side_px: the side of every image.
        options: how photographs were made into tiles.
        counts: pairs in each part; photographs; pairs that were redundant.
        sources: each pair of photographs: its files, its scene and part, and how many of its
            tiles were kept.
        digests: SHA-256 of each image, by its path under the folder; empty where nothing was
            said of them.
    """

    set: str
    side_px: int = SIDE_PX
    options: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    sources: tuple[Mapping[str, Any], ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write the manifest into a folder."""
        content = {"schema": SCHEMA, **vars(self)}
        text = json.dumps(content, indent=1)
        (folder / FILE).write_text(f"{text}\n", encoding="utf-8")


def read(folder: Path, *, kind: str) -> Manifest:
    """Return the manifest of a folder.

    Raises:
        ValueError: it cannot be read, is of another set, or of images of another size.
    """
    path = folder / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not JSON ({error})") from None
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise ValueError(f"{path}: expected a table with schema = {SCHEMA}")
    for key, wanted in (("set", kind), ("side_px", SIDE_PX)):
        if content.get(key) != wanted:
            raise ValueError(f"{path}: {key} is {content.get(key)!r}, not {wanted!r}")
    tables = {"options": dict, "counts": dict, "sources": list, "digests": dict}
    for key, sort in tables.items():
        if not isinstance(content.get(key, sort()), sort):
            raise ValueError(f"{path}: {key} is no {'table' if sort is dict else 'list'}")
    known = {key: content[key] for key in tables if key in content}
    return Manifest(set=kind, **{**known, "sources": tuple(known.get("sources", ()))})
