"""Reads a suite file as TOML, with a message for each way that can fail."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ncabench.errors import Problem, SuiteError


def read(path: Path) -> dict[str, Any]:
    """Return the document in ``path``.

    Raises:
        SuiteError: there is no such file, it cannot be read, or it is not valid TOML.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        folder = path.parent
        what = "there is no such file" if folder.is_dir() else f"there is no folder {folder}"
        raise _refused(path, what, folder) from None
    except IsADirectoryError:
        raise _refused(path, "is a directory; name a suite file in it", path) from None
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        what = f"is not a text file in UTF-8 (see byte {error.start})"
        raise _refused(path, what) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _refused(path, f"is not valid TOML: {error}") from None


def _refused(path: Path, what: str, folder: Path | None = None) -> SuiteError:
    names = sorted(one.name for one in folder.glob("*.toml")) if folder is not None else []
    return SuiteError(
        str(path), [Problem(where="", what=what, accepted=tuple(names), found=path.name)]
    )


def odd_values(value: Any, where: str = "") -> Iterator[Problem]:
    """Yield a problem for each value that no record could hold: dates, infinity, NaN.

    >>> [str(one) for one in odd_values({"train": {"clip_norm": float("inf")}})]
    ['train.clip_norm: expected a finite number, found inf']
    """
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from odd_values(item, f"{where}.{key}" if where else key)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from odd_values(item, f"{where}[{i}]")
    elif isinstance(value, float) and not math.isfinite(value):
        yield Problem(where=where, what=f"expected a finite number, found {value}")
    elif not isinstance(value, str | int | float | bool):
        yield Problem(where=where, what=f"expected no date or time, found {value}")
