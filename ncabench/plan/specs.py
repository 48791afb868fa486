"""Decides what each grid point asks for, from the components that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ncabench import catalog, schema
from ncabench.errors import Problem
from ncabench.plan.datasets import DataSets
from ncabench.plan.identity import identity
from ncabench.plan.points import Point
from ncabench.suite.components import recipe
from ncabench.suite.suite import FAMILIES, Suite

Spec = dict[str, Any]
SCHEMA = 1
TESTS = ("perturbation", "protocol")  # axes that no weights depend on
UNASKED = (  # keys of `[profile]` that stand in a spec only where they ask for something
    *("engines", "precisions", "seeds_together", "harness"),
    *("answers", "train_blocks", "precision"),
    *("passes", "segments", "fusion"),
    *("trainings", "pool", "epochs", "epoch_batches", "samples"),
    *("frames", "frame_cells"),
)


@dataclass
class Specs:
    """The specs of a suite's grid points; problems gather in ``problems``, once each.

    Args:
        suite: the suite.
        root: where data sets look for what is not shipped.
    """

    suite: Suite
    root: Path | None
    problems: list[Problem] = field(default_factory=list)
    _completed: dict[tuple[str, str], Spec] = field(default_factory=dict)
    _recipes: dict[tuple[str | None, str], Spec] = field(default_factory=dict)
    _named: dict[tuple[Any, ...], Spec] = field(default_factory=dict)
    _trainings: dict[tuple[Any, ...], Spec] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._data = DataSets(suite=self.suite, root=self.root)
        for family in FAMILIES:
            for name, raw in self.suite.components[family].items():
                completed, found = schema.complete(family, raw, where=f"{family}.{name}")
                self._completed[family, name] = plain(completed)
                self.problems += found

    def is_trained(self, point: Point) -> bool:
        """Tell whether the model at a grid point has weights, so that some trainer fits it."""
        return bool(self._attributes(point)["trainers"])

    def training(self, point: Point) -> Spec:
        """Return what decides the weights at a grid point, if there are any.

        Points that differ in what is done to the trained model have one between them.
        """
        key = tuple(one for one in point.items() if one[0] not in TESTS)
        if key not in self._trainings:
            self._trainings[key] = self._training(point)
        return self._trainings[key]

    def _training(self, point: Point) -> Spec:
        shared, donor = self._shared(point), self.graft(point)
        given = {} if donor is None else self.training(donor)
        spec = {
            "role": "training",
            "schema": SCHEMA,
            **shared,
            "trainer": self._trainer(point),
            "rng_seed": point["rng_seed"],
            "execution": self._execution(),
            **({"donor": given, "donor_id": identity(given)} if given else {}),
        }
        return {**spec, **self._named_at(point, spec, unsaid=(*TESTS, "rng_seed"))}

    def graft(self, point: Point) -> Point | None:
        """Return where the training stands with whose weights another begins, if any."""
        selected = self.suite.graft_of(point)
        if selected is None:
            return None
        there = {**point, **selected}
        what = self._no_donor(point, there)
        if self.suite.graft_of(there) is not None:
            what = "selects a training that is grafted itself"
        if not what:
            return there
        i = max(i for i, one in enumerate(self.suite.grafts) if one.donor is selected)
        self._add([Problem(where=f"graft[{i}].donor", what=what)])
        return None

    def _no_donor(self, point: Point, there: Point) -> str:
        """Return why no training at a grid point can give to one at another, or ``""``."""
        for axis in sorted(there.keys() - point.keys()):
            return f"names {axis}, which is no axis of {_words(point)}"
        if not (self.is_trained(point) and self.is_trained(there)):
            return "selects a model without weights, or is asked of one"
        return ""

    def evaluation(self, point: Point, *, training: Spec, training_id: str) -> Spec:
        """Return what measures the training at a grid point."""
        perturbation = self._component("perturbation", point)
        self._check_needs(point, perturbation)
        protocol = self._protocol(point)
        names = self._metrics(protocol)
        asked = {
            "protocol": protocol,
            "perturbation": perturbation,
            "metrics": {name: self._completed["metric", name] for name in names},
        }
        self._check_batches(asked["protocol"], asked["metrics"])
        return {
            "role": "evaluation",
            "schema": SCHEMA,
            "training": training,
            "training_id": training_id,
            **asked,
            "rng_seed": self._evaluation_rng_seed(point),
            **self._named_at(point, asked, unsaid=("rng_seed",)),
        }

    def donor(self, point: Point, *, training_id: str) -> Point | None:
        """Return where the training stands of which an evaluation takes part; None for most.

        Args:
            point: of the evaluation.
            training_id: what the evaluation is of.
        """
        protocol = self._protocol(point)
        if not protocol or not _tells("protocol", protocol["kind"], "takes_donor"):
            return None
        there = {**point, **protocol["donor"]}
        what = self._no_donor(point, there)
        if not what and identity(self.training(there)) == training_id:
            what = f"selects the training itself, of {_words(point)}"
        if not what:
            return there
        self._add([Problem(where=f"protocol.{self._protocol_name(point)}.donor", what=what)])
        return None

    def profile(self, point: Point, *, repeat: int = 0) -> Spec:
        """Return what is timed at a grid point, whatever its recipe and rng_seed."""
        profile = self.suite.profile_of(point)
        assert profile is not None
        asked = plain(asdict(profile))
        del asked["repeats"]  # how often is not what
        for name in UNASKED:
            if not asked[name]:
                del asked[name]  # so that a spec without it is what it was before it existed
        spec = {
            "role": "profile",
            "schema": SCHEMA,
            **self._shared(point),
            "profile": asked,
            "execution": self._execution(),
            **({"repeat": repeat} if repeat else {}),
        }
        return {**spec, **named(spec)}

    def _named_at(self, point: Point, spec: Spec, *, unsaid: tuple[str, ...]) -> Spec:
        """Return `named`, found once for all points that differ in ``unsaid`` alone."""
        said = [(axis, name) for axis, name in point.items() if axis not in unsaid]
        key = (spec.get("role"), *said)
        if key not in self._named:
            self._named[key] = named(spec)
        return self._named[key]

    def missing(self, point: Point) -> str:
        """Return what of the data is not on this machine, or ``""``."""
        return self._data.missing(str(point["task"]), self._component("task", point))

    def _shared(self, point: Point) -> Spec:
        model = self._component("model", point)
        parts = catalog.describe("model", model["kind"]).attributes.get("parts", ())
        task = self._component("task", point)
        task, data, found = self._data.read(str(point["task"]), task)
        self._add(found)
        return {
            "model": model,
            "parts": {part: self._component(part, point) for part in parts},
            "task": task,
            "data": data,
        }

    def _component(self, family: str, point: Point) -> Spec:
        return self._completed[family, str(point[family])]

    def _evaluation_rng_seed(self, point: Point) -> int:
        """Return what an evaluation is keyed by: without weights, each rng_seed by itself."""
        shared = self.suite.execution.evaluation_rng_seed
        return shared if self.is_trained(point) else shared + int(point["rng_seed"])

    def _metrics(self, protocol: Spec) -> list[str]:
        names = list(self.suite.components["metric"])
        scores = not protocol or _tells("protocol", protocol["kind"], "scores_images", True)
        if scores and not names:
            self._add([Problem(where="metric", what="there is no [metric.NAME] to measure")])
        if names and not scores:
            what = f"a {protocol['kind']} protocol scores no images, so it takes no metric"
            self._add([Problem(where=f"metric.{names[0]}", what=what)])
        return names

    def _execution(self) -> Spec:
        names = ("precision", "engine", "threads", "deterministic", "memory_limit_gb")
        return {name: getattr(self.suite.execution, name) for name in names}

    def _attributes(self, point: Point) -> Mapping[str, Any]:
        return catalog.describe("model", self._component("model", point)["kind"]).attributes

    def _trainer(self, point: Point) -> Spec:
        name = point.get("recipe")
        key = (None if name is None else str(name), str(point["model"]))
        if not self.is_trained(point):
            return {}
        if key not in self._recipes:
            self._recipes[key] = self._complete_recipe(
                *key, self._attributes(point)["trainers"]
            )
        return self._recipes[key]

    def _complete_recipe(self, name: str | None, model: str, trainers: tuple[str, ...]) -> Spec:
        where = "train" if name is None else f"recipe.{name}"
        overlay = None if name is None else self.suite.recipes[name]
        given = {"kind": trainers[0], **recipe(self.suite.train, overlay)}
        if given["kind"] not in trainers:
            kind = self._completed["model", model]["kind"]
            what = f"a {given['kind']} trainer cannot train model.{model} ({kind})"
            found = str(given["kind"])
            self._add(
                [Problem(where=f"{where}.kind", what=what, accepted=trainers, found=found)]
            )
            return {}
        completed, found_problems = schema.complete("trainer", given, where=where)
        self._add(found_problems)
        spec: Spec = plain(completed)
        return spec

    def _protocol(self, point: Point) -> Spec:
        fitting = self._attributes(point)["protocols"]
        kind = self._component("model", point)["kind"]
        if "protocol" in point:
            named = self._component("protocol", point)
            if named["kind"] not in fitting:
                what = f"a {named['kind']} protocol cannot test model.{point['model']} ({kind})"
                where = f"protocol.{point['protocol']}"
                self._add([Problem(where=where, what=what, accepted=fitting)])
            return named
        names = self._fitting(fitting)
        if len(names) == 1:
            return self._completed["protocol", names[0]]
        what = f"model.{point['model']} ({kind}) needs one [protocol.NAME] of a kind that fits"
        what += f", and there are {len(names)}" if names else ", and there is none"
        self._add([Problem(where="protocol", what=what, accepted=fitting)])
        return {}

    def _fitting(self, kinds: tuple[str, ...]) -> list[str]:
        tables = self.suite.components["protocol"].items()
        return [name for name, table in tables if table.get("kind") in kinds]

    def _protocol_name(self, point: Point) -> str:
        named = point.get("protocol") or self._fitting(self._attributes(point)["protocols"])[0]
        return str(named)

    def _check_needs(self, point: Point, perturbation: Spec) -> None:
        needs = catalog.describe("perturbation", perturbation["kind"]).attributes.get(
            "needs", ()
        )
        task = self._component("task", point)["kind"]
        offers = catalog.describe("task", task).attributes.get("offers", ())
        for need in needs:
            if need not in offers:
                what = (
                    f"{perturbation['kind']} needs a task that offers {need!r}, which "
                    f"task.{point['task']} ({task}) does not; exclude the pair, or use "
                    "another kind of task"
                )
                where = f"perturbation.{point['perturbation']}"
                self._add([Problem(where=where, what=what, accepted=_offering(need))])

    def _check_batches(self, protocol: Spec, metrics: Spec) -> None:
        if not protocol or _tells("protocol", protocol["kind"], "whole_batches"):
            return
        for name, metric in metrics.items():
            if _tells("metric", metric["kind"], "of_batch"):
                what = (
                    f"{metric['kind']} has one value for a whole batch, and the protocol "
                    f"{protocol['kind']} does not score whole batches"
                )
                kinds = catalog.kinds("protocol")
                fitting = [one for one in kinds if _tells("protocol", one, "whole_batches")]
                where = f"metric.{name}.kind"
                self._add([Problem(where=where, what=what, accepted=tuple(fitting))])

    def _add(self, problems: list[Problem]) -> None:
        self.problems += [one for one in problems if one not in self.problems]


def _offering(need: str) -> tuple[str, ...]:
    return tuple(
        kind
        for kind in catalog.kinds("task")
        if need in catalog.describe("task", kind).attributes.get("offers", ())
    )


def _words(point: Point) -> str:
    return ", ".join(f"{axis} {value}" for axis, value in point.items())


def _tells(family: str, kind: str, attribute: str, default: bool = False) -> bool:
    """Return what the source of a component sets a flag to, or what it is by default."""
    return catalog.describe(family, kind).attributes.get(attribute, default) is True


def plain(value: Any) -> Any:
    """Return ``value`` with tuples as lists, as JSON has them."""
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def components(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (family, kind) of every component that a spec uses, nested ones included.

    An evaluation's training is left to the training.

    >>> list(components({"trainer": {"kind": "rollout", "pool": {"family": "pool",
    ...                                                          "kind": "fifo"}}}))
    [('trainer', 'rollout'), ('pool', 'fifo')]
    """
    yield from ((family, one["kind"]) for family, one in used(spec))


