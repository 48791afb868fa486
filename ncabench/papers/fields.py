"""What a paper's data files may hold: keys, their types, and what is said of a wrong one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from typing import Any

from ncabench.errors import Problem, SuiteError

SLUG = re.compile(r"[a-z0-9_/.+-]+")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a value must be.

    Attributes:
        words: how a message says it.
        accepts: whether a value is one.
    """

    words: str
    accepts: Callable[[Any], bool]


@dataclass(frozen=True)
class Form:
    """The keys of one TOML table, each with what its value must be.

    >>> [str(one) for one in PAPER.problems({"titel": "x"}, where="")][0].splitlines()[0]
    "titel: no key is called 'titel'"
    """

    needed: Mapping[str, Kind]
    optional: Mapping[str, Kind] = field(default_factory=dict)

    def problems(self, found: Mapping[str, Any], *, where: str) -> Iterator[Problem]:
        """Return what is wrong with a table that stands at ``where``."""
        kinds = {**self.needed, **self.optional}
        for key, value in found.items():
            here = f"{where}.{key}" if where else key
            if key not in kinds:
                what = f"no key is called {key!r}"
                yield Problem(where=here, what=what, accepted=tuple(kinds), found=key)
            elif not kinds[key].accepts(value):
                yield Problem(where=here, what=f"expected {kinds[key].words}, found {value!r}")
        for key in self.needed:
            if key not in found:
                here = f"{where}.{key}" if where else key
                yield Problem(where=here, what=f"expected {self.needed[key].words}, found none")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_slug(value: Any) -> bool:
    return isinstance(value, str) and SLUG.fullmatch(value) is not None


def _are_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _are_tables(value: Any) -> bool:
    return (
        isinstance(value, list) and value != [] and all(isinstance(one, dict) for one in value)
    )


def _are_places(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) >= 2
        and all(_are_strings(one) and len(one) == 3 for one in value)
    )


_TEXT = Kind(words="a string that is not empty", accepts=_is_text)
_WORD = Kind(words="a string", accepts=lambda value: isinstance(value, str))
_NAME = Kind(words="a name of a-z, 0-9 and _/.+-", accepts=_is_slug)
_STRINGS = Kind(words="a list of strings", accepts=_are_strings)
_SOME = Kind(
    words="one or more strings", accepts=lambda value: _are_strings(value) and value != []
)
_TABLES = Kind(words="one or more tables", accepts=_are_tables)
_PLACES = Kind(words="two or more of [table, row, column]", accepts=_are_places)
_ORIGIN = {"seeds": _TEXT, "hardware": _TEXT}

PAPER = Form(
    {"title": _TEXT, "version": _TEXT, "seeds": _TEXT, "hardware": _TEXT},
    {"same": _TABLES, "statement": _TABLES},
)
SAME = Form({"what": _TEXT, "source": _TEXT, "cells": _PLACES})
STATEMENT = Form(
    {
        "id": _NAME,
        "says": _TEXT,
        "source": _TEXT,
        "table": _TEXT,
        "columns": _SOME,
        "rows": _STRINGS,
        "relation": _TEXT,
    }
)
TABLE = Form(
    {"title": _TEXT, "source": _TEXT, "column": _TABLES, "row": _TABLES},
    {**_ORIGIN, "recovery": _TABLES},
)
COLUMN = Form(
    {"name": _NAME, "label": _TEXT, "metric": _TEXT, "unit": _WORD},
    {"note": _TEXT, "dash": _TEXT},
)
ROW = Form(
    {"name": _NAME, "label": _TEXT, "cells": _STRINGS},
    {**_ORIGIN, "metric": _TEXT, "unit": _WORD, "note": _TEXT, "source": _TEXT},
)
RECOVERY = Form({"before": _NAME, "final": _NAME, "recovery": _NAME})


def read(source: Traversable, *, path: str, form: Form, lists: Mapping[str, Form]) -> Any:
    """Return a TOML file's content after checking every key of it.

    Args:
        source: the file.
        path: how messages name it.
        form: its top level.
        lists: the form of each table in a list, by the list's key.

    Raises:
        SuiteError: it is not TOML, or a key is unknown, missing or of another type.
    """
    try:
        content = tomllib.loads(source.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SuiteError(path, [Problem(where="", what=f"not TOML: {error}")]) from error
    problems = list(form.problems(content, where=""))
    for key, each in lists.items():
        tables = content.get(key, ())
        if _are_tables(tables):
            for at, one in enumerate(tables):
                problems += each.problems(one, where=f"{key}[{at}]")
    refuse(path, problems)
    return content


def repeated(names: Sequence[str], *, where: str) -> Iterator[Problem]:
    """Return a problem for each name that stands more than once.

    >>> [str(one) for one in repeated(["a", "b", "a"], where="row")]
    ["row[2].name: 'a' is already the name of row[0]"]
    """
    for at, name in enumerate(names):
        first = names.index(name)
        if first < at:
            what = f"{name!r} is already the name of {where}[{first}]"
            yield Problem(where=f"{where}[{at}].name", what=what)


def unknown(
    names: Iterable[str], known: Collection[str], *, where: str, what: str
) -> Iterator[Problem]:
    """Return a problem for each name that is not among those known.

    >>> [print(one) for one in unknown(["b"], ["a"], where="row[0]", what="column")]
    row[0]: no column is called 'b'
      accepted: a
    [None]
    """
    for name in names:
        if name not in known:
            text = f"no {what} is called {name!r}"
            yield Problem(where=where, what=text, accepted=tuple(known), found=name)


def refuse(path: str, problems: Sequence[Problem]) -> None:
    """Raise what is wrong with a file, if anything is.

    Raises:
        SuiteError: there are problems.
    """
    if problems:
        raise SuiteError(path, problems)
