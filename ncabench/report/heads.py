"""How tables and figures name what was measured: a substitute never by the paper's word."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ncabench import catalog
from ncabench.report.cells import PARTS
from ncabench.suite.suite import Column, Suite

_PLAIN = ("default", "float32")  # precisions that no column head needs to name


def metric_name(kind: str) -> str:
    """Return how tables name a metric; a substitute says what it stands for.

    >>> metric_name("st_lpips")
    'ST-LPIPS (substitute for LPIPS)'
    """
    stands_for = _attributes(kind).get("stands_for", "")
    if not stands_for:
        return _label(kind)
    return f"{_label(kind)} (substitute for {_label(stands_for)})"


def substitutes(suite: Suite) -> tuple[str, ...]:
    """Return the names of the suite's metrics that stand in for another."""
    kinds = [_kind(suite, name) for name in suite.components["metric"]]
    return tuple(metric_name(kind) for kind in kinds if _attributes(kind).get("stands_for"))


def head(suite: Suite, column: Column, *, printed_metric: str = "") -> str:
    """Return the head of a column, with the name of the metric that was really measured.

    Args:
        suite: names the metrics.
        column: its label is the paper's.
        printed_metric: the quantity that the paper prints there, ``""`` for none.
    """
    metric = column.value.partition("/")[0]
    label = column.label
    if metric in suite.components["metric"]:
        label = _named(_kind(suite, metric), label, printed_metric=printed_metric)
    if column.value in ("parameters", *PARTS):
        return label
    plain = suite.execution.precision in _PLAIN
    return ", ".join([label, *([] if plain else [suite.execution.precision]), *in_place(suite)])


def in_place(suite: Suite) -> tuple[str, ...]:
    """Return what the suite's deviations name as standing in for what the paper used."""
    named = (one.substitute for one in suite.deviations if one.substitute)
    return tuple(dict.fromkeys(named))


def metric_of(suite: Suite, name: str) -> str:
    """Return how to name one of the suite's metrics."""
    return metric_name(_kind(suite, name))


def is_quantity(suite: Suite, name: str, *, printed_metric: str) -> bool:
    """Tell whether a metric of the suite measures, or stands for, what the paper prints."""
    kind = _kind(suite, name)
    return _holds(printed_metric, _quantity(kind))


def _named(kind: str, label: str, *, printed_metric: str) -> str:
    """Put the name of the measured metric in place of the paper's word, or before the label."""
    own, name = _label(kind), metric_name(kind)
    paper = _quantity(kind)
    if printed_metric and not _holds(printed_metric, paper):
        name, paper = f"{name} (paper: {printed_metric})", printed_metric
    if name == own and _holds(label, own):
        return label
    if _holds(label, paper):
        return re.sub(_word(paper), name.replace("\\", r"\\"), label, count=1)
    return f"{name} {label}"


def _holds(text: str, word: str) -> bool:
    return re.search(_word(word), text) is not None


def _word(word: str) -> str:
    return rf"(?<![\w-]){re.escape(word)}(?![\w-])"


def _kind(suite: Suite, metric: str) -> str:
    return str(suite.components["metric"][metric]["kind"])


def _quantity(kind: str) -> str:
    """Return what papers call what a metric measures, or stands for."""
    meant = _attributes(kind).get("stands_for") or kind
    return str(_attributes(meant).get("quantity") or _label(meant))


def _label(kind: str) -> str:
    return str(_attributes(kind).get("label", kind))


def _attributes(kind: str) -> Mapping[str, Any]:
    return catalog.describe("metric", kind).attributes
