"""Student's t: where a mean lies, where the next run will, and both in one summary."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special


@dataclass(frozen=True, kw_only=True)
class Interval:
    """The values between two bounds, both included.

    Attributes:
        low: the lower bound; may be -inf.
        high: the upper bound; may be inf.
        level: the share of such intervals that hold what they are meant to hold.

    >>> 0.5 in Interval(low=0.0, high=0.5, level=0.95)
    True
    """

    low: float
    high: float
    level: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    @property
    def half_width(self) -> float:
        """Half the distance between the bounds."""
        return (self.high - self.low) / 2


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a few runs say of their mean.

    Attributes:
        n: number of values.
        mean: arithmetic mean.
        sd: standard deviation, ddof 1; None for one value.
        interval: t interval of the mean.
    """

    n: int
    mean: float
    sd: float | None
    interval: Interval


def checked(values: Sequence[float]) -> tuple[float, ...]:
    """Return ``values`` as floats.

    Raises:
        ValueError: a value is infinite or not a number.
    """
    given = tuple(float(value) for value in values)
    for place, value in enumerate(given):
        if not math.isfinite(value):
            raise ValueError(f"statistics need finite values, found {value} at index {place}")
    return given


def whole_line(level: float) -> Interval:
    """Return the interval that excludes nothing: all that one run allows to say."""
    return Interval(low=-math.inf, high=math.inf, level=level)


def critical_t(level: float, *, df: int) -> float:
    """Return the t that ``level`` of Student's distribution lies within, on both sides.

    Raises:
        ValueError: ``level`` is not between 0 and 1.

    >>> round(critical_t(0.95, df=4), 3)
    2.776
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    return float(special.stdtrit(df, (1 + level) / 2))


def summary(values: Sequence[float], *, level: float = 0.95) -> Summary:
    """Return n, mean, sd and the mean's t interval.

    Equal values have exactly their own value as mean and an sd of exactly 0.

    Raises:
        ValueError: there are no values, one is not finite, or ``level`` is no share.

    >>> summary([1.0, 3.0]).sd
    1.4142135623730951
    """
    given = checked(values)
    if not given:
        raise ValueError("a summary needs at least one value, found none")
    mean = _mean(given)
    return Summary(
        n=len(given),
        mean=mean,
        sd=_sd(given, mean=mean) if len(given) > 1 else None,
        interval=t_interval(given, level=level),
    )


def t_interval(values: Sequence[float], *, level: float = 0.95) -> Interval:
    """Return the interval of the mean: mean +- t sd / sqrt(n).

    In units of the sd, the half width at 95 % is 2.48 for three runs, 1.24 for five and
    0.72 for ten. Exact for normal values. For n < 2 it is the whole line.

    Source: Student, "The Probable Error of a Mean", Biometrika 6(1), 1908.

    Raises:
        ValueError: a value is not finite, or ``level`` is no share.

    >>> found = t_interval([1.0, 2.0, 3.0])
    >>> round(found.low, 3), round(found.high, 3)  # 2 +- 4.303 / sqrt(3)
    (-0.484, 4.484)
    """
    return _around_mean(values, level=level, next_run=False)


def prediction_interval(values: Sequence[float], *, level: float = 0.95) -> Interval:
    """Return the interval that one more run falls into: mean +- t sd sqrt(1 + 1/n).

    Exact for normal values. For n < 2 it is the whole line.

    Source: Hahn, "Factors for Calculating Two-Sided Prediction Intervals for Samples from
    a Normal Distribution", JASA 64(327), 1969, for one further observation.

    Raises:
        ValueError: a value is not finite, or ``level`` is no share.

    >>> round(prediction_interval([1.0, 2.0, 3.0]).half_width, 3)  # 4.303 sqrt(4/3)
    4.968
    """
    return _around_mean(values, level=level, next_run=True)


def _around_mean(values: Sequence[float], *, level: float, next_run: bool) -> Interval:
    given = checked(values)
    n = len(given)
    t = critical_t(level, df=max(n - 1, 1))
    if n < 2:
        return whole_line(level)
    mean = _mean(given)
    sd = _sd(given, mean=mean)
    half = t * sd * math.sqrt(next_run + 1 / n)
    return Interval(low=mean - half, high=mean + half, level=level)


def _mean(values: tuple[float, ...]) -> float:
    """Return the mean, within the values in spite of rounding."""
    return min(max(math.fsum(values) / len(values), min(values)), max(values))


def _sd(values: tuple[float, ...], *, mean: float) -> float:
    squares = math.fsum((value - mean) ** 2 for value in values)
    return math.sqrt(squares / (len(values) - 1))
