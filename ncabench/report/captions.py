"""The lines under a table's title: where it was measured, and how far from the paper."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ncabench.papers import ledger
from ncabench.papers.printed import called
from ncabench.report import heads
from ncabench.report.chosen import Chosen
from ncabench.report.judged import JudgedTable
from ncabench.report.margins import COUNTED, is_cost, project_margin
from ncabench.report.verdicts import Verdict
from ncabench.report.view import SIGNS, SPREAD
from ncabench.suite.suite import Suite, Table

_UNSAID = ("deviation", "claim", "table", "title")  # these show in the report by themselves


def quality(suite: Suite, *, table: Table, chosen: Chosen) -> tuple[str, ...]:
    """Return the lines under a table of measured quality."""
    return (
        *_paper(suite, table),
        *device(chosen),
        *_substitutes(suite, table),
        *(f"SUBSTITUTE DATA: {named}." for named in heads.in_place(suite)),
        *conditions(suite),
    )


def device(chosen: Chosen) -> tuple[str, ...]:
    """Return where the numbers come from, and what else there is."""
    if not chosen.runs:
        return ("Nothing of this table was run.",)
    lines = [f"Measured on: {chosen.device_class}, engine {' and '.join(chosen.engines)}."]
    if chosen.others:
        lines.append(f"Also measured, not shown here: {', '.join(chosen.others)}.")
    return tuple(lines)


def conditions(suite: Suite) -> tuple[str, ...]:
    """Return what the user or a preset changed, and emulated limits; each is loud."""
    lines = []
    if suite.preset != "paper":
        changed = ", ".join(_flat(_overlay(suite), suite.document)) or "no key"
        lines.append(f"PRESET {suite.preset!r}, {_warning(suite)}: it sets {changed}.")
    if suite.sets:
        lines.append(f"SET BY HAND: {', '.join(suite.sets)}.")
    if suite.execution.memory_limit_gb is not None:
        lines.append(f"EMULATED CARD: memory limited to {_gb(suite)} GB.")
    if suite.profile is not None and suite.profile.engines:
        lines.append("Engines and precisions are those of the heads, measured in turns.")
    else:
        lines.append(f"Precision: {_precisions(suite)}.")
    return tuple(lines)


def verdicts(judged: JudgedTable, *, told: Verdict | None) -> tuple[str, ...]:
    """Return how to read values and verdicts, and the verdict that most cells share.

    Args:
        judged: the table.
        told: the verdict that is told here once, or None.
    """
    lines = [SPREAD]
    found = [one for line in judged.verdicts for one in line if one is not None]
    if margins := _margins(judged):
        lines.append(
            "Reproduced: the mean is within a margin of what rounds to the printed value, "
            f"at 95 %. Margins: {'; '.join(margins)}."
        )
    for row in dict.fromkeys(one.ratio_to for one in found if one.ratio_to):
        lines.append(f"In parentheses: ratio to {row}, here for the printed one.")
    if any(one.rng_seeds_needed for one in found):
        lines.append("Needs N: as many rng_seeds would decide, with 80 % chance.")
    if told is not None:
        reason = f": {told.reason}" if told.reason else ""
        lines.append(f"{SIGNS[told.word]} is {told.word}{reason}.")
    return tuple(lines)


def _margins(judged: JudgedTable) -> list[str]:
    """Return the project's margin for each quantity of a table that has one."""
    margins = {}
    columns = zip(judged.table.columns, zip(*judged.cells, strict=True), strict=True)
    for column, cells in columns:
        for printed in (cell.printed for cell in cells if cell.printed):
            if printed.metric in COUNTED:
                margins[printed.metric] = "none, each count must round to it"
            elif column.margin is None and printed.value is not None:
                margin = project_margin(printed)
                of = " of a ratio between rows" if is_cost(printed) else ""
                margins[printed.metric] = f"{margin}{of}" if margin else "undeclared"
    return [f"{metric} {margin}" for metric, margin in margins.items()]


def oom_word(suite: Suite) -> str:
    """Return the word for an entry that ran out of memory."""
    return (
        "OOM" if suite.execution.memory_limit_gb is None else f"OOM ({_gb(suite)} GB emulated)"
    )


def _precisions(suite: Suite) -> str:
    """Return the suite's precision, and for which grid points it has another."""
    named = {"default": "the framework's default"}
    usual = suite.execution.precision
    if suite.profile is not None and suite.profile.precision:
        usual = suite.profile.precision
    others = [
        f"{named.get(one.profile.precision, one.profile.precision)} where "
        + ", ".join(f"{axis} is {name}" for axis, name in one.where.items())
        for one in suite.profiles_at
        if one.profile.precision not in ("", usual)
    ]
    return "; ".join([named.get(usual, usual), *others])


def _warning(suite: Suite) -> str:
    if not suite.paper:
        return "NOT THE SUITE'S FULL SETTING"
    return "NOT THE PAPER'S SETTING AND NOT COMPARABLE WITH ITS NUMBERS"


def _paper(suite: Suite, table: Table) -> tuple[str, ...]:
    if not suite.paper:
        return ("No paper prints this table.",)
    if not table.paper_table:
        return (f"The paper ({suite.paper}) prints no such table.",)
    book = ledger.load(suite.paper)
    rows = book.table(table.paper_table).values()
    seeds = sorted({cell.seeds for row in rows for cell in row.values()})
    hardware = sorted({cell.hardware for row in rows for cell in row.values()})
    return (
        f"Paper: {suite.paper}, {book.version}, {called(table.paper_table)}; "
        f"seeds: {', '.join(seeds)}; hardware: {', '.join(hardware)}.",
    )


def _substitutes(suite: Suite, table: Table) -> tuple[str, ...]:
    names = {column.value.partition("/")[0] for column in table.columns}
    metrics = [name for name in suite.components["metric"] if name in names]
    used = dict.fromkeys(heads.metric_of(suite, name) for name in metrics)
    loud = [name for name in used if name in heads.substitutes(suite)]
    return tuple(
        f"SUBSTITUTE METRIC: {name}; it is not the quantity that the paper prints, "
        "and not comparable with it."
        for name in loud
    )


def _overlay(suite: Suite) -> Mapping[str, Any]:
    presets = suite.document.get("preset", {})
    overlay = presets.get(suite.preset, {}) if isinstance(presets, Mapping) else {}
    return {key: value for key, value in overlay.items() if key not in _UNSAID}


def _flat(
    overlay: Mapping[str, Any], document: Mapping[str, Any], *, path: str = ""
) -> Iterator[str]:
    """Yield each key that a preset sets, with the value in force."""
    for key, value in overlay.items():
        held = document.get(key)
        if isinstance(value, Mapping) and isinstance(held, Mapping):
            yield from _flat(value, held, path=f"{path}{key}.")
        else:
            yield f"{path}{key} = {json.dumps(held, ensure_ascii=False)}"


def _gb(suite: Suite) -> str:
    return f"{suite.execution.memory_limit_gb:g}"
