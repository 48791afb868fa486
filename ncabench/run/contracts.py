"""Runs the contract of its family on a component, wherever it is from."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ncabench import catalog, schema
from ncabench.errors import SuiteError
from ncabench.nca.contract import model, perception, update
from ncabench.nca.contract.broken import Broken, require
from ncabench.nca.draws import Draws

CHECKED = ("perception", "update", "model", "task", "perturbation", "metric", "objective")
Spec = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that a component must do, and whether it does.

    Attributes:
        name: what, in words.
        broken: what it does instead; ``""`` where it keeps it.
    """

    name: str
    broken: str = ""


def examine(family: str, given: Spec, *, root: Path | None = None) -> list[Check]:
    """Return every check of a component's family, as it came out.

    Args:
        family: of the component.
        given: its kind, and what is set of it; what is not has its default.
        root: where data sets are looked for first.

    Raises:
        SuiteError: it cannot be imported, or its parameters are wrong.
    """
    spec, problems = schema.complete(family, given, where=family)
    if problems:
        raise SuiteError("", problems)
    kind = catalog.find(family, spec["kind"])
    about = _checked("is what its source says", partial(_described, family, spec["kind"], kind))
    if family not in CHECKED:
        return [about]
    contract = importlib.import_module(f"ncabench.nca.contract.{family}")
    build = _builder(family, spec, root=root)
    others = (_checked(_words(one), partial(one, build)) for one in contract.CHECKS)
    return [about, *others]


def _checked(name: str, check: Callable[[], object]) -> Check:
    try:
        check()
    except Broken as error:
        return Check(name=name, broken=str(error))
    except Exception as error:  # whatever a stranger's component does when it is called
        return Check(name=name, broken=f"it fails: {type(error).__name__}: {error}")
    return Check(name=name)


def _words(check: Callable[..., object]) -> str:
    return check.__name__.replace("_", " ")


def _described(family: str, kind: str, found: type) -> None:
    """Require that what suites are told of it is so, and that it says where it is from."""
    told = catalog.describe(family, kind)
    names = [one.name for one in _keywords(found)]
    read = [one.name for one in told.parameters]
    require(read == names, f"its source names the parameters {read}, and it takes {names}")
    lacking = ", ".join(sorted(getattr(found, "__abstractmethods__", ())))
    require(not lacking, f"it is without what its family must have: {lacking}")
    version = found.__dict__.get("version", 1)
    require(type(version) is int and version >= 1, f"its version is {version!r}, not 1 or more")
    doc = inspect.getdoc(found) or ""
    require(told.summary.endswith("."), "its docstring's first line is no sentence")
    said = "Source:" in doc
    require(said, "its docstring has no 'Source:', which paper and where, or 'none' and why")


def _keywords(found: type) -> Iterator[inspect.Parameter]:
    parameters = inspect.signature(found.__init__).parameters.values()  # type: ignore[misc]
    return (one for one in parameters if one.kind is one.KEYWORD_ONLY)


def _builder(family: str, spec: Spec, *, root: Path | None) -> Callable[[], Any]:
    if family == "perception":
        return lambda: catalog.build(family, spec, perception.CHANNELS)
    if family == "update":
        return lambda: catalog.build(family, spec, *update.CHANNELS)
    if family == "model":
        kind = catalog.find(family, spec["kind"])
        return lambda: model.built(kind, **catalog.keywords(family, spec))
    if family == "task":
        return lambda: catalog.build(family, spec, _data(spec, root=root), Draws(0))
    return lambda: catalog.build(family, spec)


def _data(task: Spec, *, root: Path | None) -> Any:
    reads = catalog.describe("task", task["kind"]).attributes.get("reads")
    if reads is None:
        return None
    kind = task.get(reads[0], reads[0])
    return catalog.find("data", kind)(root).load(task[reads[1]])
