"""Finds the data that tasks read, and names it by its digest."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ncabench import catalog
from ncabench.errors import NoData, Problem
from ncabench.suite.suite import Suite

Spec = dict[str, Any]
Read = tuple[Spec, Spec | None, list[Problem]]


@dataclass
class DataSets:
    """The data of a suite's tasks, each looked at once.

    Args:
        suite: the suite; relative paths are also tried from its folder.
        root: where data sets look for what is not shipped.
    """

    suite: Suite
    root: Path | None
    _read: dict[str, Read] = field(default_factory=dict)
    _missing: dict[str, str] = field(default_factory=dict)

    def read(self, name: str, task: Spec) -> Read:
        """Return the task with absolute paths, its data (or None), and what is wrong."""
        if name not in self._read:
            self._read[name] = self._look(name, task)
        return self._read[name]

    def missing(self, name: str, task: Spec) -> str:
        """Return what is missing of a task's data, or ``""``."""
        self.read(name, task)
        return self._missing.get(name, "")

    def _look(self, name: str, task: Spec) -> Read:
        reads = catalog.describe("task", task["kind"]).attributes.get("reads")
        if reads is None:
            return task, None, []
        first, parameter = reads
        kind = task.get(first, first)  # a parameter's name, or the kind itself
        if kind not in catalog.kinds("data"):
            return task, None, [_unknown(kind, where=f"task.{name}.{first}")]
        selection = self._absolute(task[parameter])
        task = {**task, parameter: selection}
        data = {"kind": kind, "selection": selection, "digest": None}
        try:
            data["digest"] = catalog.find("data", kind)(self.root).digest(selection)
        except NoData as error:
            self._missing[name] = str(error)
        except ValueError as error:
            return task, data, [Problem(where=f"task.{name}.{parameter}", what=str(error))]
        return task, data, []

    def _absolute(self, selection: Any) -> Any:
        """A relative path, from the working directory or the suite's folder, made absolute."""
        if not isinstance(selection, str) or not _is_path(selection):
            return selection
        tried = [Path(selection).expanduser(), self.suite.path.parent / selection]
        here = next((path for path in tried if path.exists()), tried[0])
        return os.path.normpath(here.absolute())


def _unknown(kind: Any, *, where: str) -> Problem:
    what = f"no data is called {kind!r}"
    return Problem(where=where, what=what, accepted=catalog.kinds("data"), found=str(kind))


def _is_path(selection: str) -> bool:
    return bool(Path(selection).suffix) or "/" in selection or os.sep in selection
