"""Selects entries by words, as ``-k`` does: ``"conv3x3 and not mutation"``."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from ncabench.errors import Problem, SuiteError
from ncabench.plan.entry import Entry

_ALLOWED = (
    ast.Expression,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.UnaryOp,
    ast.Not,
    ast.Name,
    ast.Load,
)


def select(entries: Sequence[Entry], expression: str) -> list[Entry]:
    """Return the entries that ``expression`` selects, and the trainings that those need.

    A word matches an entry when it is part of one of its names (of its model, perception,
    task, perturbation, recipe, role), or its id's beginning. ``and``, ``or``, ``not`` and
    parentheses combine words; ``rng_seed_0`` means the number 0.

    Raises:
        SuiteError: the expression cannot be read, or selects nothing.
    """
    tree = _parse(expression)
    chosen = [one for one in entries if _holds(tree.body, _words(one))]
    if not chosen:
        names = sorted({word for one in entries for word in _words(one) if word != one.id})
        raise SuiteError(
            "",
            [
                Problem(
                    where="-k", what=f"{expression!r} selects nothing", accepted=tuple(names)
                )
            ],
        )
    needed = {one.id for one in chosen} | {one.needs for one in chosen}
    return [one for one in entries if one.id in needed]


def _words(entry: Entry) -> set[str]:
    words = {entry.role, entry.id}
    for labels in entry.labels:
        for axis, value in labels.items():
            words.add(f"{axis}_{value}" if isinstance(value, int) else str(value))
    return words


def _parse(expression: str) -> ast.Expression:
    readable = expression.replace("-", "_")
    try:
        tree = ast.parse(readable, mode="eval")
    except SyntaxError:
        tree = None
    if tree is None or not all(isinstance(node, _ALLOWED) for node in ast.walk(tree)):
        what = f"cannot read {expression!r}; write words joined by and, or, not and parentheses"
        raise SuiteError("", [Problem(where="-k", what=what)])
    return tree


def _holds(node: ast.expr, words: Iterable[str]) -> bool:
    if isinstance(node, ast.Name):
        return any(node.id in word.replace("-", "_") for word in words)
    if isinstance(node, ast.UnaryOp):
        return not _holds(node.operand, words)
    assert isinstance(node, ast.BoolOp)
    results = [_holds(value, words) for value in node.values]
    return all(results) if isinstance(node.op, ast.And) else any(results)
