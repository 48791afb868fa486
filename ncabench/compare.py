"""Two models, perceptions or result sets under the same protocol, paired by rng_seed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ncabench import pipeline
from ncabench.errors import NothingMeasured, Problem, SuiteError
from ncabench.pipeline import Workspace
from ncabench.plan.entry import Entry, matches
from ncabench.plan.planner import Plan
from ncabench.plan.selection import select
from ncabench.record import result_set
from ncabench.record.result_set import ResultSet
from ncabench.record.stored import moment
from ncabench.report.cells import source
from ncabench.report.comparison import captions, names
from ncabench.report.comparison.compared import Compared, Comparison, Readings
from ncabench.report.comparison.differences import differences
from ncabench.report.comparison.pairing import (
    ROLES,
    Key,
    Pairing,
    Point,
    Side,
    index,
    key,
    pair,
    settle,
)
from ncabench.report.comparison.rows import compared, evaluated, measured
from ncabench.run import folder
from ncabench.run.outcome import Record


def compare(
    first: str,
    second: str,
    *,
    suite: Path,
    space: Workspace,
    preset: str | None = None,
    sets: Sequence[str] = (),
    expression: str = "",
    values: Sequence[str] = (),
    level: float = 0.95,
) -> Comparison:
    """Compare two things that a suite measures.

    Args:
        first: A: a name of the suite's grid, or several joined by ``&``; or a result set,
            that is a results folder or a bundle.
        second: B, of the same sort.
        suite: the suite file, which says under what protocol.
        space: where names are looked up; result sets are read where they lie.
        preset: of the suite.
        sets: overlays on the suite.
        expression: which evaluations, as ``-k`` selects them.
        values: which values, named as a table's column names them; all of the evaluations
            if there is none.
        level: of the intervals, and of all verdicts together.

    Raises:
        SuiteError: the suite is wrong, or has no such name or value.
        NothingMeasured: no value can be compared.
        RecordError: a result set is missing, damaged or empty.
    """
    _check(level)
    planned = pipeline.plan(suite, space, preset=preset, sets=sets)
    held = _held(first, second, planned)
    sides = _sides((first, second), held, planned, expression=expression, space=space)
    pairing = pair(*sides)
    chosen = settle(*sides, pairing=pairing)
    ours, theirs = (replace(side, chosen=one) for side, one in zip(sides, chosen, strict=True))
    rows = _rows(ours, theirs, plan=planned, pairing=pairing, values=values, level=level)
    if not any(row.n for row in rows):
        others = _other_presets(held, planned, space)
        raise _nothing((ours, theirs), planned, rows=rows, pairing=pairing, presets=others)
    told = captions.lines(
        ours, theirs, suite=planned.suite, pairing=pairing, rows=rows, level=level
    )
    told += tuple(_told_of_sets(held, (ours, theirs), planned))
    return Comparison(
        suite=planned.suite, first=ours, second=theirs, rows=rows, level=level, captions=told
    )


def compare_plans(
    first: tuple[str, str, Plan],
    second: tuple[str, str, Plan],
    *,
    where: Mapping[str, str | int],
    space: Workspace,
    value: str,
    level: float = 0.95,
) -> Comparison:
    """Compare two states of a suite in one value, as far as either has been run.

    Args:
        first: A: its name, what it is, and what it asks for.
        second: B, likewise; its suite says which way is good.
        where: the grid points that count.
        space: where results lie.
        value: named as a table's column names it.
        level: of the interval and of all verdicts together.
    """
    space.store.ingest()
    runs = tuple(space.store.runs())
    sides = [
        Side(
            name=name,
            sort=sort,
            points=tuple(
                point
                for point in {
                    key(point): point for entry in planned.entries for point in entry.labels
                }.values()
                if matches(point, where)
            ),
            entries=index(planned.entries),
            runs=runs,
        )
        for name, sort, planned in (first, second)
    ]
    pairing = pair(*sides)
    chosen = settle(*sides, pairing=pairing)
    ours, theirs = (replace(side, chosen=one) for side, one in zip(sides, chosen, strict=True))
    suite = second[2].suite
    rows = compared(ours, theirs, pairing=pairing, values=[value], suite=suite, level=level)
    told = captions.lines(ours, theirs, suite=suite, pairing=pairing, rows=rows, level=level)
    return Comparison(
        suite=suite, first=ours, second=theirs, rows=rows, level=level, captions=told
    )


def _check(level: float) -> None:
    if not 0.5 < level < 1:
        what = f"expected more than 0.5 and less than 1, found {level:g}"
        raise SuiteError("", [Problem(where="--level", what=what)])


def _sides(
    asked: tuple[str, str],
    held: Sequence[ResultSet],
    planned: Plan,
    *,
    expression: str,
    space: Workspace,
) -> tuple[Side, Side]:
    points = _points(planned, expression)
    if held:
        ours, theirs = (_of_set(one, planned, points=points) for one in held)
        return ours, theirs
    folder.make(space.results)
    space.store.ingest()
    return names.sides(*asked, plan=planned, points=points, runs=space.store.runs())


def _points(planned: Plan, expression: str) -> tuple[Point, ...]:
    """The grid points whose evaluations are selected."""
    entries = select(planned.entries, expression) if expression else planned.entries
    points = [point for one in entries if one.role == "evaluation" for point in one.labels]
    return tuple({key(point): point for point in points}.values())


# --- result sets -----------------------------------------------------------------------


def _held(first: str, second: str, planned: Plan) -> list[ResultSet]:
    """Return the two result sets, or nothing where both are names of the grid."""
    texts = (first, second)
    sets = [not names.is_named(text, planned) and _is_place(text) for text in texts]
    if not any(sets):
        return []
    if not all(sets):
        which, text = ("B", second) if sets[0] else ("A", first)
        what = "expected a result set, since the other is one: a results folder or a bundle"
        raise SuiteError("", [Problem(where=which, what=f"{what}; found {text!r}")])
    if Path(first).resolve() == Path(second).resolve():
        what = f"{first!r} and {second!r} are the same"
        raise SuiteError("", [Problem(where="A, B", what=what)])
    return [result_set.read(Path(text)) for text in texts]


def _is_place(text: str) -> bool:
    return Path(text).exists() or text.endswith(".zip") or "/" in text


def _of_set(held: ResultSet, planned: Plan, *, points: Sequence[Point]) -> Side:
    """Return a result set as a side: what it has at each grid point of the plan.

    That is the entry of the plan itself; or, where it has no run of that, what it ran at
    this grid point when the same suite and preset was run there last.
    """
    ids = {run.id for run in held.runs}
    own = _remembered(held, planned)
    entries = index(planned.entries)
    entries |= {
        place: one
        for place, one in own.items()
        if place in entries and entries[place].id not in ids
    }
    return Side(
        name=held.name,
        points=tuple(point for point in points if _is_in(ids, entries, point)),
        entries=entries,
        runs=held.runs,
    )


def _suites(held: ResultSet, planned: Plan) -> list[Record]:
    """The runs of the suite, of any preset, the latest last."""
    named = [one for one in held.records.values() if one.role == "suite"]
    mine = [one for one in named if one.spec.get("name") == planned.suite.name]
    return sorted(mine, key=lambda record: moment(record.ended_at))


def _last(held: ResultSet, planned: Plan) -> Record | None:
    """The suite's last run there, under the same preset."""
    suites = _suites(held, planned)
    same = [one for one in suites if one.spec.get("preset") == planned.suite.preset]
    return same[-1] if same else None


