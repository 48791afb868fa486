"""The lines under a table's title: where it was measured, and how far from the paper."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ncabench.papers import ledger
from ncabench.report import heads
from ncabench.report.chosen import Chosen
from ncabench.suite.suite import Suite, Table

_UNSAID = ("deviation", "claim", "table", "title")  # these show in the report by themselves


def quality(suite: Suite, *, table: Table, chosen: Chosen) -> tuple[str, ...]:
    """Return the lines under a table of measured quality."""
    return (
        *_paper(suite, table),
        *device(chosen),
        *_substitutes(suite, table),
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
    if suite.execution.precision == "default":
        lines.append("Precision: the framework's default.")
    else:
        lines.append(f"Precision: {suite.execution.precision}.")
    return tuple(lines)


def oom_word(suite: Suite) -> str:
    """Return the word for an entry that ran out of memory."""
    return (
        "OOM" if suite.execution.memory_limit_gb is None else f"OOM ({_gb(suite)} GB emulated)"
    )


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
        f"Paper: {suite.paper}, {book.version}, table {table.paper_table}; "
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
