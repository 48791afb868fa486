"""Builds the model and the task that a spec asks for; the only part of a plan with torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ncabench import catalog
from ncabench.errors import Problem, SuiteError
from ncabench.nca.draws import Draws
from ncabench.nca.engine.eager import Eager
from ncabench.nca.model import Model
from ncabench.nca.task import Task
from ncabench.nca.weights import initialise
from ncabench.plan.entry import Entry
from ncabench.plan.planner import Plan
from ncabench.suite.suite import Suite

Spec = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Assembled:
    """A model and its task.

    Attributes:
        model: with its initial weights; on the meta device, without any.
        task: the task, on the CPU.
        parameters: weights that inference needs.
    """

    model: Model
    task: Task
    parameters: int


def assemble(
    spec: Spec, *, root: Path | None, meta: bool = False, task: Task | None = None
) -> Assembled:
    """Return the model and task of a training's or a profile's spec.

    Weights come from draws keyed by the spec's rng_seed (0 for a profile, which has none),
    and leave the global generator as it was.

    Args:
        spec: a training's or a profile's.
        root: where data sets look for what is not shipped.
        meta: build the model on the meta device, to count or check it only.
        task: the spec's task, where it is there already, so that its data is not read again.

    Raises:
        SuiteError: a constructor refuses its parameters.
        NoData: the data is not on this machine.
    """
    draws = Draws(spec.get("rng_seed", 0))
    task = _task(spec, draws, root) if task is None else task
    with torch.random.fork_rng(devices=[]), torch.device("meta") if meta else nullcontext():
        model = _model(spec, task)
    if not meta:
        initialise(model, draws)
    return Assembled(model=model, task=task, parameters=model.parameter_count())


def count(spec: Spec, *, root: Path | None) -> int:
    """Return the number of weights that inference needs, without building them."""
    return assemble(spec, root=root, meta=True).parameters


def check(plan: Plan, *, root: Path | None = None) -> dict[str, int]:
    """Construct everything the plan uses once, and return each training's parameter count.

    Where nothing is trained, each profile's.

    Models and trainers are built on the meta device, trainers without their pool, which is
    built by itself; a task is built once for all models, so that its data is read once.
    Where data is missing, weights are counted of a model that is built for its outline;
    entries for which that cannot be done are left out.

    Raises:
        SuiteError: a constructor refuses its parameters; lists every such problem, under
            the name that the suite gives the component.
    """
    counts: dict[str, int] = {}
    problems: dict[Problem, None] = {}
    there: dict[str, Task] = {}  # by what the task is
    built: dict[str, Assembled] = {}
    made: dict[str, Assembled] = {}  # by the training's id
    outlines = _Outlines(root)
    for entry in plan.entries:
        try:
            if entry.missing:
                outlines.add(entry)
            elif entry.role == "evaluation" and entry.needs in counts:
                _check_evaluation(entry, made[str(entry.needs)].task)
                _check_donor(entry, made)
            elif entry.role == "training" or _is_untrained(entry):
                spec = entry.spec.get("training", entry.spec)
                key = repr([spec[name] for name in ("model", "parts", "task")])
                if key not in built:
                    about = repr([spec["task"], spec["data"]])
                    known = there.get(about)
                    built[key] = assemble(spec, root=root, meta=True, task=known)
                    there[about] = built[key].task
                counts[entry.id] = built[key].parameters
                made[entry.id] = built[key]
                if entry.role == "training":
                    _check_graft(entry, made)
                    _check_trainer(spec["trainer"], built[key])
                else:
                    _check_evaluation(entry, built[key].task)
            elif not plan.suite.trains:
                counts[entry.id] = count(entry.spec, root=root)
        except SuiteError as error:
            problems |= dict.fromkeys(_named(one, entry, plan.suite) for one in error.problems)
    if problems:
        raise SuiteError(str(plan.suite.path), list(problems))
    return counts | outlines.counts


@dataclass
class _Outlines:
    """Counts the weights of models whose data is missing, where its sizes are known."""

    root: Path | None
    counts: dict[str, int] = field(default_factory=dict)
    _tasks: dict[str, Task | None] = field(default_factory=dict)
    _known: dict[str, int] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Count a training or a profile; evaluations have the count of their training."""
        if entry.role == "evaluation":
            return
        spec = entry.spec
        about = repr([spec["task"], spec["data"]])
        if about not in self._tasks:
            self._tasks[about] = self._task(spec)
        task = self._tasks[about]
        key = repr([spec["model"], spec["parts"], about])
        if task is not None and key not in self._known:
            made = assemble(spec, root=self.root, meta=True, task=task)
            self._known[key] = made.parameters
        if key in self._known:
            self.counts[entry.id] = self._known[key]

    def _task(self, spec: Spec) -> Task | None:
        """Return the task of the data's outline, or None where it needs more than that."""
        data = spec["data"]
        outline = catalog.find("data", data["kind"])(self.root).outline(data["selection"])
        try:
            task: Task = catalog.build("task", spec["task"], outline, Draws(0))
        except (ValueError, TypeError, AttributeError):
            return None
        return task


def _is_untrained(entry: Entry) -> bool:
    """Tell whether an entry measures a model that has nothing to train."""
    return entry.role == "evaluation" and entry.needs is None