def _remembered(held: ResultSet, planned: Plan) -> dict[tuple[str, Key], Entry]:
    """Return what the suite's last run there asked for, under the same preset."""
    last = _last(held, planned)
    if last is None:
        return {}
    asked = set(last.spec.get("entries", ()))
    return index(
        Entry(
            role=record.role,
            id=record.id,
            spec=record.spec,
            labels=record.labels,
            needs=record.spec.get("training_id"),
            donor=record.spec.get("donor_id"),
        )
        for record in held.records.values()
        if record.role != "suite" and record.id in asked
    )


def _is_in(
    ids: Collection[str], entries: Mapping[tuple[str, Key], Entry], point: Point
) -> bool:
    held = [entries.get((role, key(point))) for role in ROLES]
    return any(one is not None and one.id in ids for one in held)


def _told_of_sets(
    held: Sequence[ResultSet], sides: Sequence[Side], planned: Plan
) -> Iterator[str]:
    """Say in what two result sets differ from the suite and from each other."""
    own = {one.id for one in planned.entries}
    for which, one, side in zip("AB", held, sides, strict=False):
        yield from (f"UNREADABLE: {problem}" for problem in one.problems)
        others = [id for _, id in side.chosen.runs if id not in own]
        last = _last(one, planned)
        if others and last is not None:
            by_hand = ", ".join(last.spec.get("sets", ()))
            told = f", with --set {by_hand}" if by_hand else ""
            yield f"{which} RAN ANOTHER STATE OF THE SUITE{told}: {len(others)} other entries."
    if held:
        yield from _code(held, sides)


