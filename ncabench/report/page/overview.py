"""What the page says first: of each paper, what holds, what does not, and what is not known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ncabench.papers import arithmetic, ledger
from ncabench.papers.printed import called
from ncabench.report import coverage
from ncabench.report.page.gathered import Gathered
from ncabench.report.statements import CLAIM_WORDS

CONTRADICTIONS = ("contradicted", "differs", "impossible")  # of findings in printed numbers


def papers(gathered: Sequence[Gathered]) -> list[dict[str, Any]]:
    """Return an overview of each paper, of those that no suite here is about too."""
    return [_paper(name, gathered) for name in ledger.papers()]


def _paper(name: str, gathered: Sequence[Gathered]) -> dict[str, Any]:
    book = ledger.load(name)
    mine = [one for one in gathered if one.plan.suite.paper == name]
    fates = coverage.of_paper(book, [table for one in mine for table in one.judged])
    claims = [
        {
            "suite": one.plan.suite.name,
            "word": each.word,
            "head": each.head,
            "lines": each.lines,
        }
        for one in mine
        for each in one.claims
    ]
    words = Counter(one["word"] for one in claims)
    findings = arithmetic.findings(name)
    verdicts = Counter(one.verdict for one in findings)
    return {
        "paper": name,
        "title": book.title,
        "version": book.version,
        "suites": [one.plan.suite.name for one in mine],
        "printed": len(fates),
        "here": sum(one.here for one in fates.values()),
        "cells": coverage.counts(fates),
        "unreproduced": coverage.unreproduced(fates),
        "claim_words": {word: words[word] for word in CLAIM_WORDS},
        "claims": claims,
        "contradictions": [
            f"{called(*one.tables)}, {one.verdict}: {one.text} ({one.source})"
            for one in findings
            if one.verdict in CONTRADICTIONS
        ],
        "other_findings": {
            word: verdicts[word] for word in sorted(verdicts) if word not in CONTRADICTIONS
        },
    }
