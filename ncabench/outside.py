"""Components from outside: of installed packages, and of single files beside a suite.

A package names its own in the entry-point group ``ncabench.components``: an entry point
``perception.rings`` with the value ``their.package.rings:Rings`` is the perception ``rings``.
A suite names a file by ``file = "rings.py"`` in place of a kind; its kind is then
``rings@DIGEST``, so that what a record calls it says which text it was, wherever the file is.

Nothing here imports a component; their sources are read as text.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata, util
from pathlib import Path
from typing import Any

from ncabench.errors import RecordError

GROUP = "ncabench.components"
DIGITS = 12
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_texts: dict[str, Outside] = {}  # by kind; a kind names its text, so none is ever replaced


class Unusable(Exception):
    """A component from outside cannot be used; the message says which, and why."""


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A component that is not in this package.

    Attributes:
        kind: what suites call it, or ``NAME@DIGEST`` for a file.
        module: what to import, or how the file's module is called.
        name: the class, or None for the only public one.
        path: its source file.
        text: the source.
        origin: where it is from, for a reader.
        is_file: it is a single file, named by a suite.
        trusted: it may be imported; what only a record holds may not.
    """

    kind: str
    module: str
    name: str | None
    path: Path
    text: str
    origin: str
    is_file: bool = False
    trusted: bool = True

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what decides its numbers: its syntax tree, and its own package's."""
        if self.is_file:
            return digest(self.text)
        trees = {name: digest(text) for name, text in _reached(self.module, self.text)}
        return hashlib.sha256(repr(sorted(trees.items())).encode()).hexdigest()

    def recorded(self) -> dict[str, str]:
        """Return what a spec holds of it; `identity` counts its digest alone."""
        found = {"from": self.origin, "sha256": self.digest, "source": self.text}
        return found | ({"file": str(self.path.absolute())} if self.is_file else {})


def digest(source: str) -> str:
    """Return the SHA-256 of a source's syntax tree without docstrings.

    >>> digest("x = 1  # one") == digest("x = 1")
    True
    >>> digest("x = 1") == digest("x = 2")
    False
    """
    return digest_of(ast.parse(source))


def digest_of(tree: ast.Module) -> str:
    """Return the SHA-256 of a syntax tree, which loses its docstrings."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            del body[0]
    return hashlib.sha256(_dumped(tree).encode()).hexdigest()


def _dumped(tree: ast.Module) -> str:
    """Return a tree as Python 3.12 writes it, whichever Python this is.

    So a record that was made with another Python does not look stale. Before 3.12 functions
    and classes have no ``type_params``; since 3.13 empty lists are left out unless asked for.
    """
    if sys.version_info >= (3, 13):
        return ast.dump(tree, show_empty=True)
    for node in ast.walk(tree):
        if isinstance(node, _NAMED) and "type_params" not in node._fields:
            vars(node).update(_fields=(*node._fields, "type_params"), type_params=[])
    return ast.dump(tree)


def from_file(path: Path) -> str:
    """Make the component of a file known, and return its kind, ``NAME@DIGEST``.

    Raises:
        Unusable: it cannot be read, is no Python, or its name is no name of a component.
    """
    if not path.stem.isidentifier() or path.stem.startswith("_"):
        raise Unusable(f"{path}: its name must be letters, digits and _, not begin with _")
    text = _read(path)
    try:
        kind = f"{path.stem}@{digest(text)[:DIGITS]}"
    except SyntaxError as error:
        raise Unusable(f"{path}: is no Python ({error.msg}, line {error.lineno})") from error
    _know(kind, text=text, path=path, trusted=True)
    return kind


def from_spec(spec: Mapping[str, Any], *, trusted: bool) -> None:
    """Make the files known that a spec was made with, from the sources that it holds.

    Args:
        spec: of a training, an evaluation or a profile.
        trusted: the spec was made here, so that its sources may be imported. Those of a
            record that came from elsewhere are read, and imported only where the same file
            is here as well.
    """
    for one in behind(spec):
        for name, found in one.get("outside", {}).items():
            if "file" in found:
                path, kind = Path(found["file"]), name.partition("/")[2]
                if _is_of(kind, found["source"]):
                    here = trusted or _is_same(path, kind)
                    _know(kind, text=found["source"], path=path, trusted=here)


def refuse_absent(spec: Mapping[str, Any], *, role: str, id: str) -> None:
    """Make the files known that a record was made with, and refuse one that is not here.

    Raises:
        RecordError: a file is not here, or is not what it was; what a record holds of it is
            evidence, and is never run.
    """
    from_spec(spec, trusted=False)
    for one in behind(spec):
        for name, found in one.get("outside", {}).items():
            known = _texts.get(name.partition("/")[2])
            if "file" in found and (known is None or not known.trusted):
                raise RecordError(
                    f"{role} {id}: was made with {found['file']}, which is not here, or is not "
                    "what it was; its text is in the record, under spec.outside"
                )


def behind(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a spec, and those of the trainings that it is of or takes part of.

    >>> spec = {"id": "a", "training": {"id": "b", "donor": {"id": "c"}}}
    >>> [one["id"] for one in behind(spec)]
    ['a', 'b', 'c']
    """
    yield spec
    for name in ("training", "donor"):
        if name in spec:
            yield from behind(spec[name])


