"""Checks the components and recipes that a suite defines, each by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ncabench import catalog, relation, schema
from ncabench.errors import Problem
from ncabench.suite.overlay import merge
from ncabench.suite.suite import FAMILIES

Raw = Mapping[str, Any]


def parse_components(document: Raw) -> tuple[dict[str, dict[str, Raw]], list[Problem]]:
    """Return family to name to table, and what is wrong with each table by itself."""
    components: dict[str, dict[str, Raw]] = {family: {} for family in FAMILIES}
    problems: list[Problem] = []
    for family in FAMILIES:
        named, wrong = tables_of(document.get(family, {}), where=family)
        components[family] = named
        problems += wrong
        for name, table in named.items():
            problems += schema.complete(family, table, where=f"{family}.{name}")[1]
    return components, problems


def tables_of(raw: Any, *, where: str) -> tuple[dict[str, Raw], list[Problem]]:
    """Return the named tables of a section, and a problem for each that is none."""
    if not isinstance(raw, Mapping):
        return {}, [Problem(where=where, what=f"expected tables [{where}.NAME], found {raw!r}")]
    problems = [
        Problem(
            where=f"{where}.{name}", what=f"expected a table [{where}.NAME], found {value!r}"
        )
        for name, value in raw.items()
        if not isinstance(value, Mapping)
    ]
    problems += [problem for name in raw for problem in _name_problems(name, where=where)]
    return {name: value for name, value in raw.items() if isinstance(value, Mapping)}, problems


def _name_problems(name: str, *, where: str) -> list[Problem]:
    """MLflow's metrics and a claim's relation are made of names, so not every text is one."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
        what = f"a name is made of letters, digits and _ . -, found {name!r}"
        return [Problem(where=f"{where}.{name}", what=what)]
    if name in relation.RESERVED:
        what = f"{name!r} is a word of relations between names, and none itself"
        return [Problem(where=f"{where}.{name}", what=what)]
    return []


def recipe(train: Raw, overlay: Raw | None) -> Raw:
    """Return a recipe's whole table: laid over ``train``, or alone where it has a kind.

    >>> recipe({"batch": 18}, {"clip_norm": 1.0}), recipe({"batch": 18}, {"kind": "one_pass"})
    ({'batch': 18, 'clip_norm': 1.0}, {'kind': 'one_pass'})
    """
    if overlay is None or "kind" in overlay:
        return train if overlay is None else overlay
    return merge(train, overlay)


def train_problems(
    train: Raw, recipes: Mapping[str, Raw], *, models: Mapping[str, Raw], alone: bool
) -> list[Problem]:
    """Return what is wrong with `[train]` and with each recipe laid over it.

    Args:
        train: the table `[train]`.
        recipes: name to overlay.
        models: the suite's models; a table without a kind is checked as the recipe of
            whichever of them it fits best.
        alone: some grid point names no recipe, so `[train]` must be whole by itself.
    """
    problems: list[Problem] = []
    if train or not recipes:
        found = _problems_of(train, where="train", models=models)
        problems += [one for one in found if alone or not one.what.endswith("it is not set")]
    for name, overlay in recipes.items():
        whole, where = recipe(train, overlay), f"recipe.{name}"
        for one in _problems_of(whole, where=where, models=models):
            key = one.where.removeprefix(f"{where}.").split(".")[0].split("[")[0]
            if key in overlay or key not in whole:  # else it is `[train]`'s own problem
                problems.append(one)
    return problems


def _problems_of(table: Raw, *, where: str, models: Mapping[str, Raw]) -> list[Problem]:
    kinds = [table["kind"]] if "kind" in table else _trainers(models)
    attempts = [
        schema.complete("trainer", {**table, "kind": kind}, where=where)[1] for kind in kinds
    ]
    return min(attempts, key=len, default=[])


def _trainers(models: Mapping[str, Raw]) -> list[str]:
    first: dict[str, None] = {}
    for table in models.values():
        kind = table.get("kind")
        if isinstance(kind, str) and catalog.has("model", kind):
            first |= dict.fromkeys(catalog.describe("model", kind).attributes["trainers"][:1])
    return [kind for kind in first if catalog.has("trainer", kind)]
