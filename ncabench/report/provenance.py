"""Where every number of a report comes from: its records, and what these say of themselves."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from typing import Any

from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report.cost import traced
from ncabench.report.facts import UNKNOWN, Facts, Json, name
from ncabench.report.judged import JudgedTable
from ncabench.report.view import Head, RowView, TableView

FILE = "provenance.json"


def document(
    plan: Plan,
    runs: Sequence[StoredRun],
    *,
    judged: Sequence[JudgedTable],
    views: Sequence[TableView],
    cost: TableView,
) -> str:
    """Return as JSON which records each cell shows, and what these state of themselves.

    Args:
        plan: whose suite, preset and ``--set`` values are stated.
        runs: those stored of the plan's entries.
        judged: the suite's tables.
        views: the same as they are written, in the same order.
        cost: the table of costs, as it is written.

    Raises:
        RecordError: a record is missing or damaged.
    """
    facts, by_id = Facts(), {run.run_id: run for run in runs}
    pairs = list(zip(judged, views, strict=True))
    timed = traced(plan, runs)
    shown = [run for each, _ in pairs for run in each.chosen.runs.values()]
    shown += [run for row in timed for run in row]
    records = {name(run): facts.of(run) for run in sorted(shown, key=name)}
    suite = plan.suite
    content = {
        "suite": suite.name,
        "preset": suite.preset,
        "set": list(suite.sets),
        "written_by": f"ncabench {metadata.version('ncabench')}",
        "tables": {
            **{view.id: _table(view, one, by_id) for one, view in pairs},
            cost.id: {"cells": list(_costs(cost, timed)), "notes": list(cost.notes)},
        },
        "records": records,
        "environments": facts.environments,
        "sources": facts.sources,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _table(view: TableView, one: JudgedTable, by_id: Mapping[str, StoredRun]) -> Json:
    cells = [
        {
            **_place(row, head, at=(y, x)),
            "measured": shown.measured,
            "printed": shown.printed,
            "records": sorted(name(by_id[id]) for id in cell.run_ids),
            "notes": sorted({*view.marks, *row.marks, *head.marks, *shown.all_marks}),
        }
        for y, (row, line) in enumerate(zip(view.rows, one.cells, strict=True))
        for x, (head, shown, cell) in enumerate(zip(view.heads, row.cells, line, strict=True))
    ]
    return {
        "device_class": one.chosen.device_class,
        "other_device_classes": list(one.chosen.others),
        "cells": cells,
        "notes": list(view.notes),
    }


def _costs(view: TableView, timed: Sequence[Sequence[StoredRun]]) -> Iterator[Json]:
    for y, (row, runs) in enumerate(zip(view.rows, timed, strict=True)):
        for x, (head, shown) in enumerate(zip(view.heads, row.cells, strict=True)):
            yield {
                **_place(row, head, at=(y, x)),
                "measured": shown.measured,
                "records": sorted(map(name, runs)),
                "notes": sorted({*row.marks, *shown.all_marks}),
            }


def _place(row: RowView, head: Head, *, at: tuple[int, int]) -> Json:
    """Where a cell stands: by its labels, and by its indices, since labels may repeat."""
    return {"row": row.label, "group": head.group, "column": head.label, "at": list(at)}


def summary(text: str) -> dict[str, str]:
    """Return what a document of provenance says in all, by its heads, for a reader.

    Args:
        text: as `document` gives it.
    """
    content = json.loads(text)
    records = list(content["records"].values())
    environments = [content["environments"][one["environment"]] for one in records]
    asked = [f"preset {content['preset']}", *(f"--set {one}" for one in content["set"])]
    digests = dict.fromkeys(
        f"{data['kind']} (SHA-256 {str(data.get('digest'))[:12]})"
        for one in records
        for data in one["data"]
    )
    return {
        "Suite": f"{content['suite']}, {', '.join(asked)}; {content['written_by']}",
        "Records": _counted(one["role"] for one in records),
        "Commits": _counted(one["commit"] for one in records),
        "Devices": _counted(one["device"] for one in records),
        "Drivers": _counted(_driver(one) for one in environments),
        "PyTorch": _counted(
            str(one.get("packages", {}).get("torch") or UNKNOWN) for one in environments
        ),
        "Precision": _counted(_precision(one.get("flags", {})) for one in environments),
        "Data": ", ".join(digests) or "none",
        "Sources": _counted(one["state"] for one in records),
        "Of each cell": f"its records, and all that they state, are in {FILE}",
    }


def markdown(text: str) -> str:
    """Return the summary of a document of provenance as a section of Markdown."""
    lines = [f"- {head}: `{said}`" for head, said in summary(text).items()]
    return "\n".join(["", "## Provenance", "", *lines, ""])


def _counted(words: Iterator[str]) -> str:
    """Return each word and how often it comes, the most frequent first.

    >>> _counted(iter(["a", "b", "a"]))
    'a (2), b (1)'
    """
    found = sorted(Counter(words).items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{word} ({count})" for word, count in found) or "none"


def _driver(environment: Mapping[str, Any]) -> str:
    return str((environment.get("gpu") or {}).get("driver") or UNKNOWN)


def _precision(flags: Mapping[str, Any]) -> str:
    """Return how products of float32 were rounded.

    >>> _precision({"matmul_tf32": False, "cudnn_tf32": True})
    'TF32 for convolutions True, for matrices False'
    """
    if "cudnn_tf32" not in flags:
        return UNKNOWN
    of_matrices = flags.get("matmul_tf32")
    return f"TF32 for convolutions {flags['cudnn_tf32']}, for matrices {of_matrices}"