def file_called(kind: str) -> Outside | None:
    """Return the component of a file that is known, or None."""
    return _texts.get(kind)


def family_of(kind: str, *, contracts: Mapping[str, str]) -> str:
    """Return the family of a file's component: that whose contract its class derives from.

    Args:
        kind: the file's.
        contracts: family to the name of its contract class.

    Raises:
        Unusable: no public class of the file derives from one directly.
    """
    known = _texts[kind]
    classes = [one for one in ast.parse(known.text).body if isinstance(one, ast.ClassDef)]
    bases = {ast.unparse(base).rpartition(".")[2] for one in classes for base in one.bases}
    found = [family for family, contract in contracts.items() if contract in bases]
    if len(found) != 1:
        names = ", ".join(contracts.values())
        raise Unusable(f"{known.path}: its class must derive from one of {names}")
    return found[0]


@dataclass(frozen=True, kw_only=True)
class Installed:
    """What installed packages offer.

    Attributes:
        found: components by family and kind.
        troubles: what cannot be used, and why, by family and kind.
    """

    found: Mapping[tuple[str, str], Outside]
    troubles: Mapping[tuple[str, str], str]


def installed(own: Mapping[str, frozenset[str]]) -> Installed:
    """Return what installed packages offer, and what of it cannot be used.

    Args:
        own: the kinds of ncabench's own components, by family; none may be shadowed.
    """
    found: dict[tuple[str, str], Outside] = {}
    troubles: dict[tuple[str, str], str] = {}
    for point in metadata.entry_points(group=GROUP):
        family, _, kind = point.name.partition(".")
        key, origin = (family, kind), _package(point)
        try:
            _check(point, own)
            if key in found or key in troubles:
                raise Unusable("several packages have one of this name; uninstall all but one")
            found[key] = Outside(
                kind=kind,
                module=point.module,
                name=point.attr or None,
                path=_source(point.module),
                text=_read(_source(point.module)),
                origin=origin,
            )
            ast.parse(found[key].text)
        except (Unusable, SyntaxError, ValueError) as error:
            found.pop(key, None)
            troubles[key] = f"{point.name} of {origin} cannot be used: {error}"
    return Installed(found=found, troubles=troubles)


def _check(point: metadata.EntryPoint, own: Mapping[str, frozenset[str]]) -> None:
    family, _, kind = point.name.partition(".")
    if family not in own or not kind.isidentifier():
        what = "its name must be FAMILY.KIND, such as perception.rings; families are "
        raise Unusable(what + ", ".join(own))
    if kind in own[family]:
        raise Unusable(f"ncabench has a {family} of this name")


def _package(point: metadata.EntryPoint) -> str:
    about = point.dist
    return f"{about.name} {about.version}" if about is not None else point.module


def _source(module: str) -> Path:
    """Find a module's file; no package of it is imported."""
    top, *rest = module.split(".")
    spec = util.find_spec(top)
    if spec is None:
        raise Unusable(f"there is no module {top!r}")
    if not rest and spec.origin is not None:
        return Path(spec.origin)
    for folder in spec.submodule_search_locations or ():
        path = Path(folder).joinpath(*rest)
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return file
    raise Unusable(f"there is no module {module!r}")


def _reached(module: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield a module and what it imports of its own package, with their sources."""
    waiting, seen = [(module, text)], {module}
    while waiting:
        name, text = waiting.pop()
        yield name, text
        for other in sorted(set(_imported(name, text)) - seen):
            try:
                waiting.append((other, _read(_source(other))))
            except Unusable:  # a name in a module, not a module
                continue
            seen.add(other)


def _imported(module: str, text: str) -> Iterator[str]:
    """Yield the names that may be modules of the same package."""
    top = module.partition(".")[0]
    is_package = _source(module).stem == "__init__"
    for node in ast.walk(ast.parse(text)):
        names = [one.name for one in node.names] if isinstance(node, _IMPORTS) else []
        if isinstance(node, ast.ImportFrom):
            parts = module.split(".")
            above = parts[: len(parts) - node.level + is_package] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [base, *(f"{base}.{name}" for name in names)]
        yield from (name for name in names if name.partition(".")[0] == top)


_IMPORTS = (ast.Import, ast.ImportFrom)


def _know(kind: str, *, text: str, path: Path, trusted: bool) -> None:
    old = _texts.get(kind)
    if old is None or (trusted and not old.trusted):
        name = kind.replace("@", "_")
        _texts[kind] = Outside(
            kind=kind,
            module=f"ncabench_file_{name}",
            name=None,
            path=path,
            text=text,
            origin=path.name,
            is_file=True,
            trusted=trusted,
        )


def _is_same(path: Path, kind: str) -> bool:
    try:
        return _is_of(kind, _read(path))
    except Unusable:
        return False


def _is_of(kind: str, text: str) -> bool:
    """Whether a text is the one that a kind names."""
    try:
        return digest(text)[:DIGITS] == kind.partition("@")[2]
    except SyntaxError:
        return False


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Unusable(f"{path}: is not a text file in UTF-8") from error
    except OSError as error:
        raise Unusable(f"{path}: cannot be read: {error.strerror or error}") from error


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
