"""Finds components by their path: a folder is a family, a file is a kind.

``kind = "sobel"`` under ``[perception.*]`` means the one public class of
``ncabench/nca/perception/sobel.py``. Parameters and class attributes are read from the
source text, so that naming, listing and checking components imports neither them nor torch.

Packages and single files add their own; see ``outside``.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ncabench import outside
from ncabench.errors import Problem, SuiteError
from ncabench.outside import Installed, Outside, Unusable

FAMILIES: Mapping[str, str] = {  # family: its contract class
    "model": "Model",
    "perception": "Perception",
    "update": "Update",
    "autoencoder": "Autoencoder",
    "decoder": "Decoder",
    "task": "Task",
    "data": "DataSet",
    "perturbation": "Perturbation",
    "metric": "Metric",
    "protocol": "Protocol",
    "trainer": "Trainer",
    "pool": "Pool",
    "objective": "Objective",
    "critic": "Critic",
    "optimiser": "Optimiser",
    "schedule": "Schedule",
}
OWN = "ncabench"
_SCIENCE = Path(__file__).parent / "nca"


class _Required:
    """Stands for the default of a parameter that has none."""

    def __repr__(self) -> str:
        return "required"


REQUIRED = _Required()


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """What a suite may set of a component.

    Attributes:
        name: the key in the suite and the keyword of the constructor.
        annotation: its type, as written in the source.
        default: the default, or ``REQUIRED``.
    """

    name: str
    annotation: str
    default: Any


@dataclass(frozen=True, kw_only=True)
class Description:
    """A component as its source text describes it.

    Attributes:
        family: folder under ``nca/``.
        kind: file name without its ending.
        module: where to import it from.
        name: the class.
        summary: first line of its docstring.
        parameters: its keyword-only parameters, in order.
        attributes: its literal class attributes (``version``, ``needs``, ...).
        path: the source file.
        origin: the package or the file that it is from; ``"ncabench"`` for its own.
    """

    family: str
    kind: str
    module: str
    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    attributes: Mapping[str, Any]
    path: Path
    origin: str = OWN

    @property
    def version(self) -> int:
        """The integer that changes when the component's numbers do."""
        return int(self.attributes.get("version", 1))


@cache
def kinds(family: str) -> tuple[str, ...]:
    """Return the kinds of a family, sorted, packages' included; nothing is imported.

    >>> "sobel" in kinds("perception")
    True
    """
    there = {kind for family_, kind in _installed().found if family_ == family}
    return tuple(sorted(own(family) | there))


@cache
def own(family: str) -> frozenset[str]:
    """Return the kinds of a family that are ncabench's own."""
    paths = (_SCIENCE / family).glob("*.py")
    return frozenset(path.stem for path in paths if path.stem[0] != "_")


def has(family: str, kind: str) -> bool:
    """Return whether there is such a kind, a file's included."""
    return kind in kinds(family) or outside.file_called(kind) is not None


def from_outside(family: str, kind: str) -> Outside | None:
    """Return where a component from outside is, or None for one of ncabench's own."""
    return _installed().found.get((family, kind)) or outside.file_called(kind)


def troubles() -> Mapping[tuple[str, str], str]:
    """Return what packages offer and what cannot be used, by family and kind, and why."""
    return _installed().troubles


@cache
def describe(family: str, kind: str) -> Description:
    """Return what the source of a component says of it, without importing it.

    Raises:
        SuiteError: there is no such kind; the message lists those there are. Or one from
            outside cannot be used; the message says why.
    """
    wrong = unusable(family, kind)
    if wrong is not None:
        raise SuiteError("", [Problem(where=f"{family}.kind", **wrong)])
    there = from_outside(family, kind)
    path = there.path if there else _SCIENCE / family / f"{kind}.py"
    text = there.text if there else path.read_text(encoding="utf-8")
    node = _class_node(text, path, there.name if there else None)
    docstring = ast.get_docstring(node) or ""
    return Description(
        family=family,
        kind=kind,
        module=there.module if there else f"ncabench.nca.{family}.{kind}",
        name=node.name,
        summary=docstring.partition("\n")[0],
        parameters=_parameters(node),
        attributes=_attributes(node),
        path=path,
        origin=there.origin if there else OWN,
    )


