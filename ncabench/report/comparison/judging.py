"""Which of A and B is better, as far as the intervals of all rows together can say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ncabench import catalog
from ncabench.report.comparison.compared import UNDECIDED, Better, Compared
from ncabench.stats.power import seeds_to_detect
from ncabench.suite.suite import Suite

REFERENCE = "empty"  # of a metric: the score of an all-zero image, the same for every model


def direction(suite: Suite, value: str, *, kinds: Sequence[str] = ()) -> Better:
    """Return which way of a value is good: as its metric says, or else a column of the suite.

    Recovery is better when higher, whatever the metric.

    Args:
        suite: whose columns say so of other values.
        value: named as a table's column names it.
        kinds: of the metric that it is a value of; none if it is of another sort.
    """
    quantity = value.partition("/")[2]
    if not kinds or not all(catalog.has("metric", kind) for kind in kinds):
        columns = [column for table in suite.tables for column in table.columns]
        return next((one.better for one in columns if one.value == value), "none")
    if quantity == REFERENCE:
        return "none"
    if quantity.startswith("recovery"):
        return "higher"
    higher = {
        bool(catalog.describe("metric", kind).attributes["higher_is_better"]) for kind in kinds
    }
    return "none" if len(higher) > 1 else "higher" if higher == {True} else "lower"


def holm(p_values: Sequence[float], *, level: float = 0.95) -> tuple[bool, ...]:
    """Return which tests reject when the chance of any false one is to be ``1 - level``.

    Source: Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian
    Journal of Statistics 6(2), 1979.

    >>> holm([0.03, 0.01, 0.2])  # 0.01 <= 0.05/3, but 0.03 > 0.05/2
    (False, True, False)
    """
    rejected = [False] * len(p_values)
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[place] > (1 - level) / (len(p_values) - rank):
            break
        rejected[place] = True
    return tuple(rejected)


def judged(rows: Sequence[Compared], *, level: float) -> tuple[Compared, ...]:
    """Return the rows with a verdict in each that only the test can give."""
    tested = [row.p_value for row in rows if row.p_value is not None and row.is_open]
    sure = iter(holm(tested, level=level))
    corrected = 1 - (1 - level) / max(len(tested), 1)
    return tuple(
        _decided(row, is_sure=next(sure), corrected=corrected) if row.is_open else row
        for row in rows
    )


def _decided(row: Compared, *, is_sure: bool, corrected: float) -> Compared:
    assert row.difference is not None
    assert row.sd is not None
    if is_sure:
        return replace(row, verdict=_word(row.better, row.difference))
    return replace(
        row,
        verdict=UNDECIDED,
        reason=_why(row),
        rng_seeds_needed=seeds_to_detect(row.difference, row.sd, level=corrected),
    )


def _why(row: Compared) -> str:
    if row.sd == 0 == row.difference:
        return "equal in every pair"
    return "the interval holds 0" if 0.0 in row.interval else "not after Holm's correction"


def _word(better: Better, difference: float) -> str:
    if better == "none":
        return "B higher" if difference > 0 else "A higher"
    return "B better" if (difference > 0) == (better == "higher") else "A better"
