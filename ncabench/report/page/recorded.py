"""Runs as the page opens them: what was asked, on what it ran, and what it gave."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ncabench.record.stored import StoredRun
from ncabench.report import facts
from ncabench.report.facts import Facts
from ncabench.report.page import curves
from ncabench.report.page.strips import Strips, marked

Json = dict[str, Any]


class Recorded:
    """The page's runs, each once, named by their place in a list.

    Runs go by what they are, not by MLflow's names for them, so that a store that was
    imported gives the page of the store that it came from.

    Attributes:
        runs: what the page shows of each, in the order of `in_order`.
        facts: what several of them share.
    """

    def __init__(self, runs: Sequence[StoredRun]) -> None:
        self.facts = Facts()
        ordered = in_order(runs)
        self._places = {run.run_id: place for place, run in enumerate(ordered)}
        self._trainings: dict[tuple[str, str], list[StoredRun]] = {}
        for run in ordered:
            if run.role == "training":
                self._trainings.setdefault(run.key[:2], []).append(run)
        self.runs = [self._run(run) for run in ordered]

    def place(self, run_id: str) -> int:
        """Return where a run stands in ``runs``."""
        return self._places[run_id]

    def reached(self, places: Sequence[int]) -> set[int]:
        """Return the runs that an open cell shows: its own, and the trainings behind them."""
        behind = {self.runs[at]["training"] for at in places}
        return {*places, *behind} - {None}

    def without_curves(self) -> int:
        """Take the curves from all runs, and return how many bytes of JSON that saves."""
        before = len(json.dumps(self.runs))
        for run in self.runs:
            run["curves"] = {}
        return before - len(json.dumps(self.runs))

    def picture(self, strips: Strips) -> None:
        """Put filmstrips beside the runs that took them."""
        for run_id, found in strips.of.items():
            run = self.runs[self.place(run_id)]
            run["strips"] = [marked(one, at=run["perturbed"]) for one in found]

    def _run(self, run: StoredRun) -> Json:
        record = facts.read(run)
        spec, drawn = record.get("spec", {}), curves.of(run, record)
        return {
            **self.facts.of(run, record),
            "training": self._training(run),
            "spec": spec,
            "values": dict(sorted(run.values.items())),
            "curves": drawn,
            "perturbed": curves.perturbed(drawn, spec),
            "strips": [],
        }

    def _training(self, run: StoredRun) -> int | None:
        """The training that an evaluation tests, on its device, by its engine if possible."""
        near = self._trainings.get((run.training, run.device_class), [])
        best = max(near, key=lambda one: (one.engine == run.engine, one.ended_at), default=None)
        return self._places[best.run_id] if best else None


def in_order(runs: Sequence[StoredRun]) -> list[StoredRun]:
    """Return runs in an order that is the same in every store."""
    return sorted(runs, key=lambda run: (run.role, *run.key, run.digest))


def asked(run: StoredRun) -> Mapping[str, Any]:
    """Return what a stored suite was asked for: name, preset, overlays, ids of its entries."""
    return dict(facts.read(run).get("spec", {}))
