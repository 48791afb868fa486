"""Digests of the source files that decide an entry's numbers.

They are recorded beside a result and compared later, not hashed into an id: an edit of a
comment or a docstring changes none, and an edit of code makes a result stale, not another.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ncabench import catalog
from ncabench.outside import Outside, digest_of
from ncabench.outside import behind as behind  # for the report as well
from ncabench.plan.entry import Entry

SCIENCE = "ncabench.nca"
ALWAYS = ("ncabench.nca.weights", "ncabench.nca.rollout", "ncabench.nca.state")
PLAIN = "eager"
_PACKAGE = Path(__file__).parents[1]


def digests(spec: Mapping[str, Any], *, engine: str = PLAIN) -> dict[str, str]:
    """Return the SHA-256 of each source file that a spec's numbers depend on, by its path.

    These are the files of its components and what they import of ``ncabench.nca``,
    transitively; a component from outside counts with its own package or file. An
    evaluation's training is included, so are donors, and so are engines other than plain
    PyTorch: the one that runs it, and those that a profile measures.
    """
    named = {name for one in behind(spec) for name in one["versions"]}
    engines = {engine, *spec.get("profile", {}).get("engines", ())}
    return dict(_digests(tuple(sorted(named)), tuple(sorted(engines))))


@cache
def _digests(named: tuple[str, ...], engines: tuple[str, ...]) -> dict[str, str]:
    """The digests of components by their names, ``family/kind``."""
    found, modules = {}, [*ALWAYS, *(path for one in engines for path in _of_engine(one))]
    for name in named:
        family, _, kind = name.partition("/")
        there = catalog.from_outside(family, kind)
        if there is None:
            modules.append(f"{SCIENCE}.{family}.{kind}")
        else:
            found[f"{family}/{kind} of {there.origin}"] = there.digest
            modules += _imports_of(there)
    reached: set[str] = set()
    waiting = modules
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting += _read(module)[1]
    return found | {_relative(module): _read(module)[0] for module in sorted(reached)}


def _of_engine(engine: str) -> list[str]:
    module = f"{SCIENCE}.engine.{engine}"
    return [module] if engine != PLAIN and _own_file(module) is not None else []


def stale(entry: Entry, recorded: Mapping[str, str], *, engine: str = PLAIN) -> list[str]:
    """Return the files whose code is not what it was when ``recorded`` was, sorted."""
    return changed(entry.spec, recorded, engine=engine)


def changed(
    spec: Mapping[str, Any], recorded: Mapping[str, str], *, engine: str = PLAIN
) -> list[str]:
    """Return the same of a spec."""
    now = digests(spec, engine=engine)
    return sorted(path for path in {*now, *recorded} if now.get(path) != recorded.get(path))


def _imports_of(there: Outside) -> list[str]:
    return sorted(set(_imports(ast.parse(there.text))))


@cache
def _read(module: str) -> tuple[str, tuple[str, ...]]:
    """The digest of a module, and the modules of the science that it imports."""
    tree = ast.parse(_file(module).read_text(encoding="utf-8"))
    imported = tuple(sorted(set(_imports(tree))))
    return digest_of(tree), imported


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
    path = _own_file(module)
    if path is None:
        raise ImportError(f"no module {module!r}")
    return path


def _relative(module: str) -> str:
    return _file(module).relative_to(_PACKAGE).as_posix()