def unusable(family: str, kind: str) -> dict[str, Any] | None:
    """Return what is wrong with a kind, as a `Problem` has it, or None."""
    there = from_outside(family, kind)
    if kind in own(family) or (there is not None and not there.is_file):
        return None
    if there is None:
        trouble = troubles().get((family, kind))
        what = f"no {family} is called {kind!r}"
        return {"what": trouble or what, "accepted": kinds(family), "found": kind}
    if there.path.stem in kinds(family):
        what = f"there is a {family} {there.path.stem!r} already; name the file otherwise"
        return {"what": f"{there.path}: {what}"}
    try:
        _parameters(_class_node(there.text, there.path, None))
    except (TypeError, ValueError) as error:
        return {"what": str(error)}
    return None


@cache
def find(family: str, kind: str) -> Any:
    """Import and return the class of a component.

    An error inside one of ncabench's own is not swallowed, and one inside a component from
    outside is told.

    Raises:
        SuiteError: there is no such kind, or it is from outside and cannot be used.
    """
    described, there = describe(family, kind), from_outside(family, kind)
    if there is None:
        return getattr(importlib.import_module(described.module), described.name)
    try:
        found = getattr(_imported(there), described.name)
        if FAMILIES[family] not in [base.__name__ for base in found.__mro__]:
            raise Unusable(f"{described.name} is no {FAMILIES[family]}")
    except Exception as error:  # whatever a stranger's module does when it is imported
        what = f"{kind} of {there.origin} cannot be used: {_said(error)} ({there.path})"
        raise SuiteError("", [Problem(where=f"{family}.kind", what=what)]) from error
    return found


def _imported(there: Outside) -> types.ModuleType:
    if not there.is_file:
        return importlib.import_module(there.module)
    if not there.trusted:
        raise Unusable("it came with a record, and the same file is not here")
    if there.module not in sys.modules:
        module = types.ModuleType(there.module)
        module.__file__ = str(there.path)
        sys.modules[there.module] = module
        try:
            exec(compile(there.text, there.path, "exec"), module.__dict__)
        except BaseException:
            del sys.modules[there.module]
            raise
    return sys.modules[there.module]


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, Unusable) else f"{type(error).__name__}: {error}"


def build(family: str, spec: Mapping[str, Any], *given: Any) -> Any:
    """Construct the component that a completed spec names.

    Args:
        family: its family.
        spec: ``kind`` and every parameter, as ``schema.complete`` returns it; nested
            components are mappings of the same form.
        given: what the harness gives, in the order of the contract. Nested components of
            the same family are given the same.
    """
    return find(family, spec["kind"])(*given, **keywords(family, spec, *given))


def keywords(family: str, spec: Mapping[str, Any], *given: Any) -> dict[str, Any]:
    """Return what `build` hands a component by keyword, nested components built."""
    return {
        name: _build_nested(family, value, given)
        for name, value in spec.items()
        if name != "kind"
    }


def _build_nested(family: str, value: Any, given: tuple[Any, ...]) -> Any:
    if isinstance(value, Mapping) and "family" in value:
        inner = {name: item for name, item in value.items() if name != "family"}
        return build(value["family"], inner, *(given if value["family"] == family else ()))
    if isinstance(value, list | tuple):
        return tuple(_build_nested(family, item, given) for item in value)
    return value


@cache
def _installed() -> Installed:
    return outside.installed({family: own(family) for family in FAMILIES})


def _class_node(text: str, path: Path, name: str | None) -> ast.ClassDef:
    tree = ast.parse(text, filename=str(path))
    public = [
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    matching = [node for node in public if name in (None, node.name)]
    if len(matching) != 1:
        names = ", ".join(node.name for node in public) or "none"
        raise TypeError(f"{path}: a component file has one public class, this has: {names}")
    return matching[0]


def _parameters(node: ast.ClassDef) -> tuple[Parameter, ...]:
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            pairs = zip(item.args.kwonlyargs, item.args.kw_defaults, strict=True)
            return tuple(_parameter(argument, default) for argument, default in pairs)
    return ()


def _parameter(argument: ast.arg, default: ast.expr | None) -> Parameter:
    return Parameter(
        name=argument.arg,
        annotation=ast.unparse(argument.annotation) if argument.annotation else "Any",
        default=REQUIRED if default is None else ast.literal_eval(default),
    )


def _attributes(node: ast.ClassDef) -> dict[str, Any]:
    found = {}
    name: ast.expr
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and item.value is not None:
            name, value = item.target, item.value
        elif isinstance(item, ast.Assign) and len(item.targets) == 1:
            name, value = item.targets[0], item.value
        else:
            continue
        if isinstance(name, ast.Name) and _is_literal(value):
            found[name.id] = ast.literal_eval(value)
    return found


def _is_literal(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except ValueError:
        return False
    return True


def first_line(family: str, kind: str) -> str:
    """Return the one-line summary of a component."""
    return inspect.cleandoc(describe(family, kind).summary)