def used(spec: Mapping[str, Any]) -> Iterator[tuple[str, Spec]]:
    """Yield the family of every component that a spec uses, and what is set of it."""
    for family in ("model", "task", "data", "trainer", "protocol", "perturbation"):
        if spec.get(family):
            yield from _with_nested(family, spec[family])
    for family, one in spec.get("parts", {}).items():
        yield from _with_nested(family, one)
    for one in spec.get("metrics", {}).values():
        yield from _with_nested("metric", one)


def _with_nested(family: str, spec: Mapping[str, Any]) -> Iterator[tuple[str, Spec]]:
    yield family, {name: value for name, value in spec.items() if name != "family"}
    for value in spec.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Mapping) and "family" in item:
                yield from _with_nested(item["family"], item)


def named(spec: Mapping[str, Any]) -> Spec:
    """Return the versions of a spec's components, and where those from outside are from."""
    used = sorted(set(components(spec)))
    there = {f"{family}/{kind}": catalog.from_outside(family, kind) for family, kind in used}
    outside = {name: one.recorded() for name, one in there.items() if one is not None}
    return {"versions": versions(spec), **({"outside": outside} if outside else {})}


def versions(spec: Mapping[str, Any]) -> dict[str, int]:
    """Return the version of every component that a spec uses, as ``family/kind``."""
    used = sorted(set(components(spec)))
    return {f"{family}/{kind}": catalog.describe(family, kind).version for family, kind in used}
