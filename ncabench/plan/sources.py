"""Digests of the source files that decide an entry's numbers.

They are recorded beside a result and compared later, not hashed into an id: an edit of a
comment or a docstring changes none, and an edit of code makes a result stale, not another.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ncabench import catalog
from ncabench.plan.entry import Entry
from ncabench.plan.specs import components

SCIENCE = "ncabench.nca"
ALWAYS = ("ncabench.nca.weights", "ncabench.nca.rollout", "ncabench.nca.state")
PLAIN = "eager"
_PACKAGE = Path(__file__).parents[1]


def digests(spec: Mapping[str, Any], *, engine: str = PLAIN) -> dict[str, str]:
    """Return the SHA-256 of each source file that a spec's numbers depend on, by its path.

    These are the files of its components and what they import of ``ncabench.nca``,
    transitively; a plugin counts with its own module. An evaluation's training is included,
    so are donors, and so is an engine other than plain PyTorch.
    """
    used = list(_used(spec))
    modules = {catalog.describe(family, kind).module for family, kind in used}
    reached: set[str] = set()
    waiting = [*modules, *ALWAYS, *_of_engine(engine)]
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting += _read(module)[1]
    return {_relative(module): _read(module)[0] for module in sorted(reached)}


def _used(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (family, kind) of every component of a spec and of the trainings behind it."""
    yield from components(spec)
    for name in ("training", "donor"):
        if name in spec:
            yield from _used(spec[name])


def _of_engine(engine: str) -> list[str]:
    module = f"{SCIENCE}.engine.{engine}"
    return [module] if engine != PLAIN and _own_file(module) is not None else []


def stale(entry: Entry, recorded: Mapping[str, str], *, engine: str = PLAIN) -> list[str]:
    """Return the files whose code is not what it was when ``recorded`` was, sorted."""
    now = digests(entry.spec, engine=engine)
    return sorted(path for path in {*now, *recorded} if now.get(path) != recorded.get(path))


def digest(source: str) -> str:
    """Return the SHA-256 of a source's syntax tree without docstrings.

    >>> digest("x = 1  # one") == digest("x = 1")
    True
    >>> digest("x = 1") == digest("x = 2")
    False
    """
    return _digest(ast.parse(source))


def _digest(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            del body[0]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


@cache
def _read(module: str) -> tuple[str, tuple[str, ...]]:
    """The digest of a module, and the modules of the science that it imports."""
    tree = ast.parse(_file(module).read_text(encoding="utf-8"))
    imported = tuple(sorted(set(_imports(tree))))
    return _digest(tree), imported


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name.startswith(f"{SCIENCE}."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(SCIENCE):
            yield str(node.module)
            for one in node.names:
                if _own_file(f"{node.module}.{one.name}") is not None:
                    yield f"{node.module}.{one.name}"


def _own_file(module: str) -> Path | None:
    path = _PACKAGE.joinpath(*module.split(".")[1:])
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((one for one in files if one.is_file()), None)


def _file(module: str) -> Path:
    if module.startswith(f"{SCIENCE}"):
        own = _own_file(module)
        if own is not None:
            return own
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ImportError(f"no module {module!r}")
    return Path(spec.origin)


def _relative(module: str) -> str:
    path = _file(module)
    if path.is_relative_to(_PACKAGE):
        return path.relative_to(_PACKAGE).as_posix()
    return module.replace(".", "/") + ".py"
