"""A against B, value by value: differences paired by rng_seed, intervals, verdicts."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ncabench.report.cells import UNDEFINED, source
from ncabench.report.comparison.compared import (
    NOT_COMPARABLE,
    UNDECIDED,
    Better,
    Compared,
    Readings,
)
from ncabench.report.comparison.differences import obstacles
from ncabench.report.comparison.judging import REFERENCE, direction, judged
from ncabench.report.comparison.pairing import (
    ROLES,
    Context,
    Pairing,
    Point,
    Reading,
    Side,
    metric_kinds,
    opposites,
)
from ncabench.stats.interval import whole_line
from ncabench.stats.pairs import Paired, paired
from ncabench.suite.suite import Suite


def compared(
    first: Side,
    second: Side,
    *,
    pairing: Pairing,
    values: Sequence[str],
    suite: Suite,
    level: float = 0.95,
) -> tuple[Compared, ...]:
    """Return a row for each context and value of which A or B has anything.

    All rows that are tested are one family: `holm` keeps the chance that any of their
    verdicts names a difference where there is none at ``1 - level``.
    """
    kinds = metric_kinds(first, second, pairing)
    better = {
        value: direction(suite, value, kinds=kinds.get(value.partition("/")[0], ()))
        for value in values
    }
    rows = [
        _row(first, second, context, value=value, better=better[value], level=level)
        for role in ROLES
        for context in _contexts(pairing, role)
        for value in values
        if source(value)[0] == role
    ]
    rows = [row for row in rows if _says_anything(row.first) or _says_anything(row.second)]
    order = {value: place for place, value in enumerate(values)}
    return judged(sorted(rows, key=lambda row: order[row.value]), level=level)


def evaluated(first: Side, second: Side) -> list[str]:
    """Return the values that evaluations of A or B have, references left out."""
    found = {
        name
        for side in (first, second)
        for (role, _), run in side.chosen.runs.items()
        if role == "evaluation"
        for name in run.values
    }
    return sorted(name for name in found if name.rpartition("/")[2] != REFERENCE)


def measured(first: Side, second: Side) -> list[str]:
    """Return every value that can be named: of evaluations, trainings and profiles."""
    found = {"parameters"}
    for side in (first, second):
        for (role, _), run in side.chosen.runs.items():
            prefix = "" if role == "evaluation" else f"{role}/"
            found |= {f"{prefix}{name}" for name in run.values}
    return sorted(found)


def _contexts(pairing: Pairing, role: str) -> list[Context]:
    """Contexts that differ for a role, each with all the grid points that it stands for."""
    found: dict[tuple[tuple[str, str | int], ...], Context] = {}
    for one in pairing.contexts:
        where = one.of(role)
        place = tuple(where.items())
        old = found.get(place, Context(where=where, first={}, second={}))
        found[place] = Context(
            where=where,
            first={**one.first, **old.first},
            second={**one.second, **old.second},
        )
    return list(found.values())


def _says_anything(one: Readings) -> bool:
    return bool(one.values or {*one.failed.values()} - {UNDEFINED})


def _row(
    first: Side, second: Side, context: Context, *, value: str, better: Better, level: float
) -> Compared:
    ours = _readings(first, value, context.first)
    theirs = _readings(second, value, context.second)
    row = Compared(
        where=context.where,
        value=value,
        better=better,
        first=ours,
        second=theirs,
        interval=whole_line(level),
    )
    seeds = sorted(ours.values.keys() & theirs.values.keys())
    unlike = _unlike(first, second, context, value=value)
    if ours.values and theirs.values and _is_single(value):
        return _single(row, unlike=unlike)
    if seeds:
        row = _measured(row, paired(ours.values, theirs.values, level=level))
    return _settled(row, unlike=unlike)


def _readings(side: Side, value: str, points: Mapping[int, Point]) -> Readings:
    found: dict[int, Reading] = {
        rng_seed: side.read(value, point) for rng_seed, point in sorted(points.items())
    }
    return Readings(
        values={seed: one.value for seed, one in found.items() if one.value is not None},
        failed={seed: one.word for seed, one in found.items() if one.word},
        missing=tuple(
            seed for seed, one in found.items() if one.value is None and not one.word
        ),
    )


def _is_single(value: str) -> bool:
    """Whether a value does not depend on the rng_seed, or is a cost that is taken once."""
    return source(value)[0] == "profile" or value == "parameters"


def _single(row: Compared, *, unlike: Sequence[str]) -> Compared:
    (rng_seed, ours), (_, theirs) = (
        min(side.values.items()) for side in (row.first, row.second)
    )
    means = (ours, theirs)
    row = replace(row, rng_seeds=(rng_seed,), means=means)
    if unlike:
        return replace(row, verdict=NOT_COMPARABLE, reason=_some(unlike))
    return replace(row, difference=means[1] - means[0])


def _measured(row: Compared, found: Paired) -> Compared:
    means = tuple(
        statistics.fmean(side.values[seed] for seed in found.keys)
        for side in (row.first, row.second)
    )
    return replace(
        row,
        rng_seeds=found.keys,
        means=(means[0], means[1]),
        difference=found.mean,
        sd=found.sd,
        interval=found.interval,
        p_value=found.p_value,
    )


def _settled(row: Compared, *, unlike: Sequence[str]) -> Compared:
    """Give a row its verdict where no test is needed for it."""
    failed = [
        f"{name}: rng_seed {seed} {word}"
        for name, side in (("A", row.first), ("B", row.second))
        for seed, word in side.failed.items()
    ]
    if unlike:
        return replace(row, verdict=NOT_COMPARABLE, reason=_some(unlike))
    if failed:
        return replace(row, verdict=UNDECIDED, reason="; ".join(failed), p_value=None)
    if row.n < 2:
        reason = "1 pair" if row.n else "no rng_seed has both values"
        return replace(row, verdict=UNDECIDED, reason=reason)
    return row


def _unlike(first: Side, second: Side, context: Context, *, value: str) -> list[str]:
    """Say in what A and B measure a value differently, each once."""
    role, _ = source(value)
    axes = {*first.where, *second.where}
    found: dict[str, None] = {}
    for one, other in opposites(context):
        ours, theirs = first.entry(role, one), second.entry(role, other)
        if ours is None or theirs is None:
            continue
        lines = obstacles(ours.spec, theirs.spec, value=value, compared=axes)
        runs = (first.chosen.run(role, ours.id), second.chosen.run(role, theirs.id))
        if role == "profile" and all(runs):
            places = [(run.device, run.engine) for run in runs if run]
            lines += ["measured on different devices"] if places[0] != places[1] else []
        found |= dict.fromkeys(lines)
    return list(found)


def _some(lines: Sequence[str]) -> str:
    return lines[0] if len(lines) == 1 else f"{lines[0]}, and {len(lines) - 1} more"
