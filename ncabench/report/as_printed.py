"""What the paper's own printed cells say of a claim, by the suite's mapping of its tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from ncabench import interval
from ncabench.interval import Interval
from ncabench.papers.ledger import Printed
from ncabench.papers.printed import called
from ncabench.plan.entry import matches
from ncabench.relation import Comparison, Place
from ncabench.report.contexts import Behind, Expanded, Group, Instance
from ncabench.report.judged import PrintedPlace, printed_places
from ncabench.report.margins import is_cost
from ncabench.suite.claims import OUT_OF_MEMORY
from ncabench.suite.suite import Row, Suite, Table

Word = Literal["holds", "contradicted", "within rounding", "not printed"]


@dataclass(frozen=True, kw_only=True)
class AsPrinted:
    """Whether a claim holds between the numbers that the paper prints.

    Attributes:
        word: "within rounding" where the printed digits do not tell.
        text: the word in a sentence, with the cells that contradict.
    """

    word: Word
    text: str


@dataclass(frozen=True, kw_only=True)
class _Found:
    label: str
    table: str
    printed: Printed
    interval: Interval


def as_printed(suite: Suite, claim: Expanded) -> AsPrinted:
    """Return what the printed cells say; each may have been anything that rounds to it."""
    found = {one.key: _judge(suite, one) for one in claim.instances}
    against = [text for word, text in found.values() if word == "contradicted"]
    words = [
        _group(one, {key: word for key, (word, _) in found.items()}) for one in claim.groups
    ]
    if "contradicted" in words:
        told = f"the paper's own {_tables(suite, claim)} ({'; '.join(against)})"
        return AsPrinted(word="contradicted", text=f"contradicted by {told}")
    if not words or claim.absent or "not printed" in words:
        held = sum(word == "holds" for word, _ in found.values())
        some = f"; {held} of {len(found)} comparisons hold as printed" if held else ""
        return AsPrinted(word="not printed", text=f"not printed{some}")
    if "within rounding" in words:
        return AsPrinted(word="within rounding", text="within rounding of the printed numbers")
    return AsPrinted(word="holds", text="holds as printed")


def _group(group: Group, words: Mapping[object, Word]) -> Word:
    count = Counter(words[one.key] for one in group.instances)
    if count["holds"] >= group.least:
        return "holds"
    if count["contradicted"] > len(group.instances) - group.least:
        return "contradicted"
    open_to_it = count["holds"] + count["within rounding"]
    return "within rounding" if open_to_it >= group.least else "not printed"


def _judge(suite: Suite, instance: Instance) -> tuple[Word, str]:
    cells: dict[Place, _Found] = {}
    for place, behind in instance.behind.items():
        cell = None if behind.open else _find(suite, behind)
        if cell is None:
            return "not printed", ""
        cells[place] = cell
    comparison = instance.comparison
    margin = comparison.margin(lambda place: cells[place].interval)
    word = interval.word(margin, comparison.sign)
    if word != "contradicted":
        return word, ""
    context = ", ".join(instance.context.values())
    return word, f"{context}: {_told(comparison, cells)}" if context else _told(
        comparison, cells
    )


def _told(comparison: Comparison, cells: Mapping[Place, _Found]) -> str:
    """Return the printed numbers, in the order in which they really stand."""
    left, right = comparison.left, comparison.right
    if isinstance(left, Place) and isinstance(right, Place):
        equal = cells[left].interval == cells[right].interval
        sign = "=" if equal else comparison.sign
        return f"{_number(cells[right])} {sign} {_number(cells[left])}"
    return f"not {comparison}: {', '.join(_number(cell) for cell in cells.values())}"


def _number(cell: _Found) -> str:
    return f"{cell.label} {cell.printed.text}"


def _find(suite: Suite, behind: Behind) -> _Found | None:
    """Return the first printed cell that a table of the suite puts beside this value.

    It must hold a number; of running out of memory, the words or a cost.
    """
    found = [
        _Found(
            label=_label(place.table, place.row),
            table=place.table.paper_table,
            printed=place.printed,
            interval=around,
        )
        for place in printed_places(suite)
        if _is_beside(place, behind)
        and (around := _around(behind.value, place.printed)) is not None
    ]
    if behind.value == OUT_OF_MEMORY:  # in some columns of a row, where not in all
        return max(found, key=lambda one: one.interval.low, default=None)
    return found[0] if found else None


def _is_beside(place: PrintedPlace, behind: Behind) -> bool:
    """Tell whether a cell is beside a value; beside an outcome, are those of its profile."""
    row, column = place.row, place.column
    where = {**row.where, **column.where}
    apart = any(where[axis] != name for axis, name in row.where.items())
    if apart or not matches(behind.point, where):
        return False
    if behind.value == OUT_OF_MEMORY:
        return column.value.startswith("profile/")
    return column.value == behind.value


def _around(value: str, printed: Printed) -> Interval | None:
    if value != OUT_OF_MEMORY:
        return printed.interval
    if not (printed.out_of_memory or is_cost(printed)):
        return None
    told = Fraction(printed.out_of_memory)
    return Interval(told, told)


def _label(table: Table, row: Row) -> str:
    same = [one for one in table.rows if one.label == row.label]
    return row.label if len(same) == 1 else f"{row.label} ({row.printed})"


def _tables(suite: Suite, claim: Expanded) -> str:
    cells = [_find(suite, behind) for one in claim.instances for behind in one.behind.values()]
    names = sorted({cell.table for cell in cells if cell})
    return called(*names)
