"""What a report says besides its tables: verdicts counted, claims, the paper's arithmetic."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ncabench.papers import arithmetic
from ncabench.papers.finding import Finding
from ncabench.papers.printed import called
from ncabench.report.claims import Compared, Judged
from ncabench.report.judged import JudgedTable
from ncabench.report.verdicts import WORDS_OF_VERDICTS
from ncabench.report.view import ClaimView, FindingView
from ncabench.suite.suite import Suite

CLAIM_WORDS = ("supported", "refuted", "undecided")
_QUIET = {  # findings that are only counted: what came out, and how the count names it
    "consistent": "recoveries consistent",
    "one score fits": "sets of recoveries that one score fits",
    "agrees": "repetitions that agree",
    "holds": "statements that hold",
    "not printed": "statements without printed numbers",
}


def counts(tables: Iterable[JudgedTable]) -> dict[str, int]:
    """Return how many printed cells got each verdict, in the order of the words."""
    found = [one for table in tables for line in table.verdicts for one in line if one]
    words = Counter(one.word for one in found)
    return {word: words[word] for word in WORDS_OF_VERDICTS} if found else {}


def summary(verdicts: Mapping[str, int], claims: Sequence[Judged]) -> tuple[str, ...]:
    """Return how many printed cells and claims hold, a line each.

    >>> summary({"reproduced": 1, "differs": 0}, [])
    ('1 printed cell: 1 reproduced, 0 differ.',)
    """
    lines = []
    if verdicts:
        total = sum(verdicts.values())
        cells = "printed cell" if total == 1 else "printed cells"
        lines.append(f"{total} {cells}: {_told(verdicts)}.")
    if claims:
        words: Counter[str] = Counter(one.word for one in claims)
        judged = {word: words[word] for word in CLAIM_WORDS}
        noun = "claim" if len(claims) == 1 else "claims"
        lines.append(f"{len(claims)} {noun}: {_told(judged)}.")
    return tuple(lines)


def claim_views(claims: Sequence[Judged]) -> tuple[ClaimView, ...]:
    """Return the paper's claims as a report writes them."""
    return tuple(_claim(one) for one in claims)


def finding_views(suite: Suite) -> tuple[FindingView, ...]:
    """Return what the printed numbers of the suite's tables say of each other."""
    tables = list(dict.fromkeys(one.paper_table for one in suite.tables if one.paper_table))
    if not (suite.paper and tables):
        return ()
    return tuple(_finding(one) for one in arithmetic.findings(suite.paper, tables))


def _told(words: Mapping[str, int]) -> str:
    plural = {"differs": "differ"}
    told = [
        (count, word if count == 1 else plural.get(word, word)) for word, count in words.items()
    ]
    return ", ".join(f"{count} {word}" for count, word in told)


def _claim(claim: Judged) -> ClaimView:
    needs, device = claim.rng_seeds_note, claim.device_class
    return ClaimView(
        id=claim.id,
        statement=claim.statement,
        source=claim.source,
        word=claim.word,
        reason=claim.reason,
        label=claim.label,
        compared=f"{claim.relation}, in {claim.value}{_place(claim.where)}",
        device=f"measured on {device}" if device else "",
        needs=f"rng_seeds that would decide: {needs}" if needs else "",
        as_printed=claim.as_printed.text,
        exact={
            "relation": claim.relation,
            "value": claim.value,
            "where": dict(claim.where),
            "device_class": claim.device_class,
            "rng_seeds_needed": claim.rng_seeds_needed,
            "as_printed": {"word": claim.as_printed.word, "text": claim.as_printed.text},
            "comparisons": [_compared(one) for one in claim.comparisons],
        },
    )


def _place(where: Mapping[str, Any]) -> str:
    parts = [
        f"{axis} {' and '.join(value) if isinstance(value, tuple) else value}"
        for axis, value in where.items()
    ]
    return f" ({', '.join(parts)})" if parts else ""


def _compared(one: Compared) -> dict[str, Any]:
    ends = (one.interval.low, one.interval.high) if one.interval else ()
    low, high = [end if math.isfinite(end) else None for end in ends] or (None, None)
    return {
        "context": dict(one.context),
        "comparison": one.text,
        "word": one.word,
        "reason": one.reason,
        "n": one.n,
        "rng_seeds": list(one.rng_seeds),
        "mean_margin": one.mean,
        "interval_low": low,
        "interval_high": high,
    }


def _finding(finding: Finding) -> FindingView:
    where = called(*finding.tables)
    return FindingView(
        text=f"{where}, {finding.verdict}: {finding.text}.",
        kind=_QUIET.get(finding.verdict, finding.verdict),
        notable=finding.verdict not in _QUIET,
        exact=finding.as_json(),
    )