def _code(held: Sequence[ResultSet], sides: Sequence[Side]) -> Iterator[str]:
    """Say in what the code and the packages differ that ran the same entries."""
    sources: set[str] = set()
    packages: dict[str, None] = {}
    for (role, id), run in sides[0].chosen.runs.items():
        other = sides[1].chosen.run(role, id)
        if other is None:
            continue
        one, two = held[0].records[run.run_id], held[1].records[other.run_id]
        files = one.sources.keys() | two.sources.keys()
        sources |= {file for file in files if one.sources.get(file) != two.sources.get(file)}
        installed = [record.environment.get("packages", {}) for record in (one, two)]
        packages |= dict.fromkeys(differences(*installed))
    if sources:
        yield f"SOURCES DIFFER of the same entries: {', '.join(sorted(sources))}."
    if packages:
        yield f"Packages differ: {'; '.join(packages)}."


# --- values ----------------------------------------------------------------------------


def _rows(
    first: Side,
    second: Side,
    *,
    plan: Plan,
    pairing: Pairing,
    values: Sequence[str],
    level: float,
) -> tuple[Compared, ...]:
    known = measured(first, second)
    ended = {
        run.role for one in (first, second) for run in one.chosen.runs.values() if run.values
    }
    unknown = [value for value in values if value not in known and source(value)[0] in ended]
    if unknown:
        raise SuiteError("", [_unmeasured(value, known) for value in unknown])
    return compared(
        first,
        second,
        pairing=pairing,
        values=list(dict.fromkeys(values)) or evaluated(first, second),
        suite=plan.suite,
        level=level,
    )


def _unmeasured(value: str, known: Sequence[str]) -> Problem:
    what = f"no run of A or B has a value {value!r}"
    return Problem(where="--value", what=what, accepted=tuple(known), found=value)


# --- where nothing can be compared -----------------------------------------------------


def _nothing(
    sides: tuple[Side, Side],
    planned: Plan,
    *,
    rows: Sequence[Compared],
    pairing: Pairing,
    presets: Sequence[Sequence[str]],
) -> NothingMeasured:
    suite = planned.suite
    why = "no rng_seed has a value of both"
    if not pairing.contexts:
        why = "A and B have no grid point in common"
    held = ([row.first for row in rows], [row.second for row in rows])
    lines = []
    for which, side, found, others in zip("AB", sides, held, presets, strict=True):
        told = _seeds(found) or _recorded(side) or _unrun(side, others)
        lines.append(f"  {which}, {side.name}: {told}")
    head = f"{suite.path} (preset {suite.preset!r}): nothing can be compared: {why}"
    return NothingMeasured("\n".join([head, *lines]))


def _recorded(side: Side) -> str:
    """Say at which rng_seeds a side was run at all, where no value could be looked for."""
    ids = {run.id for run in side.chosen.runs.values()}
    seeds = sorted(
        {int(point["rng_seed"]) for point in side.points if _is_in(ids, side.entries, point)}
    )
    return f"rng_seeds {', '.join(map(str, seeds))}" if seeds else ""


def _seeds(found: Sequence[Readings]) -> str:
    """Say which rng_seeds a side has, and which failed."""
    values = sorted({seed for one in found for seed in one.values})
    failed = {seed: word for one in found for seed, word in one.failed.items()}
    words = [f"rng_seed {seed} {word}" for seed, word in sorted(failed.items())]
    have = [f"rng_seeds {', '.join(map(str, values))}"] if values else []
    return "; ".join([*have, *words])


def _unrun(side: Side, presets: Sequence[str]) -> str:
    if side.where and not side.points:
        return "is at no grid point that is selected"
    if not presets:
        return "nothing was run"
    return f"nothing was run; recorded of this suite: preset {', '.join(map(repr, presets))}"


def _other_presets(
    held: Sequence[ResultSet], planned: Plan, space: Workspace
) -> list[list[str]]:
    """Return the presets of the suite, besides this one, that A and B hold runs of."""
    if held:
        runs = [[record.spec for record in _suites(one, planned)] for one in held]
    else:
        specs = [stored.spec for stored in space.store.suites()]
        runs = [[one for one in specs if one.get("name") == planned.suite.name]] * 2
    return [
        sorted({str(spec["preset"]) for spec in specs} - {planned.suite.preset})
        for specs in runs
    ]
