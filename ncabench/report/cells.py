"""What one cell of a table says: the values of its seeds, or why there are none."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ncabench.papers.ledger import Printed
from ncabench.plan.entry import Entry, matches
from ncabench.record.stored import StoredRun
from ncabench.report.chosen import Chosen
from ncabench.stats.interval import Interval, t_interval
from ncabench.suite.suite import Column, Row

WORDS: Mapping[str, str] = {  # outcome: its word in a table
    "oom": "OOM",
    "diverged": "diverged",
    "timeout": "timeout",
    "crashed": "crashed",
    "no_data": "no data",
    "infeasible": "infeasible",
    "skipped": "skipped",
}
PARTS = ("training/automaton_parameters", "training/decoder_parameters")
COUNTS = (  # the same in every run
    *("parameters", *PARTS, "probe/parameters"),
    *("profile/parameters", "profile/steps"),
)
UNDEFINED = "undefined"
AMBIGUOUS = "ambiguous"
UNFINISHED = "unfinished"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The runs behind one cell of a table, on one device.

    Attributes:
        values: one for each rng_seed that has a value, in the order of the plan.
        rng_seeds: of each value, in the same order; the least where one run serves several.
        planned: entries that the suite plans for this cell.
        outcomes: words of the entries that failed, and how many of each.
        missing: entries that were not run.
        reasons: why entries failed: (word, first line of the reason), each once.
        warnings: first lines of the runs' warnings, each once.
        printed: what the paper prints here, or None.
        run_ids: the stored runs that were read.
    """

    values: tuple[float, ...] = ()
    rng_seeds: tuple[int, ...] = ()
    planned: int = 0
    outcomes: Mapping[str, int] = field(default_factory=Counter)
    missing: int = 0
    reasons: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    printed: Printed | None = None
    run_ids: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Seeds that have a value."""
        return len(self.values)

    @property
    def mean(self) -> float | None:
        """Mean over the seeds, or None where none has a value."""
        return statistics.fmean(self.values) if self.values else None

    @property
    def sd(self) -> float | None:
        """Standard deviation over the seeds, ddof 1, or None for fewer than two.

        >>> Cell(values=(1.0, 3.0)).sd
        1.4142135623730951
        """
        return statistics.stdev(self.values) if self.n > 1 else None

    @property
    def interval(self) -> Interval | None:
        """The mean's 95 % t interval, or None for fewer than two seeds."""
        return t_interval(self.values) if self.n > 1 else None

    @property
    def by_rng_seed(self) -> dict[int, float]:
        """The values by their rng_seed, to pair them with another cell's."""
        return dict(zip(self.rng_seeds, self.values, strict=True))


@dataclass(frozen=True, kw_only=True)
class _Reading:
    value: float | None = None
    word: str = ""
    reason: str = ""
    run: StoredRun | None = None


def source(value: str) -> tuple[str, str]:
    """Return the role of the runs that hold a column's value, and its name among theirs.

    >>> source("perceptual/stage_1"), source("parameters"), source("profile/x/ms")
    (('evaluation', 'perceptual/stage_1'), ('training', 'parameters'), ('profile', 'x/ms'))
    """
    role, _, name = value.partition("/")
    if role in ("training", "profile"):
        return role, name
    return ("training" if value == "parameters" else "evaluation"), value


def matching(entries: Sequence[Entry], *, row: Row, column: Column) -> list[Entry]:
    """Return the entries that a cell is about, in the order of the plan."""
    where = {**row.where, **column.where}
    if any(where[axis] != name for axis, name in row.where.items()):
        return []
    role, _ = source(column.value)
    return [entry for entry in entries if entry.role == role and entry.serves(where)]


