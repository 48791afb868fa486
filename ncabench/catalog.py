"""Finds components by their path: a folder is a family, a file is a kind.

``kind = "sobel"`` under ``[perception.*]`` means the one public class of
``ncabench/nca/perception/sobel.py``. Parameters and class attributes are read from the
source text, so that naming, listing and checking components imports neither them nor torch.

Packages add their own through the entry-point group ``ncabench.components``: an entry point
named ``perception.rings`` with the value ``their.package.rings:Rings`` is the perception
``rings``.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata, util
from pathlib import Path
from typing import Any

from ncabench.errors import Problem, SuiteError

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
GROUP = "ncabench.components"
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
    """

    family: str
    kind: str
    module: str
    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    attributes: Mapping[str, Any]
    path: Path

    @property
    def version(self) -> int:
        """The integer that changes when the component's numbers do."""
        return int(self.attributes.get("version", 1))


@cache
def kinds(family: str) -> tuple[str, ...]:
    """Return the kinds of a family, sorted; nothing is imported.

    >>> "sobel" in kinds("perception")
    True
    """
    own = {path.stem for path in (_SCIENCE / family).glob("*.py") if path.stem[0] != "_"}
    return tuple(sorted(own | {kind for (there, kind) in _plugins() if there == family}))


@cache
def describe(family: str, kind: str) -> Description:
    """Return what the source of a component says of it, without importing it.

    Raises:
        SuiteError: there is no such kind; the message lists those there are.
    """
    if kind not in kinds(family):
        problem = Problem(
            where=f"{family}.kind",
            what=f"no {family} is called {kind!r}",
            accepted=kinds(family),
            found=kind,
        )
        raise SuiteError("", [problem])
    module, name, path = _where(family, kind)
    node = _class_node(path, name)
    docstring = ast.get_docstring(node) or ""
    return Description(
        family=family,
        kind=kind,
        module=module,
        name=node.name,
        summary=docstring.partition("\n")[0],
        parameters=_parameters(node),
        attributes=_attributes(node),
        path=path,
    )


@cache
def find(family: str, kind: str) -> Any:
    """Import and return the class of a component.

    An error inside the component is not swallowed.

    Raises:
        SuiteError: there is no such kind.
    """
    described = describe(family, kind)
    return getattr(importlib.import_module(described.module), described.name)


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
def _plugins() -> Mapping[tuple[str, str], metadata.EntryPoint]:
    found = {}
    for point in metadata.entry_points(group=GROUP):
        family, _, kind = point.name.partition(".")
        if family not in FAMILIES or not kind.isidentifier():
            raise SuiteError(
                "",
                [
                    Problem(
                        where=f"entry point {point.name!r} of {GROUP}",
                        what="expected FAMILY.KIND, such as perception.rings",
                        accepted=tuple(FAMILIES),
                        found=family,
                    )
                ],
            )
        found[family, kind] = point
    return found


def _where(family: str, kind: str) -> tuple[str, str | None, Path]:
    path = _SCIENCE / family / f"{kind}.py"
    if path.exists():
        return f"ncabench.nca.{family}.{kind}", None, path
    point = _plugins()[family, kind]
    spec = util.find_spec(point.module)
    if spec is None or spec.origin is None:
        raise ImportError(f"entry point {point.name!r}: no module {point.module!r}")
    return point.module, point.attr, Path(spec.origin)


def _class_node(path: Path, name: str | None) -> ast.ClassDef:
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
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