def _task(spec: Spec, draws: Draws, root: Path | None) -> Task:
    data = None
    if spec["data"] is not None:
        with _refusing("data", spec["data"]["kind"]):
            data = catalog.find("data", spec["data"]["kind"])(root).load(
                spec["data"]["selection"]
            )
    with _refusing("task", spec["task"]["kind"]):
        task: Task = catalog.build("task", spec["task"], data, draws)
    return task


def _model(spec: Spec, task: Task) -> Model:
    kind, parts = catalog.find("model", spec["model"]["kind"]), spec["parts"]
    with _refusing("model", spec["model"]["kind"]):
        given = catalog.keywords("model", spec["model"])
        layout = kind.grid(task.layout, **given)
    built: dict[str, Any] = {}
    if "perception" in parts:
        with _refusing("perception", parts["perception"]["kind"]):
            built["perception"] = catalog.build(
                "perception", parts["perception"], layout.perceived
            )
    if "update" in parts:
        percepts = built["perception"].out_channels
        with _refusing("update", parts["update"]["kind"]):
            built["update"] = catalog.build(
                "update", parts["update"], percepts, layout.channels
            )
    order = catalog.describe("model", spec["model"]["kind"]).attributes.get("parts", ())
    with _refusing("model", spec["model"]["kind"]):
        model: Model = kind(task.layout, *map(built.get, order), **given)
    return model


def _check_evaluation(entry: Entry, task: Task) -> None:
    protocol, perturbation = entry.spec["protocol"], entry.spec["perturbation"]
    with _refusing("perturbation", perturbation["kind"]):
        pairs = len(catalog.build("perturbation", perturbation).pairs(task.classes))
    with _refusing("protocol", protocol["kind"]):
        catalog.build("protocol", protocol)
        rollouts = protocol.get("rollouts", pairs)
        if rollouts < 1 or rollouts % pairs:
            fitting = max(rollouts // pairs, 1) * pairs
            raise ValueError(
                f"rollouts must be a multiple of the {pairs} cases of {perturbation['kind']}, "
                f"such as {fitting} or {fitting + pairs}, not {rollouts}"
            )


def _check_donor(entry: Entry, made: Mapping[str, Assembled]) -> None:
    if entry.donor in made:
        kind = entry.spec["protocol"]["kind"]
        own, donor = made[str(entry.needs)], made[str(entry.donor)]
        with _refusing("protocol", kind):
            protocol = catalog.build("protocol", entry.spec["protocol"])
            protocol.receive(donor.model, donor.task)
            protocol.check(own.model, own.task)


def _check_graft(entry: Entry, made: Mapping[str, Assembled]) -> None:
    """Refuse a donor whose weights have other names or shapes."""
    if entry.donor in made:
        own, given = (
            {name: tuple(one.shape) for name, one in made[id].model.state_dict().items()}
            for id in (entry.id, str(entry.donor))
        )
        odd = sorted(own.items() ^ given.items())
        if odd:
            what = f"the weights of its donor do not fit: they differ in {odd[0][0]}"
            raise SuiteError("", [Problem(where="graft", what=what)])


def _check_trainer(trainer: Spec, assembled: Assembled) -> None:
    with _refusing("trainer", trainer["kind"]):
        engine = Eager(torch.device("meta"))
        bare = _without_pools(trainer)
        catalog.build("trainer", bare, assembled.model, assembled.task, Draws(0), engine)


def _without_pools(trainer: Spec) -> dict[str, Any]:
    """Return a trainer's spec without pools, each of its parts built once by itself."""
    bare = dict(trainer)
    for name, value in trainer.items():
        if isinstance(value, Mapping) and "family" in value:
            if value["family"] == "trainer":
                bare[name] = _without_pools(value)
                continue
            inner = {key: item for key, item in value.items() if key != "family"}
            with _refusing(value["family"], inner["kind"]):
                catalog.build(value["family"], inner)
            bare[name] = None if value["family"] == "pool" else value
    return bare


@contextmanager
def _refusing(family: str, kind: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError) as error:
        raise SuiteError("", [Problem(where=f"{family}.{kind}", what=str(error))]) from error


def _named(problem: Problem, entry: Entry, suite: Suite) -> Problem:
    """The problem under the suite's own name for the component, where it has one."""
    family, _, kind = problem.where.partition(".")
    labels = entry.labels[0]
    where = (
        f"{family}.{labels[family]}" if family in labels else _path(family, kind, entry, suite)
    )
    return Problem(
        where=where, what=problem.what, accepted=problem.accepted, found=problem.found
    )


def _path(family: str, kind: str, entry: Entry, suite: Suite) -> str:
    if family == "protocol":
        tables = suite.components["protocol"].items()
        return next((f"protocol.{name}" for name, one in tables if one["kind"] == kind), family)
    if family == "graft":
        return family
    if family == "data":
        return f"task.{entry.labels[0]['task']}"
    recipe = str(entry.labels[0].get("recipe", ""))
    if family == "trainer":
        return f"recipe.{recipe}" if recipe else "train"
    own = recipe and family in suite.recipes[recipe]
    return f"recipe.{recipe}.{family}" if own else f"train.{family}"
