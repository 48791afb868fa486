"""Checks what a suite sets against the constructors, and completes it with their defaults.

Types are read from the annotations' source text (see ``catalog``), so nothing is imported.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from ncabench import catalog
from ncabench.errors import Problem

FILE = "file"  # what a suite may name in place of a kind
Found = tuple[Any, list[Problem]]
_SCALARS: Mapping[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "bool": (bool,),
}
_CONTRACTS = {contract: family for family, contract in catalog.FAMILIES.items()}


def complete(family: str, given: Mapping[str, Any], *, where: str) -> Found:
    """Return a component's spec with every parameter set, and all that is wrong with it.

    Args:
        family: the component's family.
        given: ``kind`` and some parameters, as the suite has them.
        where: dotted path of ``given`` in the suite, for messages.

    >>> spec, problems = complete("perception", {"kind": "sobel"}, where="perception.sobel")
    >>> spec["kind"], spec["padding"], problems
    ('sobel', 'circular', [])
    """
    if not isinstance(given, Mapping):
        return {}, [Problem(where=where, what=f"expected a table with a kind, found {given!r}")]
    kind = given.get("kind")
    if kind is None and FILE in given:
        return {}, []  # the file was refused where the suite was read
    wrong = _kind_problem(family, kind)
    if wrong is not None:
        return {}, [Problem(where=f"{where}.kind", **wrong)]
    parameters = {one.name: one for one in catalog.describe(family, kind).parameters}
    problems = [
        Problem(
            where=f"{where}.{name}",
            what=f"{kind} has no parameter {name!r}",
            accepted=tuple(parameters) or ("kind",),
            found=name,
        )
        for name in given
        if name not in parameters and name != "kind"
    ]
    spec: dict[str, Any] = {"kind": kind}
    for name, parameter in parameters.items():
        spec[name], found = _complete_one(parameter, given, f"{where}.{name}")
        problems += found
    return spec, problems


def _kind_problem(family: str, kind: Any) -> dict[str, Any] | None:
    if isinstance(kind, str):
        return catalog.unusable(family, kind)
    what = "no kind is set" if kind is None else f"no {family} is called {kind!r}"
    return {"what": what, "accepted": catalog.kinds(family), "found": str(kind or "")}


def _complete_one(parameter: catalog.Parameter, given: Mapping[str, Any], where: str) -> Found:
    value = given.get(parameter.name, parameter.default)
    if value is catalog.REQUIRED:
        what = f"{given['kind']} needs it ({parameter.annotation}), and it is not set"
        return None, [Problem(where=where, what=what)]
    return check(value, parameter.annotation, where=where)


def check(value: Any, annotation: str, *, where: str) -> Found:
    """Return ``value`` in the form of ``annotation``, and what is wrong with it.

    Integers become floats where floats are asked for, arrays become tuples, and nested
    components are completed. The word ``"none"`` is None where None may stand.

    >>> check([48, 63], "tuple[int, int]", where="train.steps")
    ((48, 63), [])
    >>> check(1, "float", where="train.weight")
    (1.0, [])
    >>> print(check("x", "int | None", where="pool.size")[1][0])
    pool.size: expected int | None, found 'x'
    """
    return _check(value, ast.parse(annotation, mode="eval").body, where)


def _check(value: Any, node: ast.expr, where: str) -> Found:
    if isinstance(node, ast.BinOp):
        return _check_union(value, node, where)
    if isinstance(node, ast.Constant):  # None, for which TOML has no word of its own
        is_none = value is None or value == "none"
        return (None, []) if is_none else (value, [_wrong(value, node, where)])
    if isinstance(node, ast.Name):
        return _check_name(value, node, where)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        return _SUBSCRIPTS[node.value.id](value, node, where)
    raise TypeError(f"{where}: the schema cannot read the annotation {ast.unparse(node)}")


def _wrong(
    value: Any, node: ast.expr, where: str, *, accepted: tuple[str, ...] = ()
) -> Problem:
    found = value if isinstance(value, str) else ""
    what = f"expected {ast.unparse(node)}, found {value!r}"
    return Problem(where=where, what=what, accepted=accepted, found=found)


def _check_union(value: Any, node: ast.BinOp, where: str) -> Found:
    options: list[ast.expr] = []
    inner: ast.expr = node
    while isinstance(inner, ast.BinOp):
        options.append(inner.right)
        inner = inner.left
    options.append(inner)
    attempts = [_check(value, option, where) for option in reversed(options)]
    for form, problems in attempts:
        if not problems:
            return form, []
    if isinstance(value, Mapping):  # a nested component: its own problems say more
        return next((one for one in attempts if one[1][0].where != where), attempts[0])
    accepted = next((found[0].accepted for _, found in attempts if found[0].accepted), ())
    return value, [_wrong(value, node, where, accepted=accepted)]


def _check_name(value: Any, node: ast.Name, where: str) -> Found:
    if node.id in _CONTRACTS:
        spec, problems = complete(_CONTRACTS[node.id], value, where=where)
        return {"family": _CONTRACTS[node.id], **spec}, problems
    if node.id == "Any":
        return value, []
    is_bool = isinstance(value, bool)
    fits: bool = isinstance(value, _SCALARS[node.id])
    if not fits or (is_bool and node.id != "bool"):
        return value, [_wrong(value, node, where)]
    return (float(value) if node.id == "float" else value), []


def _check_literal(value: Any, node: ast.Subscript, where: str) -> Found:
    items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    choices = [ast.literal_eval(item) for item in items]
    if any(value == one and type(value) is type(one) for one in choices):
        return value, []
    accepted = tuple(str(one) for one in choices)
    return value, [
        Problem(
            where=where,
            what=f"expected {ast.unparse(node)}, found {value!r}",
            accepted=accepted,
            found=str(value),
        )
    ]


def _check_tuple(value: Any, node: ast.Subscript, where: str) -> Found:
    if not isinstance(value, list | tuple):
        return value, [_wrong(value, node, where)]
    items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if isinstance(items[-1], ast.Constant) and items[-1].value is Ellipsis:
        items = [items[0]] * len(value)
    if len(items) != len(value):
        return value, [_wrong(list(value), node, where)]
    pairs = zip(value, items, strict=True)
    found = [_check(one, item, f"{where}[{i}]") for i, (one, item) in enumerate(pairs)]
    return tuple(form for form, _ in found), [p for _, problems in found for p in problems]


def _check_dict(value: Any, node: ast.Subscript, where: str) -> Found:
    if not isinstance(value, Mapping):
        return value, [_wrong(value, node, where)]
    assert isinstance(node.slice, ast.Tuple)
    kind = node.slice.elts[1]
    found = {name: _check(one, kind, f"{where}.{name}") for name, one in value.items()}
    return {name: form for name, (form, _) in found.items()}, [
        problem for _, problems in found.values() for problem in problems
    ]


_SUBSCRIPTS: Mapping[str, Callable[[Any, ast.Subscript, str], Found]] = {
    "Literal": _check_literal,
    "tuple": _check_tuple,
    "dict": _check_dict,
}
