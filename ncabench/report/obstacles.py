"""Why a measured value cannot be compared with the printed one beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ncabench import catalog
from ncabench.plan.entry import Entry, matches
from ncabench.record.stored import StoredRun
from ncabench.report import cards, heads
from ncabench.suite.suite import CHOICES, COMPONENT_AXES, Column, Row, Suite

PAPER = "paper"  # the preset that is the paper's own setting
_TOLD = ("title", "paper", "default_preset", "table", "claim", "deviation", "expect", "exclude")
_HARMLESS = (
    *("timeout_s", "checkpoint_s", "log_every", "threads", "memory_limit_gb", "together"),
)
_COUNTED = ("model", "perception", "update", "task")  # families that decide a parameter count
_PLAIN_ENGINE = "eager"


def of_value(
    suite: Suite, entries: Sequence[Entry], *, row: Row, column: Column, metric: str
) -> tuple[str, ...]:
    """Return what keeps a measured quality from comparison, the first reason first.

    Args:
        suite: whose preset and ``--set`` values are in force.
        entries: those of the cell.
        row: of the cell.
        column: likewise.
        metric: the quantity that the paper prints there.
    """
    return (
        *_changed(suite, entries, row=row, column=column),
        *_metric(suite, column, metric=metric),
        *heads.in_place(suite),
        *_data(entries),
    )


def of_count(
    suite: Suite, entries: Sequence[Entry], *, row: Row, column: Column
) -> tuple[str, ...]:
    """Return what keeps a parameter count from comparison: another model was counted."""
    return _changed(suite, entries, row=row, column=column, only=(*_COUNTED, "grid", "include"))


def of_cost(
    suite: Suite,
    entries: Sequence[Entry],
    *,
    row: Row,
    column: Column,
    runs: Sequence[StoredRun],
) -> tuple[str, ...]:
    """Return what keeps a cost from comparison, even as a ratio, or as out of memory."""
    engines = sorted({run.engine for run in runs} - {_PLAIN_ENGINE})
    on_cpu = any(run.device_class == "cpu" for run in runs)
    return (
        *_changed(suite, entries, row=row, column=column),
        *_data(entries),
        *(["measured on a CPU"] if on_cpu else []),
        *(f"engine {engine}, and the paper's code is plain" for engine in engines),
    )


def of_memory(
    suite: Suite, runs: Sequence[StoredRun], *, hardware: str, device_class: str
) -> tuple[str, ...]:
    """Return why running out of memory, or not, does not compare: the size of the card.

    Args:
        suite: whose ``memory_limit_gb`` may emulate the paper's card.
        runs: of the cell.
        hardware: what the paper says of its own.
        device_class: where the table's runs ran.
    """
    devices = {run.device_class for run in runs} or {device_class}
    if "cpu" in devices:
        return ("measured on a CPU",)
    if cards.is_emulated(suite.execution.memory_limit_gb, hardware):
        return ()
    if all(cards.is_papers(device, hardware) for device in devices):
        return ()
    return ("another card's memory",)


def _changed(
    suite: Suite,
    entries: Sequence[Entry],
    *,
    row: Row,
    column: Column,
    only: tuple[str, ...] = (),
) -> tuple[str, ...]:
    where = {**row.where, **column.where}
    points = [label for one in entries for label in one.labels if matches(label, where)]
    roles: set[str] = {entry.role for entry in entries}

    def concerns(key: str) -> bool:
        path = key.split(".")
        if only and path[0] not in only:
            return False
        return _concerns(path, points, where=where, column=column, roles=roles)

    reasons = []
    if suite.preset != PAPER and any(concerns(key) for key in _preset_keys(suite)):
        reasons.append(f"preset {suite.preset!r}")
    by_hand = [text for text in suite.sets if concerns(text.partition("=")[0].strip())]
    if by_hand:
        reasons.append(f"set by hand: {', '.join(by_hand)}")
    return tuple(reasons)


def _concerns(
    path: Sequence[str],
    points: Sequence[Mapping[str, Any]],
    *,
    where: Mapping[str, Any],
    column: Column,
    roles: set[str],
) -> bool:
    """Tell whether a key, set by a preset or by hand, may change a cell's value.

    Which rng_seeds run and how often is no change, nor is what other cells are about.
    """
    section, name = path[0], path[1] if len(path) > 1 else ""
    if section in _TOLD:
        return False
    if section == "execution":
        return name not in _HARMLESS
    if section in ("profile", "profile_at"):
        return "profile" in roles and name != "repeats"
    if section == "grid":
        return name != "rng_seed" and name not in where
    if section == "metric":
        return name == column.value.partition("/")[0]
    if section in (*COMPONENT_AXES, *CHOICES) and name:
        named = [point[section] for point in points if section in point]
        return name in named or (section == "protocol" and not named)
    return True


def _preset_keys(suite: Suite) -> list[str]:
    presets = suite.document.get("preset", {})
    overlay = presets.get(suite.preset, {}) if isinstance(presets, Mapping) else {}
    return list(_leaves(overlay))


def _leaves(table: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}"


def _metric(suite: Suite, column: Column, *, metric: str) -> list[str]:
    name = column.value.partition("/")[0]
    if name not in suite.components["metric"]:
        return []
    reasons = []
    shown = heads.metric_of(suite, name)
    if shown in heads.substitutes(suite):
        reasons.append(shown)
    if metric and not heads.is_quantity(suite, name, printed_metric=metric):
        reasons.append(f"the paper prints {metric}, and {shown} was measured")
    return reasons


def _data(entries: Sequence[Entry]) -> list[str]:
    used = [one.spec.get("training", one.spec).get("data") for one in entries]
    kinds = dict.fromkeys(data["kind"] for data in used if data)
    reasons = []
    for kind in kinds:
        given = catalog.describe("data", kind).attributes
        if given.get("stands_for"):
            name = given.get("label", kind)
            reasons.append(f"{name} (substitute for {given['stands_for']})")
    return reasons
