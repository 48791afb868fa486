"""Names what is asked by its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ncabench import catalog

LENGTH = 12


def identity(spec: Mapping[str, Any]) -> str:
    """Return the id of a spec: the first 12 hex digits of its SHA-256 as canonical JSON.

    Where the data has a digest, that stands for the data set's selection and for the task's
    parameter that selects, so a file may move. An evaluation's training counts by its id, and
    so does a donor, by whichever names a protocol selects it. What a suite calls its
    components does not count, save for metrics, since values are named after them. Of
    components from outside the digest counts, not where they are.

    >>> identity({"b": 1.0, "a": 2}) == identity({"a": 2, "b": 1.0})
    True
    >>> identity({"a": 1}) == identity({"a": 1.0})
    False
    """
    text = json.dumps(_counting(spec), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def _counting(spec: Mapping[str, Any]) -> dict[str, Any]:
    counting = {name: one for name, one in spec.items() if name not in ("training", "donor")}
    protocol = spec.get("protocol")
    if protocol and "donor_id" in spec:
        counting["protocol"] = {name: protocol[name] for name in protocol if name != "donor"}
    if "outside" in counting:
        there = counting["outside"]
        counting["outside"] = {name: there[name]["sha256"] for name in there}
    data = counting.get("data")
    if not data or data["digest"] is None:
        return counting
    counting["data"] = {name: data[name] for name in ("kind", "digest")}
    reads = catalog.describe("task", spec["task"]["kind"]).attributes["reads"]
    counting["task"] = {name: one for name, one in spec["task"].items() if name != reads[1]}
    return counting
