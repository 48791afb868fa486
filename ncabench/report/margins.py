"""How far a mean may lie from a printed value and still count as it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ncabench.papers.ledger import Printed

COUNT = "parameters"
COUNTED = (COUNT, "steps")  # what a paper counts, and does not measure


@dataclass(frozen=True, kw_only=True)
class Margin:
    """A margin, without the rounding of the printed string.

    Attributes:
        absolute: in the unit of the value.
        relative: share of the printed value; the greater of the two holds.
        unit: of ``absolute``, as a report writes it.

    >>> lpips = Margin(absolute=0.01, relative=0.15)
    >>> lpips.of(0.2), lpips.of(-0.02)
    (0.03, 0.01)
    """

    absolute: float = 0.0
    relative: float = 0.0
    unit: str = ""

    def of(self, printed: float) -> float:
        """Return the margin around a printed value."""
        return max(self.absolute, self.relative * abs(printed))

    def __str__(self) -> str:
        plain = f"{self.absolute:g}{self.unit}" if self.absolute else ""
        share = f"{100 * self.relative:g} %" if self.relative else ""
        both = f"the greater of {plain} and {share}"
        return both if plain and share else plain or share or "0"


_POINTS = Margin(absolute=2.0, unit=" points")
MARGINS: Mapping[str, Margin] = {  # by the ledger's word for a quantity; others have none
    "LPIPS": Margin(absolute=0.01, relative=0.15),
    "LPIPS recovery": _POINTS,
    "SSIM": Margin(absolute=0.01),
    "PSNR": Margin(absolute=0.3, unit=" dB"),
    "accuracy": _POINTS,
    "accuracy recovery": _POINTS,
    "style loss recovery": _POINTS,
}
COST = Margin(relative=0.2)  # of a ratio between two rows of a table
_COSTS = ("time", "memory", "energy")
_COST_UNITS = ("ms", "s", "min", "h", "kB", "MB", "GB", "MiB", "GiB", "J", "kJ", "Wh", "fps")


def is_cost(printed: Printed) -> bool:
    """Tell whether a printed number is what a machine spent, so that only ratios compare.

    >>> is_cost(Printed(text="3.56", metric="time", unit="ms/step"))
    True
    """
    return printed.metric in _COSTS or printed.unit.partition("/")[0] in _COST_UNITS


def project_margin(printed: Printed) -> Margin | None:
    """Return the project's margin for a printed quantity, or None where it has none.

    Accuracies and recoveries that are printed as shares, not in %, have 2 points of them.

    >>> project_margin(Printed(text="0.93", metric="accuracy")).of(0.93)
    0.02
    """
    if is_cost(printed):
        return COST
    margin = MARGINS.get(printed.metric)
    if margin is _POINTS and printed.unit != "%":
        return Margin(absolute=margin.absolute / 100)
    return margin


def margin_of(printed: Printed, declared: float | None) -> Margin | None:
    """Return the margin of a cell: the suite's, else the project's, else None.

    Args:
        printed: the cell.
        declared: a column's own ``margin``, in the value's unit; for a cost, a share of the
            ratio to the reference row.
    """
    if declared is None:
        return project_margin(printed)
    return Margin(relative=declared) if is_cost(printed) else Margin(absolute=declared)
