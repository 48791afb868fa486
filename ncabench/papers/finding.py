"""What comes out of a look at printed numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ncabench.interval import Interval

Kind = Literal["recovery", "shared", "same", "statement"]
OfRecovery = Literal["consistent", "clipped", "impossible"]
OfRecoveries = Literal["one score fits", "no one score fits"]
OfRepetition = Literal["agrees", "differs"]
OfStatement = Literal["holds", "contradicted", "within rounding", "not printed"]
Verdict = OfRecovery | OfRecoveries | OfRepetition | OfStatement


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that printed numbers say of each other.

    Attributes:
        kind: what was looked at.
        verdict: what came out.
        text: the same in words, with the printed numbers.
        tables: the tables that it speaks of.
        rows: the rows; of a contradiction, those that contradict.
        columns: the columns, likewise.
        source: where the paper prints or says it.
        id: the statement's name, ``""`` for the rest.
        interval: the score just after the perturbation that a recovery implies; None where
            it implies none.
    """

    kind: Kind
    verdict: Verdict
    text: str
    tables: tuple[str, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    source: str
    id: str = ""
    interval: Interval | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON knows it; an end that is not bounded is null."""
        bounds = (self.interval.low, self.interval.high) if self.interval else (None, None)
        ends = [None if end is None or abs(end) == float("inf") else end for end in bounds]
        low, high = (None if end is None else float(end) for end in ends)
        return {
            "kind": self.kind,
            "id": self.id,
            "verdict": self.verdict,
            "tables": list(self.tables),
            "rows": list(self.rows),
            "columns": list(self.columns),
            "source": self.source,
            "text": self.text,
            "implied_low": low,
            "implied_high": high,
        }
