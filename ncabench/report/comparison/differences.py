"""What two specs ask for differently, and whether their values can stand side by side."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from ncabench import catalog
from ncabench.report.cells import source

Spec = Mapping[str, Any]
_MEASURING = ("protocol", "perturbation")  # of an evaluation, besides the value's own metric
_ABOUT = ("task", "data")  # what is solved: other targets give other values


def differences(first: Any, second: Any, *, at: str = "") -> list[str]:
    """Return each key at which two specs differ, as ``"path: first against second"``.

    Where a component is of another kind, its parameters are not listed.

    >>> differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}})
    ['a.c: 2 against 3']
    >>> differences({"kind": "adam", "rate": 1}, {"kind": "adamw", "decay": 1})
    ['kind: adam against adamw']
    """
    if first == second:
        return []
    if not (isinstance(first, Mapping) and isinstance(second, Mapping)):
        return [f"{at}: {_text(first)} against {_text(second)}"]
    names = [*first, *(name for name in second if name not in first)]
    if first.get("kind") != second.get("kind"):
        names = ["kind"]
    return [
        line
        for name in names
        for line in differences(
            first.get(name), second.get(name), at=f"{at}.{name}" if at else name
        )
    ]


def obstacles(
    first: Spec, second: Spec, *, value: str, compared: Collection[str] = ()
) -> list[str]:
    """Return in what two entries measure a value differently; none if by the same protocol.

    Args:
        first: an entry's spec.
        second: another's, of the same role.
        value: named as a table's column names it.
        compared: axes that the user compares, which may therefore differ.
    """
    role, name = source(value)
    if name == "parameters":
        return []
    found = [] if "task" in compared else _solved(first, second)
    if role == "evaluation":
        names = [one for one in _MEASURING if one not in compared]
        metrics = [spec["metrics"].get(name.partition("/")[0]) for spec in (first, second)]
        found += _of(first, second, names=[*names, "rng_seed"])
        found += differences(*metrics, at=f"metric.{name.partition('/')[0]}")
        found += _versions(first, second, metrics=metrics)
    if role == "profile":
        found += _of(first, second, names=["profile", "execution"])
    return found


def _solved(first: Spec, second: Spec) -> list[str]:
    """In what the tasks differ; data of one digest is the same wherever it lies."""
    ours, theirs = (dict(spec.get("training", spec)) for spec in (first, second))
    digests = [(one.get("data") or {}).get("digest") for one in (ours, theirs)]
    if digests[0] is not None and digests[0] == digests[1]:
        for one in (ours, theirs):
            reads = catalog.describe("task", one["task"]["kind"]).attributes["reads"][1]
            one["task"] = {name: value for name, value in one["task"].items() if name != reads}
        return _of(ours, theirs, names=["task"])
    return _of(ours, theirs, names=_ABOUT)


def _of(first: Spec, second: Spec, *, names: Collection[str]) -> list[str]:
    return [
        line
        for name in names
        for line in differences(first.get(name), second.get(name), at=name)
    ]


def _versions(first: Spec, second: Spec, *, metrics: list[Any]) -> list[str]:
    """Versions of what measures; a component that only one has shows elsewhere."""
    kinds = {f"metric/{metric['kind']}" for metric in metrics if metric}
    parts = {one: (first.get(one) or {}).get("kind") for one in _MEASURING}
    measuring = {*kinds, *(f"{family}/{kind}" for family, kind in parts.items())}
    ours, theirs = (
        {name: version for name, version in spec["versions"].items() if name in measuring}
        for spec in (first, second)
    )
    shared = sorted(ours.keys() & theirs.keys())
    return [
        f"version of {name}: {ours[name]} against {theirs[name]}"
        for name in shared
        if ours[name] != theirs[name]
    ]


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, Mapping) and "kind" in value:
        return str(value["kind"])
    return value if isinstance(value, str) else json.dumps(value)
