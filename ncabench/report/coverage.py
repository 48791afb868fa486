"""What has become of printed cells, of a whole paper or of one suite's tables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ncabench.papers.ledger import Ledger, Printed
from ncabench.papers.printed import called
from ncabench.report.cells import Cell
from ncabench.report.judged import JudgedTable
from ncabench.report.verdicts import Verdict, comparable
from ncabench.suite.suite import Deviation, Suite

NOT_RUN = "not run"
WORDS = ("differs", "reproduced", "undecided", "not comparable", NOT_RUN)  # the first wins
NOWHERE = "in no suite that is shown here"
_STAND_IN = re.compile(r"(?:^|;)\s*([^;]+?) \(substitute for ([^()]+)\)")
Place = tuple[str, str, str]  # table, row, column


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What has become of a printed cell.

    Attributes:
        printed: the cell.
        here: a table of some suite shows it.
        word: one of ``WORDS``.
        why: the reason of the word, ``""`` where it needs none.
    """

    printed: Printed
    here: bool
    word: str
    why: str


def of_paper(book: Ledger, judged: Iterable[JudgedTable]) -> dict[Place, Fate]:
    """Return the fate of every printed cell that a measured value can agree with.

    Args:
        book: what the paper prints.
        judged: the tables of every suite that is about it.
    """
    here = of_tables(judged)
    return {
        place: here.get(place, Fate(printed=printed, here=False, word=NOT_RUN, why=NOWHERE))
        for place, printed in _printed(book)
    }


def of_tables(judged: Iterable[JudgedTable]) -> dict[Place, Fate]:
    """Return the fate of the printed cells that some of one paper's tables show.

    Where several tables measure one cell, the first of ``WORDS`` counts: a cell that differs
    in one is not called reproduced for the sake of another.
    """
    fates: dict[Place, Fate] = {}
    for place, cell, verdict in _places(judged):
        word, why = _told(cell, verdict)
        known = fates.get(place)
        if cell.printed and (known is None or WORDS.index(word) < WORDS.index(known.word)):
            fates[place] = Fate(printed=cell.printed, here=True, word=word, why=why)
    return fates


def counts(fates: Mapping[Place, Fate]) -> dict[str, int]:
    """Return how many cells have each word, in the order of ``WORDS``.

    >>> counts({})
    {'differs': 0, 'reproduced': 0, 'undecided': 0, 'not comparable': 0, 'not run': 0}
    """
    words = Counter(one.word for one in fates.values())
    return {word: words[word] for word in WORDS}


def unreproduced(fates: Mapping[Place, Fate]) -> list[dict[str, Any]]:
    """Return the quantities of which no printed cell is reproduced, and why, most cells first.

    Each is a quantity, how many cells print it and where, and how often each reason holds.
    """
    by_metric: dict[str, dict[Place, Fate]] = {}
    for place, fate in fates.items():
        by_metric.setdefault(fate.printed.metric, {})[place] = fate
    lines = [
        {
            "quantity": metric,
            "cells": len(cells),
            "where": called(*dict.fromkeys(table for table, _, _ in cells)),
            "why": _reasons(list(cells.values())),
        }
        for metric, cells in by_metric.items()
        if all(fate.word != "reproduced" for fate in cells.values())
    ]
    return sorted(lines, key=lambda one: (-one["cells"], one["quantity"]))


def sentences(unreproduced: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the same in words, a line for all the quantities that have the same reasons.

    >>> why = [{"word": "undecided", "why": "one rng_seed", "cells": 4}]
    >>> sentences([{"quantity": "SSIM", "cells": 4, "where": "table 1", "why": why}])
    ('Not reproduced: SSIM (4 cells): undecided (one rng_seed).',)
    """
    by_reason: dict[str, list[str]] = {}
    for one in unreproduced:
        count = f"{one['cells']} cell{'' if one['cells'] == 1 else 's'}"
        by_reason.setdefault(_because(one["why"]), []).append(f"{one['quantity']} ({count})")
    return tuple(
        f"Not reproduced: {', '.join(names)}: {why}." for why, names in by_reason.items()
    )


def stand_ins(unreproduced: Sequence[Mapping[str, Any]], suite: Suite) -> tuple[str, ...]:
    """Return why what stands for a printed quantity or for its data does, a line each.

    It is the reason of the first deviation of the suite that names it as what is here.
    """
    texts = [reason["why"] for one in unreproduced for reason in one["why"]]
    named = dict.fromkeys(pair for text in texts for pair in _STAND_IN.findall(text))
    lines = []
    for name, paper in named:
        told = (one for one in suite.deviations if _names(one, name))
        if (found := next(told, None)) is not None:
            lines.append(f"{name} is in place of {paper}: {found.why.rstrip('.')}.")
    return tuple(lines)


def _names(deviation: Deviation, name: str) -> bool:
    text = f"{deviation.substitute} {deviation.here}"
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


def _because(reasons: Sequence[Mapping[str, Any]]) -> str:
    if len(reasons) == 1:
        return _reason(reasons[0]["word"], reasons[0]["why"])
    return ", ".join(
        f"{one['cells']} {_reason(_counted(one['word'], one['cells']), one['why'])}"
        for one in reasons
    )


def _counted(word: str, count: int) -> str:
    return "differ" if word == "differs" and count > 1 else word


def _reason(word: str, why: str) -> str:
    return f"{word} ({why})" if why else word


def _reasons(fates: Sequence[Fate]) -> list[dict[str, Any]]:
    told = Counter((one.word, one.why) for one in fates)
    ordered = sorted(told.items(), key=lambda one: (-one[1], one[0]))
    return [{"word": word, "why": why, "cells": n} for (word, why), n in ordered]


def _printed(book: Ledger) -> Iterator[tuple[Place, Printed]]:
    for table, rows in book.cells.items():
        for row, cells in rows.items():
            for column, printed in cells.items():
                if comparable(printed):
                    yield (table, row, column), printed


def _places(tables: Iterable[JudgedTable]) -> Iterator[tuple[Place, Cell, Verdict]]:
    for judged in tables:
        table = judged.table
        for row, cells, verdicts in zip(table.rows, judged.cells, judged.verdicts, strict=True):
            for column, cell, verdict in zip(table.columns, cells, verdicts, strict=True):
                if verdict is not None:
                    place = (table.paper_table, row.printed, column.printed)
                    yield place, cell, verdict


def _told(cell: Cell, verdict: Verdict) -> tuple[str, str]:
    if cell.run_ids or cell.outcomes:
        return verdict.word, verdict.reason
    return NOT_RUN, "planned" if cell.planned else "not planned by the preset that was run"
