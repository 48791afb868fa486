"""One printed cell, and the table that it stands in."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from ncabench.interval import Interval

OUT_OF_MEMORY = ("oom", "out of memory")
COUNTS = ("parameters", "setting", "steps")
SECTION = "section "  # begins the number of what a text prints outside of its tables
SCALES = {  # metric: the least and greatest score, and whether a higher one is better
    "LPIPS": (0.0, math.inf, False),
    "MSE": (0.0, math.inf, False),
    "L1": (0.0, math.inf, False),
    "SSIM": (-1.0, 1.0, True),
    "PSNR": (-math.inf, math.inf, True),
    "accuracy": (0.0, 100.0, True),
}
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>\d[\d,]*)(?:\.(?P<fraction>\d+))?"
    r"(?P<scale>[kKM]?|e[+-]?\d+)"
)
_POWERS = {"": 0, "k": 3, "K": 3, "M": 6}


@dataclass(frozen=True, kw_only=True)
class Printed:
    """One cell as a paper prints it.

    Attributes:
        text: the printed string, whole.
        metric: the quantity, in the paper's word.
        unit: its unit, ``""`` where it has none.
        seeds: what the paper says of repetitions, or ``"not stated"``.
        hardware: what the paper says of the machine, or ``"not stated"``.
        row_label: the row's head, as printed.
        column_label: the column's head, as printed.
        note: what a reader must know to read the cell.
        source: where in the paper it is printed.
        dash: what a dash means here, such as ``"out of memory"``; ``""`` where the paper does
            not say.

    >>> cell = Printed(text="92.5K", metric="parameters")
    >>> cell.value, cell.half_unit
    (92500.0, 50.0)
    """

    text: str
    metric: str
    unit: str = ""
    seeds: str = "not stated"
    hardware: str = "not stated"
    row_label: str = ""
    column_label: str = ""
    note: str = ""
    source: str = ""
    dash: str = ""

    @property
    def value(self) -> float | None:
        """The number, or None where none is printed (a dash, or a word such as OOM)."""
        exact = self._exact()
        return None if exact is None else float(exact[0])

    @property
    def half_unit(self) -> float | None:
        """Half of the last printed digit's unit: how far rounding may have moved the value.

        >>> Printed(text="-196.18", metric="LPIPS recovery").half_unit
        0.005
        """
        exact = self._exact()
        return None if exact is None else float(exact[1])

    @property
    def interval(self) -> Interval | None:
        """All values that print as this cell does, or None where it holds no number.

        A count that is printed in full is not rounded.

        >>> print(Printed(text="8k", metric="parameters").interval)
        7500..8500
        >>> print(Printed(text="19,376", metric="parameters").interval)
        19376..19376
        """
        exact = self._exact()
        if exact is None:
            return None
        value, half = exact
        if self.metric in COUNTS and half == Fraction(1, 2):
            half = Fraction(0)
        return Interval(value - half, value + half)

    @property
    def out_of_memory(self) -> bool:
        """Whether the cell says that the card's memory did not suffice.

        >>> Printed(text="-", metric="memory", dash="out of memory").out_of_memory
        True
        """
        said = self.dash if self.text == "-" else self.text
        return said.lower() in OUT_OF_MEMORY

    def _exact(self) -> tuple[Fraction, Fraction] | None:
        """The number and half of its last digit's unit, as printed in decimals."""
        found = _NUMBER.fullmatch(self.text)
        if found is None:
            return None
        fraction, scale = found["fraction"] or "", found["scale"]
        power = int(scale[1:]) if scale.startswith("e") else _POWERS[scale]
        unit = Fraction(10) ** (power - len(fraction))
        digits = int(found["whole"].replace(",", "") + fraction)
        return (-digits if found["sign"] == "-" else digits) * unit, unit / 2


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """Three columns of which one is the recovery that the other two give.

    Attributes:
        before: the column of the score before the perturbation.
        final: the column of the score long after it.
        recovery: the column of the recovery, in percent.
    """

    before: str
    final: str
    recovery: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """One printed table, or the numbers that a section's text prints outside of any.

    Attributes:
        number: as the paper numbers it, such as ``"1"``; of a text, ``"section 3.2"``.
        title: what it shows.
        source: where it stands.
        rows: name and printed head of each row, in the order of the paper.
        columns: name and printed head of each column, likewise.
        cells: row, column; what a table leaves empty is not there.
        notes: what a reader must know of rows and columns, each with the heads it is of.
        recoveries: which columns hold a recovery and what it is made of.
    """

    number: str
    title: str = ""
    source: str = ""
    rows: Mapping[str, str]
    columns: Mapping[str, str]
    cells: Mapping[str, Mapping[str, Printed]]
    notes: tuple[str, ...] = ()
    recoveries: tuple[Recovery, ...] = ()

    def row_head(self, row: str) -> str:
        """Return how a row is headed, told apart from rows of the same head."""
        return head(self.rows, row)

    def column_head(self, column: str) -> str:
        """Return how a column is headed, told apart from columns of the same head."""
        return head(self.columns, column)

    def interval(self, row: str, column: str) -> Interval | None:
        """Return what a cell may have been before it was rounded; None without a number."""
        cell = self.cells[row].get(column)
        return cell.interval if cell else None


def called(*numbers: str) -> str:
    """Return how a sentence calls tables, and sections whose text prints numbers.

    >>> called("5"), called("1", "5"), called("section 3.2"), called("1", "2", "4")
    ('table 5', 'tables 1 and 5', 'section 3.2', 'tables 1, 2 and 4')
    """
    tables = [one for one in numbers if not one.startswith(SECTION)]
    listed = " and ".join(filter(None, [", ".join(tables[:-1]), *tables[-1:]]))
    told = [f"table{'s' if len(tables) > 1 else ''} {listed}"] if tables else []
    return " and ".join([*told, *(one for one in numbers if one.startswith(SECTION))])


def head(labels: Mapping[str, str], name: str) -> str:
    """Return the label of a row or column, told apart from others of the same label.

    >>> head({"a/x": "Stage 1", "b/x": "Stage 1", "c": "Params."}, "b/x")
    'b: Stage 1'
    """
    label = labels[name]
    if list(labels.values()).count(label) == 1:
        return label
    group = name.rpartition("/")[0]
    return f"{group}: {label}" if group else f"{label} [{name}]"