def gather(
    entries: Sequence[Entry],
    chosen: Chosen,
    *,
    row: Row,
    column: Column,
    printed: Printed | None = None,
) -> Cell:
    """Return the cell of a row and a column, from the runs of one device."""
    matched = matching(entries, row=row, column=column)
    where = {**row.where, **column.where}
    _, name = source(column.value)
    if _clash(matched, where):
        why = "several entries of one rng_seed fit this cell; its `where` must name more axes"
        return Cell(
            planned=len(matched),
            outcomes=Counter({AMBIGUOUS: len(matched)}),
            reasons=((AMBIGUOUS, why),),
            printed=printed,
        )
    readings = [_read(entry, chosen, name=name) for entry in matched]
    failed = [one for one in readings if one.value is None and one.word]
    found = [one.run for one in readings if one.run is not None]
    have = zip(matched, readings, strict=True)
    return Cell(
        values=tuple(one.value for one in readings if one.value is not None),
        rng_seeds=tuple(_rng_seed(one, where) for one, got in have if got.value is not None),
        planned=len(matched),
        outcomes=Counter(one.word for one in failed),
        missing=sum(one.value is None and not one.word for one in readings),
        reasons=tuple(dict.fromkeys((one.word, one.reason) for one in failed if one.reason)),
        warnings=tuple(
            dict.fromkeys(first_line(text) for run in found for text in run.warnings)
        ),
        printed=printed,
        run_ids=tuple(run.run_id for run in found),
    )


def past(values: Mapping[str, float], name: str) -> bool:
    """Tell whether the phase that a value belongs to was measured, with it or without.

    >>> past({"inference/ms": 1.0}, "inference/decode_ms"), past({}, "training/ms")
    (True, False)
    """
    phase, slash, _ = name.rpartition("/")
    return any(one.startswith(f"{phase}{slash}") for one in values) if slash else False


def first_line(text: str) -> str:
    """Return the first line that says something, or ``""``."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def one_line(text: str) -> str:
    r"""Return a text of several lines as one.

    >>> one_line("no weights\n  to mend it: get them")
    'no weights; to mend it: get them'
    """
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())


def _rng_seed(entry: Entry, where: Mapping[str, Any]) -> int:
    return min(int(one.get("rng_seed", 0)) for one in entry.labels if matches(one, where))


def _clash(entries: Sequence[Entry], where: Mapping[str, Any]) -> bool:
    seeds = [
        {label.get("rng_seed") for label in entry.labels if matches(label, where)}
        for entry in entries
    ]
    return sum(map(len, seeds)) > len(set().union(*seeds))


def _read(entry: Entry, chosen: Chosen, *, name: str) -> _Reading:
    run = chosen.run(entry.role, entry.id)
    if run is not None and run.unfinished:
        return _Reading(word=UNFINISHED, run=run)
    early = entry.role == "profile" or name == "parameters"
    if run is not None and early and name in run.values:
        return _Reading(value=run.values[name], run=run)  # known before anything failed
    if run is None or run.outcome == "skipped":
        return _upstream(entry, chosen, run=run)
    if run.outcome != "ok" and not (early and past(run.values, name)):
        return _failed(run)
    if name not in run.values:
        return _Reading(word=UNDEFINED, run=run)
    return _Reading(value=run.values[name], run=run)


def _upstream(entry: Entry, chosen: Chosen, *, run: StoredRun | None) -> _Reading:
    training = chosen.run("training", entry.needs) if entry.needs else None
    if training is not None and training.outcome != "ok" and not training.unfinished:
        return _failed(training)
    if run is not None:
        return _failed(run)
    if entry.missing:
        return _Reading(word=WORDS["no_data"], reason=one_line(entry.missing))
    return _Reading()


def _failed(run: StoredRun) -> _Reading:
    return _Reading(word=WORDS[run.outcome], reason=_reason(run), run=run)


def _reason(run: StoredRun) -> str:
    if run.outcome == "no_data":
        return one_line(run.reason)  # its end says what mends it
    if run.outcome == "oom":
        return first_line(run.reason).partition(". ")[0]  # sizes and processes differ each time
    return first_line(run.reason)
