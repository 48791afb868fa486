"""Selects entries by words, as ``-k`` does: ``"conv3x3 and not mutation"``."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence

from ncabench.errors import Problem, SuiteError
from ncabench.plan.entry import Entry, with_behind

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
_WORD = re.compile(r"[\w-]+")


def select(entries: Sequence[Entry], expression: str) -> list[Entry]:
    """Return the entries that ``expression`` selects, and the trainings that those need.

    A word matches an entry when it is part of one of its names (of its model, perception,
    task, perturbation, recipe, role), or its id's beginning. ``and``, ``or``, ``not`` and
    parentheses combine words; ``rng_seed_0`` means the number 0 alone.

    Raises:
        SuiteError: the expression cannot be read, or selects nothing.
    """
    tree, words = _parse(expression)
    chosen = [one for one in entries if _holds(tree.body, _matcher(one, words))]
    if not chosen:
        raise SuiteError("", [_nothing(entries, expression, words)])
    needed = with_behind(chosen, entries)
    return [one for one in entries if one.id in needed]


def _parse(expression: str) -> tuple[ast.Expression, Mapping[str, str]]:
    """The tree of an expression, and its words by the names that stand for them in the tree.

    An id may begin with a digit, and a name hold a dash, so neither is a name in Python.
    """
    words: dict[str, str] = {}

    def stand_in(found: re.Match[str]) -> str:
        if found[0] in ("and", "or", "not"):
            return found[0]
        words[f"w{len(words)}"] = found[0]
        return f"w{len(words) - 1}"

    try:
        tree = ast.parse(_WORD.sub(stand_in, expression).strip(), mode="eval")
    except (SyntaxError, ValueError):
        tree = None
    if tree is None or not all(isinstance(node, _ALLOWED) for node in ast.walk(tree)):
        what = f"cannot read {expression!r}; write words joined by and, or, not and parentheses"
        raise SuiteError("", [Problem(where="-k", what=what)])
    return tree, words


def _matcher(entry: Entry, words: Mapping[str, str]) -> Callable[[str], bool]:
    """Return what tells whether a name of the tree matches the entry."""
    names, numbers = _names(entry)

    def matches(name: str) -> bool:
        word = words[name]
        return entry.id.startswith(word) or word in numbers or any(word in one for one in names)

    return matches


def _names(entry: Entry) -> tuple[set[str], set[str]]:
    names, numbers = {str(entry.role)}, set()
    for labels in entry.labels:
        for axis, value in labels.items():
            if isinstance(value, int):
                numbers.add(f"{axis}_{value}")
            else:
                names.add(value)
    return names, numbers


def _holds(node: ast.expr, matches: Callable[[str], bool]) -> bool:
    if isinstance(node, ast.Name):
        return matches(node.id)
    if isinstance(node, ast.UnaryOp):
        return not _holds(node.operand, matches)
    assert isinstance(node, ast.BoolOp)
    results = [_holds(value, matches) for value in node.values]
    return all(results) if isinstance(node.op, ast.And) else any(results)


def _nothing(entries: Sequence[Entry], expression: str, words: Mapping[str, str]) -> Problem:
    accepted = {name for one in entries for names in _names(one) for name in names}
    unknown = [
        word
        for name, word in words.items()
        if not any(_matcher(one, words)(name) for one in entries)
    ]
    return Problem(
        where="-k",
        what=f"{expression!r} selects nothing",
        accepted=tuple(accepted),
        found=unknown[0] if unknown else "",
    )
