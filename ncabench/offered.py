"""What ``ncabench list`` answers: the components there are, and whether they keep contracts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ncabench import catalog, outside, pipeline
from ncabench.errors import Problem, SuiteError
from ncabench.outside import Unusable
from ncabench.pipeline import Workspace
from ncabench.plan.specs import used

Named = tuple[str, Mapping[str, Any]]  # a family, and a kind with what is set of it
Rows = list[dict[str, Any]]


def components(which: str | None, space: Workspace) -> Rows:
    """Return components that a suite can name; none is imported.

    Args:
        which: a family, a kind, a suite (its components) or a file (the one in it); None
            for all that is installed.
        space: where a suite's data is.

    Raises:
        SuiteError: there is no such family, kind, suite or file.
    """
    return [_row(family, str(spec["kind"])) for family, spec in _chosen(which, space)]


def troubles() -> list[str]:
    """Return a line on each component of a package that cannot be used."""
    return list(catalog.troubles().values())


def checked(which: str | None, space: Workspace) -> Rows:
    """Return how each component from outside keeps the contract of its family.

    Args:
        which: as for `components`; of a family or a suite those from outside are checked, and
            a kind wherever it is from.
        space: where data is.

    Raises:
        SuiteError: see `components`.
    """
    from ncabench.run import contracts  # with torch

    rows = []
    for family, spec in _chosen(which, space):
        kind = str(spec["kind"])
        row = {name: _row(family, kind)[name] for name in ("family", "kind", "origin")}
        if row["origin"] == catalog.OWN and which != kind:
            continue
        try:
            found = contracts.examine(family, spec, root=space.data_root)
        except SuiteError as error:
            found = [contracts.Check(name="can be used", broken=str(error))]
        row["checks"] = [{"name": one.name, "broken": one.broken} for one in found]
        row["contract"] = family in contracts.CHECKED
        rows.append(row)
    return rows


def told(row: Mapping[str, Any]) -> str:
    """Return a row of `checked` as text."""
    broken = [one for one in row["checks"] if one["broken"]]
    head = f"{row['family']}/{row['kind']} of {row['origin']}: "
    count = len(row["checks"])
    head += f"breaks {len(broken)} of {count} checks" if broken else f"keeps {count} of {count}"
    if not row["contract"]:
        head += f" (of a {row['family']} only the source and the constructor are checked)"
    return "\n".join([head, *(f"  {one['name']}: {one['broken']}" for one in broken)])


def _row(family: str, kind: str) -> dict[str, Any]:
    described = catalog.describe(family, kind)
    return {
        "family": family,
        "kind": kind,
        "origin": described.origin,
        "summary": catalog.first_line(family, kind),
        "parameters": {one.name: repr(one.default) for one in described.parameters},
    }


def _chosen(which: str | None, space: Workspace) -> Iterator[Named]:
    if which is None or which in catalog.FAMILIES:
        for family in [which] if which else catalog.FAMILIES:
            yield from ((family, {"kind": kind}) for kind in catalog.kinds(family))
    elif which.endswith(".toml"):
        planned = pipeline.plan(Path(which), space, preset=None, sets=())
        every = [one for entry in planned.entries for one in used(entry.spec)]
        yield from {repr(one): one for one in map(_as_written, every)}.values()
    elif which.endswith(".py"):
        yield _in_file(Path(which))
    else:
        yield from _called(which)


def _as_written(named: Named) -> Named:
    """Return what a suite would set of a component that a plan has completed."""
    family, spec = named
    return family, {"kind": spec["kind"]} if family == "data" else _bare(spec)


def _bare(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _bare(item) for name, item in value.items() if name != "family"}
    return [_bare(item) for item in value] if isinstance(value, list) else value


def _called(which: str) -> Iterator[Named]:
    found = [family for family in catalog.FAMILIES if which in catalog.kinds(family)]
    if not found:
        accepted = tuple(catalog.FAMILIES)
        what = f"no family or kind {which!r}"
        problem = Problem(where="", what=what, accepted=accepted, found=which)
        wrong = [text for (_, kind), text in catalog.troubles().items() if kind == which]
        raise SuiteError("", [Problem(where="", what=wrong[0]) if wrong else problem])
    yield from ((family, {"kind": which}) for family in found)


def _in_file(path: Path) -> Named:
    try:
        kind = outside.from_file(path)
        return outside.family_of(kind, contracts=catalog.FAMILIES), {"kind": kind}
    except Unusable as error:
        raise SuiteError("", [Problem(where="", what=str(error))]) from error
