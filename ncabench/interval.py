"""Intervals of what a rounded number may have been, and their exact arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

End = Fraction | float  # a float only where it is infinite
Word = Literal["holds", "contradicted", "within rounding"]


@dataclass(frozen=True)
class Interval:
    """All numbers between two ends; the ends are exact decimals, or infinite.

    A float stands for the decimal that it prints as, so that ``0.1`` is a tenth. Sums,
    differences, products and quotients hold every result that members can have; an interval
    used twice in one expression counts as two that know nothing of each other.

    Raises:
        ValueError: the low end is above the high one, or an end is no number.

    >>> printed = Interval(0.1235, 0.1245)  # a value printed as 0.124
    >>> print(printed - Interval(0.1195, 0.1205))
    0.003..0.005
    >>> print(1 / Interval(-1.0, 2.0))
    -inf..inf
    """

    low: End
    high: End

    def __post_init__(self) -> None:
        if math.isnan(self.low) or math.isnan(self.high) or self.low > self.high:
            raise ValueError(f"an interval needs low <= high, found {self.low}, {self.high}")
        object.__setattr__(self, "low", _exact(self.low))
        object.__setattr__(self, "high", _exact(self.high))

    @classmethod
    def around(cls, value: float, half: float) -> Interval:
        """Return what lies within ``half`` of a value.

        >>> print(Interval.around(58.74, 0.005))
        58.735..58.745
        """
        return cls(_exact(value) - _exact(half), _exact(value) + _exact(half))

    @property
    def bounded(self) -> bool:
        """Whether both ends are finite."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def exact(self) -> bool:
        """Whether it is one number."""
        return self.low == self.high

    def __contains__(self, value: float) -> bool:
        return self.low <= _exact(value) <= self.high

    def overlaps(self, other: Interval) -> bool:
        """Whether they share more than an end; exact numbers need only be inside.

        >>> Interval(0.1505, 0.1515).overlaps(Interval(0.1515, 0.1525))  # 0.151 and 0.152
        False
        """
        if self.exact or other.exact:
            return self.low <= other.high and other.low <= self.high
        return self.low < other.high and other.low < self.high

    def clipped(self, low: float, high: float) -> Interval | None:
        """Return its part within two bounds, or None where it has none.

        >>> print(Interval(-2.0, 3.0).clipped(0.0, math.inf))
        0..3
        """
        least, most = max(self.low, _exact(low)), min(self.high, _exact(high))
        return Interval(least, most) if least <= most else None

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __add__(self, other: Interval | float) -> Interval:
        two = _interval(other)
        return Interval(self.low + two.low, self.high + two.high)

    def __sub__(self, other: Interval | float) -> Interval:
        return self + -_interval(other)

    def __mul__(self, other: Interval | float) -> Interval:
        return self._corners(_interval(other), _product)

    def __truediv__(self, other: Interval | float) -> Interval:
        return self * _reciprocal(_interval(other))

    def __radd__(self, other: float) -> Interval:
        return self + other

    def __rsub__(self, other: float) -> Interval:
        return _interval(other) - self

    def __rmul__(self, other: float) -> Interval:
        return self * other

    def __rtruediv__(self, other: float) -> Interval:
        return _interval(other) / self

    def _corners(self, other: Interval, join: Callable[[End, End], End]) -> Interval:
        ends = [join(a, b) for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(ends), max(ends))

    def __str__(self) -> str:
        return f"{float(self.low):.6g}..{float(self.high):.6g}"


def word(margin: Interval | float, sign: str) -> Word:
    """Return whether a margin that must be positive (``<=``, ``>=``: not negative) is.

    The ends of a rounding do not count, save for exact numbers: 0.152 is above 0.151.

    >>> word(Interval(0.0, 0.002), ">"), word(Interval(-0.001, 0.001), ">"), word(0.0, ">=")
    ('holds', 'within rounding', 'holds')
    """
    found = _interval(margin)
    if found.exact:
        holds = found.low >= 0 if sign in ("<=", ">=") else found.low > 0
        return "holds" if holds else "contradicted"
    if found.low >= 0:
        return "holds"
    return "contradicted" if found.high <= 0 else "within rounding"


def combined(words: Sequence[Word], quantifier: Literal["every", "most", "some"]) -> Word:
    """Return what comparisons say together, of which every one, most or some must hold.

    Most are more than half.

    >>> combined(["holds", "contradicted", "within rounding"], "every")
    'contradicted'
    >>> combined(["holds", "contradicted", "within rounding"], "some")
    'holds'
    """
    holding, failing = words.count("holds"), words.count("contradicted")
    if quantifier == "every":
        holds, fails = holding == len(words), failing > 0
    elif quantifier == "some":
        holds, fails = holding > 0, failing == len(words)
    else:
        holds, fails = 2 * holding > len(words), 2 * failing >= len(words)
    if holds:
        return "holds"
    return "contradicted" if fails else "within rounding"


def _interval(value: Interval | float) -> Interval:
    return value if isinstance(value, Interval) else Interval(value, value)


def _exact(value: End) -> End:
    if isinstance(value, Fraction) or math.isinf(value):
        return value
    return Fraction(repr(float(value)))


def _product(a: End, b: End) -> End:
    return Fraction(0) if a == 0 or b == 0 else a * b  # zero times no bound is zero


def _reciprocal(one: Interval) -> Interval:
    if one.low < 0 < one.high or one.low == one.high == 0:
        return Interval(-math.inf, math.inf)
    low = -math.inf if one.high == 0 else 1 / one.high
    high = math.inf if one.low == 0 else 1 / one.low
    return Interval(low, high)
