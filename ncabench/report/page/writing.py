"""Writes the page: the JSON document inside it, and what displays it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report.page import document
from ncabench.report.writer import Written, save

NAME = "index.html"
SCRIPTS = (  # in the order in which they run
    *("elements", "overview", "tables", "filters", "opened", "curves", "films", "start"),
)
STYLE, SCRIPT, DATA = "{{style}}", "{{script}}", "{{data}}"  # where they go in page.html


def write(plans: Sequence[Plan], runs: Sequence[StoredRun], *, out: Path) -> Written:
    """Write the page of some suites into the folder ``out``, as ``index.html``.

    Raises:
        RecordError: a run's files are missing or damaged.
        MachineError: the folder cannot be written.
    """
    files = save({Path(NAME): render(plans, runs).encode()}, out)
    return Written(text=f"All of it on one page: {files[0]}", files=files)


def render(plans: Sequence[Plan], runs: Sequence[StoredRun]) -> str:
    """Return the page of some suites, which needs no file and no network to be read.

    Args:
        plans: of the suites that are reported.
        runs: all that is stored.

    Raises:
        RecordError: a run's files are missing or damaged.
    """
    return fill(document.build(plans, runs))


def fill(content: Mapping[str, Any]) -> str:
    """Return the page with a document in it."""
    page, style = _web("page.html"), _web("page.css")
    script = "\n".join(_web(f"{name}.js") for name in SCRIPTS)
    filled = page.replace(STYLE, style, 1).replace(SCRIPT, script, 1)
    return filled.replace(DATA, embedded(content), 1)


def _web(name: str) -> str:
    home = resources.files("ncabench.report.page") / "web"
    return (home / name).read_text(encoding="utf-8")


def embedded(content: Any) -> str:
    r"""Return JSON that may stand in an HTML page: nothing in it can end the element.

    >>> embedded({"label": "</script>"})
    '{"label":"\\u003c/script>"}'
    """
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
