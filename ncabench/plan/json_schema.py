"""A JSON Schema of the suite format, for editors."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any

from ncabench import catalog
from ncabench.suite.document import KEYS
from ncabench.suite.figure import Figure, FigureLine, FigurePanel
from ncabench.suite.suite import (
    AXES,
    FAMILIES,
    Claim,
    Column,
    Deviation,
    Dimension,
    Execution,
    Expect,
    Graft,
    Profile,
    Row,
    Table,
    Tune,
)

Schema = dict[str, Any]
_FILE: Schema = {
    "description": "The component of a file beside the suite, and what is set of it.",
    "properties": {"file": {"type": "string", "pattern": r"\.py$"}, "kind": False},
    "required": ["file"],
}
_SCALARS = {"int": "integer", "float": "number", "str": "string", "bool": "boolean"}
_CONTRACTS = {contract: family for family, contract in catalog.FAMILIES.items()}
_PLURALS = {  # a field that holds sections, and its key
    "rows": "row",
    "columns": "column",
    "lines": "line",
    "panels": "panel",
}


def json_schema() -> Schema:
    """Return the schema of a suite, draft 2020-12, with every kind and parameter there is."""
    families = {family: _component(family) for family in catalog.FAMILIES}
    overlay: Schema = {"type": "object"}
    sections: Schema = {
        "title": {"type": "string"},
        "paper": {"type": "string"},
        "default_preset": {"type": "string"},
        "grid": _axes(),
        "include": {"type": "array", "items": _axes()},
        "exclude": {"type": "array", "items": _axes()},
        **{family: _named(_ref(family)) for family in FAMILIES},
        "train": overlay,
        "recipe": _named(overlay),
        "execution": _section(Execution),
        "profile": _section(Profile),
        "profile_at": {"type": "array", "items": _profile_at()},
        "preset": _named({"type": "object", "propertyNames": {"enum": list(KEYS)}}),
        "table": {"type": "array", "items": _section(Table, rows=Row, columns=Column)},
        "figure": {
            "type": "array",
            "items": _section(Figure, lines=FigureLine, panels=FigurePanel),
        },
        "claim": {"type": "array", "items": _section(Claim)},
        "deviation": {"type": "array", "items": _section(Deviation)},
        "expect": {"type": "array", "items": _section(Expect)},
        "graft": {"type": "array", "items": _section(Graft)},
        "tune": _tune(),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A suite of ncabench",
        "type": "object",
        "required": ["title"],
        "additionalProperties": False,
        "properties": sections,
        "$defs": families,
    }


def _ref(family: str) -> Schema:
    return {"$ref": f"#/$defs/{family}"}


def _named(inner: Schema) -> Schema:
    return {"type": "object", "additionalProperties": inner}


def _axes() -> Schema:
    names: Schema = {"anyOf": [{"type": "string"}, _array({"type": "string"})]}
    numbers: Schema = {"anyOf": [{"type": "integer"}, _array({"type": "integer"})]}
    axes = {axis: numbers if axis == "rng_seed" else names for axis in AXES}
    return {"type": "object", "additionalProperties": False, "properties": axes}


def _array(items: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": items}


def _component(family: str) -> Schema:
    return {
        "type": "object",
        "oneOf": [*(_kind(family, kind) for kind in catalog.kinds(family)), _FILE],
    }


def _kind(family: str, kind: str) -> Schema:
    described = catalog.describe(family, kind)
    return {
        "description": described.summary,
        "properties": {
            "kind": {"const": kind},
            **{one.name: of_annotation(one.annotation) for one in described.parameters},
        },
        "required": [
            "kind",
            *(one.name for one in described.parameters if one.default is catalog.REQUIRED),
        ],
        "additionalProperties": False,
    }


def _profile_at() -> Schema:
    where = of_annotation("dict[str, str | int]")
    profile = _section(Profile)
    return {
        **profile,
        "required": ["where"],
        "properties": {"where": where, **profile["properties"]},
    }


def _tune() -> Schema:
    section = _section(Tune)
    properties = {**section["properties"], "space": _named(_section(Dimension))}
    return {**section, "properties": properties}


def _section(section: type[Any], **nested: type[Any]) -> Schema:
    keys = {
        _PLURALS.get(one.name, one.name) if one.name in nested else one.name: one
        for one in fields(section)
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [
            key
            for key, one in keys.items()
            if one.default is MISSING and one.default_factory is MISSING
        ],
        "properties": {
            key: _array(_section(nested[one.name]))
            if one.name in nested
            else of_annotation(str(one.type))
            for key, one in keys.items()
        },
    }


def of_annotation(annotation: str) -> Schema:
    """Return the schema of a parameter's annotation.

    >>> of_annotation("tuple[int, int]")["prefixItems"]
    [{'type': 'integer'}, {'type': 'integer'}]
    >>> of_annotation("float | None")
    {'anyOf': [{'type': 'number'}, {'const': 'none'}]}
    """
    return _of(ast.parse(annotation, mode="eval").body)


def _of(node: ast.expr) -> Schema:
    if isinstance(node, ast.BinOp):
        left = _of(node.left)
        options = left.get("anyOf", [left])
        return {"anyOf": [*options, _of(node.right)]}
    if isinstance(node, ast.Constant):
        return {"const": "none"}
    if isinstance(node, ast.Name):
        if node.id in _CONTRACTS:
            return _ref(_CONTRACTS[node.id])
        return {"type": _SCALARS[node.id]} if node.id in _SCALARS else {}
    assert isinstance(node, ast.Subscript)
    assert isinstance(node.value, ast.Name)
    items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return _SUBSCRIPTS[node.value.id](items)


def _literal(items: list[ast.expr]) -> Schema:
    return {"enum": [ast.literal_eval(item) for item in items]}


def _tuple(items: list[ast.expr]) -> Schema:
    if isinstance(items[-1], ast.Constant) and items[-1].value is Ellipsis:
        return {"type": "array", "items": _of(items[0])}
    inner = [_of(item) for item in items]
    return {"type": "array", "prefixItems": inner, "minItems": len(inner), "items": False}


def _dict(items: list[ast.expr]) -> Schema:
    return {"type": "object", "additionalProperties": _of(items[1])}


_SUBSCRIPTS: dict[str, Callable[[list[ast.expr]], Schema]] = {
    "Literal": _literal,
    "tuple": _tuple,
    "dict": _dict,
}
