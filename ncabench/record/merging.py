"""Two records of one run, one here and one that arrives; imports no mlflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ncabench.record.content import is_film
from ncabench.record.stored import moment
from ncabench.run.folder import LOG
from ncabench.run.outcome import Record

Keep = Literal["here", "there"]
UNMEASURED = ("no_data", "infeasible", "skipped")  # outcomes of what never ran


@dataclass(frozen=True, kw_only=True)
class Held:
    """A record, and which of its artifacts lie beside it.

    Attributes:
        record: the record.
        names: of those artifacts.
    """

    record: Record
    names: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """What becomes of a record that arrives where another of the same run may be.

    Attributes:
        line: what, and why, for a reader.
        takes: the record that arrives is the one that is left.
        borrows: artifacts that the one that is left takes from the other.
        conflict: the first thing in which their measurements differ, or ``""``.
    """

    line: str
    takes: bool = False
    borrows: frozenset[str] = frozenset()
    conflict: str = ""


def meet(here: Held, there: Held, *, keep: Keep | None = None) -> Meeting:
    """Return which of two records of one run stays, the one here or the one that arrives.

    Of two that measured the same, the one that has more files stays, then the later one,
    then the one here; it takes the files that it is without from the other. A run that was
    cut off, and one that never ran for want of data or of an engine, give way. Whatever else
    differs in what was measured is a conflict, of profiles too: times differ whenever they
    are taken, and which of two a table shows is not for an import to choose.

    Args:
        here: the record in the results folder.
        there: the one that arrives.
        keep: which of two stays in a conflict; None leaves it open, and takes neither.
    """
    old, new = here.record, there.record
    if old == new:
        return _same(here, there)
    if old.role == "suite":
        return _agreed(here, there, what="run of this suite")
    for word, gives_way in (("cut off", _was_cut_off), ("never run", _never_ran)):
        if gives_way(new):
            return Meeting(line=f"kept; what arrives was {word}")
        if gives_way(old):
            return Meeting(line=f"replaced; what was here was {word}", takes=True)
    found = difference(old, new)
    if not found:
        return _agreed(here, there, what="run")
    word = "replaced" if keep == "there" else "kept"
    line = f"{word}; the other one differs: {found}"
    return Meeting(line=line, takes=keep == "there", conflict=found)


def difference(here: Record, there: Record) -> str:
    """Return the first thing in which what two records measured differs, or ``""``.

    Measured are the outcome, the values, and the artifacts that both name; not logs and
    filmstrips, nor when, where, by which sources and how long it ran.
    """
    if here.outcome != there.outcome:
        return _differs("outcome", here.outcome, there.outcome)
    for name in sorted({*here.values, *there.values}):
        ours, theirs = here.values.get(name), there.values.get(name)
        if ours != theirs:
            return _differs(name, ours, theirs)
    for name in sorted({*here.artifacts} & {*there.artifacts}):
        looked_at = not (name == LOG or is_film(name) or name.endswith(".pt"))
        if looked_at and here.artifacts[name] != there.artifacts[name]:
            return f"{name} is not the same"
    return ""


def tests(record: Record, trainings: Sequence[Record]) -> str:
    """Return the id of the training that a record was made with, if it is one of these.

    >>> made = {"device_class": "cpu", "engine": "eager", "outcome": "ok"}
    >>> training = Record(role="training", id="a", spec={}, **made)
    >>> tests(Record(role="evaluation", id="b", spec={"training_id": "a"}, **made), [training])
    'a'
    """
    used = (str(record.spec.get("training_id", "")), record.device_class)
    return used[0] if used in {(one.id, one.device_class) for one in trainings} else ""


def refusal(results: str, path: str, conflicts: Sequence[tuple[Record, str]]) -> str:
    """Return what is said of records that cannot both stay.

    Args:
        results: the folder, "here".
        path: the bundle, "there".
        conflicts: records that arrive, and the first difference of each.
    """
    several = len(conflicts) > 1
    lines = [
        f"{path} (there) and {results} (here) differ on {len(conflicts)} "
        f"run{'s' if several else ''}; nothing was imported"
    ]
    lines += [f"  {named(record)}: {found}" for record, found in conflicts]
    lines.append(
        "`--keep here` takes only the others, `--keep there` replaces what is here, and "
        "another --results keeps both"
    )
    return "\n".join(lines)


def named(record: Record) -> str:
    """Return a run's name for a reader: its key, and what the suite calls it."""
    points = [" ".join(map(str, labels.values())) for labels in record.labels[:1]]
    more = f" and {len(record.labels) - 1} more" if len(record.labels) > 1 else ""
    label = f" ({record.role}: {points[0]}{more})" if points else f" ({record.role})"
    return f"{record.id} {record.device_class}-{record.engine}{label}"


def _was_cut_off(record: Record) -> bool:
    return record.unfinished


def _never_ran(record: Record) -> bool:
    return record.outcome in UNMEASURED


def _same(here: Held, there: Held) -> Meeting:
    missing = there.names - here.names
    if missing:
        line = "imported; the same record was here, with fewer files"
        return Meeting(line=line, borrows=missing)
    return Meeting(line="kept; the same record is here already")


def _agreed(here: Held, there: Held, *, what: str) -> Meeting:
    if _rank(there, here) > _rank(here, there):
        line = f"replaced; an earlier {what} was here, and says the same"
        return Meeting(line=line, takes=True, borrows=_lent(there, here))
    line = f"kept; a later {what} is here, and says the same"
    return Meeting(line=line, borrows=_lent(here, there))


def _rank(one: Held, other: Held) -> tuple[int, datetime]:
    return len(one.names | _lent(one, other)), moment(one.record.ended_at)


def _lent(to: Held, by: Held) -> frozenset[str]:
    """The artifacts that one record is without, and of which the other has the same."""
    wanted, there = to.record.artifacts, by.record.artifacts
    return frozenset(name for name in by.names - to.names if wanted.get(name) == there[name])


def _differs(name: str, here: object, there: object) -> str:
    shown = ["absent" if value is None else repr(value) for value in (here, there)]
    if name == "outcome":
        shown = [str(here), str(there)]
    return f"{name} is {shown[0]} here and {shown[1]} there"
