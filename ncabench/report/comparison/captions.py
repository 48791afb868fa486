"""The lines over a comparison: what A and B are, where they ran, in what else they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ncabench import catalog
from ncabench.report import captions, heads
from ncabench.report.cells import source
from ncabench.report.comparison.compared import UNDECIDED, Compared, family
from ncabench.report.comparison.differences import differences
from ncabench.report.comparison.pairing import (
    ROLES,
    Context,
    Pairing,
    Side,
    metric_kinds,
    opposites,
    stored,
)
from ncabench.suite.suite import AXES, Suite

MOST = 12  # differences that are listed


def lines(
    first: Side,
    second: Side,
    *,
    suite: Suite,
    pairing: Pairing,
    rows: Sequence[Compared],
    level: float,
) -> tuple[str, ...]:
    """Return what a reader must know before the first number."""
    shared = constants(rows)
    return (
        f"A: {_called(first)}. B: {_called(second)}.",
        *([f"In every row: {_where(shared)}."] if shared else []),
        *_devices(first, second),
        *_substitutes(rows, kinds=metric_kinds(first, second, pairing)),
        *captions.conditions(suite),
        *_besides(first, second, pairing),
        *_trainings(first, second, pairing),
        *_alone(pairing),
        *_unpaired(rows),
        *_statistics(rows, level=level),
    )


def constants(rows: Sequence[Compared]) -> dict[str, str | int]:
    """Return the axes on which every row has the same name."""
    every = [row.where for row in rows]
    return {
        axis: every[0][axis]
        for axis in AXES
        if every and all(axis in one and one[axis] == every[0].get(axis) for one in every)
    }


def _called(side: Side) -> str:
    if not side.where:
        return f"{side.name} ({side.sort})"
    axes = " & ".join(side.where)
    return f"{side.name} ({axes})"


def _where(where: Mapping[str, Any]) -> str:
    return ", ".join(f"{axis} {name}" for axis, name in where.items()) or "the suite"


def _devices(first: Side, second: Side) -> Iterator[str]:
    ours, theirs = _places(first), _places(second)
    if not ours and not theirs:
        return
    if ours == theirs:
        yield f"Measured on: {' and '.join(ours)}."
    else:
        yield (
            f"DEVICES OR ENGINES DIFFER: A on {' and '.join(ours) or 'none'}, "
            f"B on {' and '.join(theirs) or 'none'}. Quality is compared all the same; "
            "time, memory and energy are not."
        )
    sides = (first, second)
    shown = {side.chosen.device_class for side in sides}
    others = sorted({run.device_class for side in sides for run in stored(side)} - shown)
    if others:
        yield f"Also measured, not shown here: {', '.join(others)}."


def _places(side: Side) -> list[str]:
    """Devices and engines of the runs at the side's own grid points, as a reader knows them."""
    entries = [side.entry(role, point) for point in side.points for role in ROLES]
    runs = [side.chosen.run(one.role, one.id) for one in entries if one is not None]
    return sorted({f"{run.device}, engine {run.engine}" for run in runs if run is not None})


def _substitutes(
    rows: Sequence[Compared], *, kinds: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """Say what stands for another metric, by what the runs were asked, not by the suite."""
    shown = {row.value.partition("/")[0] for row in rows}
    for name in kinds:
        known = [kind for kind in kinds[name] if catalog.has("metric", kind)]
        called = [heads.metric_name(kind) for kind in known]
        loud = [text for text in called if "substitute" in text]
        if name in shown and loud:
            yield f"SUBSTITUTE METRIC: {name} is {' and '.join(called)}."


def _besides(first: Side, second: Side, pairing: Pairing) -> list[str]:
    """Axes that nobody named, and on which A and B have different names."""
    named = {*first.where, *second.where, "rng_seed"}
    found = {
        f"{axis} {one.get(axis, 'none')} against {other.get(axis, 'none')}": None
        for context in pairing.contexts
        for one, other in opposites(context)
        for axis in AXES
        if axis not in named and one.get(axis) != other.get(axis)
    }
    return [f"THEY DIFFER BESIDES IN: {'; '.join(found)}."] if found else []


def _trainings(first: Side, second: Side, pairing: Pairing) -> list[str]:
    """What trainings of one grid point ask for differently, where two result sets do."""
    if first.where:
        return []
    found: dict[str, None] = {}
    count = 0
    for context in pairing.contexts:
        for one, other in _evaluations(first, second, context):
            count += one["training_id"] != other["training_id"]
            found |= dict.fromkeys(differences(one["training"], other["training"]))
    if not count:
        return []
    told = "; ".join([*list(found)[:MOST], *([_more(found)] if len(found) > MOST else [])])
    return [f"TRAININGS DIFFER ({count} evaluations): {told or 'in their versions'}."]


def _evaluations(
    first: Side, second: Side, context: Context
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    for one, other in opposites(context):
        ours, theirs = first.entry("evaluation", one), second.entry("evaluation", other)
        if ours is not None and theirs is not None:
            yield ours.spec, theirs.spec


def _more(found: Mapping[str, None]) -> str:
    return f"and {len(found) - MOST} more"


def _alone(pairing: Pairing) -> list[str]:
    return [
        f"Only {name} has: {'; '.join(map(_where, places))}."
        for name, places in (("A", pairing.only_first), ("B", pairing.only_second))
        if places
    ]


def _unpaired(rows: Sequence[Compared]) -> list[str]:
    """Say which rng_seeds have a value of A or of B alone."""
    found: dict[str, set[int]] = {"A": set(), "B": set()}
    for row in rows:
        if row.p_value is not None or row.verdict == UNDECIDED:
            found["A"] |= row.first.values.keys() - row.second.values.keys()
            found["B"] |= row.second.values.keys() - row.first.values.keys()
    listed = {name: ", ".join(map(str, sorted(seeds))) for name, seeds in found.items()}
    return [
        f"Left out, since only {name} has a value: rng_seeds {seeds}."
        for name, seeds in listed.items()
        if seeds
    ]


def _statistics(rows: Sequence[Compared], *, level: float) -> Iterator[str]:
    if not any(source(row.value)[0] == "evaluation" or row.n > 1 for row in rows):
        return
    yield (
        "B - A is paired by rng_seed; n is the number of pairs; beside it the "
        f"{100 * level:g} % t interval of the mean, of each row by itself."
    )
    tested = family(rows)
    if tested:
        counted = "1 row" if tested == 1 else f"{tested} rows"
        yield (
            f"Verdicts hold together at {100 * level:g} % (Holm's correction, {counted} "
            "tested). Needs N: as many rng_seeds would decide, with 80 % chance, if the "
            "difference and its spread stay as they are."
        )
