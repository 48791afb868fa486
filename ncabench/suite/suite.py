"""What a suite file says, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ncabench.suite.figure import Figure

COMPONENT_AXES = ("model", "perception", "update", "task", "perturbation")
CHOICES = ("protocol", "recipe")  # axes of which a point may name none
AXES = (*COMPONENT_AXES, *CHOICES, "rng_seed")
FAMILIES = (*COMPONENT_AXES, "metric", "protocol")  # each `[family.name]` has a kind
Axis = tuple[str, ...] | tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How entries are executed, as `[execution]` sets it.

    Attributes:
        precision: operand precision; ``"default"`` is what the framework does by itself.
        engine: who steps a model; ``"eager"`` is the definition, ``"auto"`` the fastest that
            pays and is possible, as `ncabench.run.resolution` decides.
        threads: CPU threads of an entry.
        deterministic: refuse kernels whose sums depend on chance.
        timeout_s: seconds after which an entry is given up, or none.
        memory_limit_gb: emulated size of the card, in GB of 2**30 bytes, or none.
        evaluation_rng_seed: what evaluations are keyed by, the same for every model.
        checkpoint_s: seconds between the checkpoints of a training.
        log_every: iterations between the points of a logged curve.
        together: how many trainings that differ in rng_seed alone share a process.
    """

    precision: Literal["default", "float32", "tf32", "bf16", "fp16"] = "default"
    engine: Literal["auto", "eager", "compiled", "fused"] = "auto"
    threads: int = 1
    deterministic: bool = False
    timeout_s: float | None = None
    memory_limit_gb: float | None = None
    evaluation_rng_seed: int = 0
    checkpoint_s: float = 60.0
    log_every: int = 50
    together: int = 1


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What the profiler times, as `[profile]` sets it.

    Attributes:
        warm_up: blocks that are run and not timed.
        blocks: timed blocks.
        steps_per_block: steps of the model in a block.
        batch: grids that are stepped together.
        train_batch: grids of a timed training iteration; 0 for none.
        train_steps: steps of a timed training iteration.
        repeats: processes that each measure all of this by themselves; a cost beside a
            printed one needs two or more.
        engines: measured beside one another in the same process, as `ncabench.run.benchmark`
            does; none for plain PyTorch alone. Then ``batch = 0`` leaves inference out.
        precisions: of the operands, for each engine but ``"plain"``, and for all of them beside
            frames, where ``"bf16"`` and ``"fp16"`` are those of weights and states and
            ``"fp16"`` is known alone; none for the framework's default.
        seeds_together: how many compiled training iterations are run at once, to be
            compared with one.
        harness: measure what draws, pool, logging and saving add to a compiled training's
            iterations, as `ncabench.run.overhead` does, beside engines.
        answers: batches at which whole answers are measured, as `ncabench.run.answers` does:
            rollouts of ``train_steps`` steps, or passes, then a training; none for a profile
            of steps. Then ``batch`` is not used, and neither pace nor energy is taken.
        train_blocks: timed training iterations beside answers; 0 for as many as ``blocks``.
        passes: measure the forward and the backward pass of a training by themselves, as
            `ncabench.run.passes` does, and nothing else; ``train_batch`` grids, ``blocks``
            iterations.
        segments: parts of a rollout whose activations are computed again, beside passes.
        fusion: fuse cells for most steps, beside passes.
        trainings: batches at which image restoration is measured, in training and in
            inference, as `ncabench.run.trainings` does, and nothing else; rollouts have at
            most ``train_steps`` steps in training and twice as many in an answer.
        pool: states of the pool on the device, beside trainings; 0 trains without a pool.
        epochs: timed epochs of training after ``warm_up`` batches, beside trainings; 0 for
            none.
        epoch_batches: batches at most that are timed of an epoch's training, and of its
            validation; each then takes what they take, in proportion. 0 times all of them.
        samples: images of an epoch, four fifths to train on and the rest to validate on.
        precision: of the operands, beside answers, passes or trainings; ``""`` for that of
            `[execution]`.
        frames: numbers of steps before a frame is rendered, at which frames are measured by
            each of ``engines`` at each of ``precisions``, then a training of ``train_batch``,
            as `ncabench.run.frames` does, and nothing else.
        frame_cells: cells down and across of frames; none for those of the model's grid.
    """

    warm_up: int = 5
    blocks: int = 15
    steps_per_block: int = 16
    batch: int = 1
    train_batch: int = 0
    train_steps: int = 32
    repeats: int = 1
    engines: tuple[Literal["plain", "eager", "compiled", "fused", "cax"], ...] = ()
    precisions: tuple[Literal["float32", "tf32", "bf16", "fp16"], ...] = ()
    seeds_together: tuple[int, ...] = ()
    harness: bool = False
    answers: tuple[int, ...] = ()
    train_blocks: int = 0
    passes: bool = False
    segments: int = 0
    fusion: bool = False
    trainings: tuple[int, ...] = ()
    pool: int = 0
    epochs: int = 0
    epoch_batches: int = 0
    samples: int = 0
    precision: Literal["", "default", "float32", "tf32"] = ""
    frames: tuple[int, ...] = ()
    frame_cells: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProfileAt:
    """Another `[profile]` for some grid points, as `[[profile_at]]` has it.

    Attributes:
        where: the grid points.
        profile: `[profile]` with this table's other keys laid over it.
    """

    where: dict[str, str | int]
    profile: Profile


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a table: its label, the grid points it shows, its name among printed values."""

    label: str
    where: dict[str, str | int] = field(default_factory=dict)
    printed: str = ""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table.

    Attributes:
        label: its head.
        where: the grid points it shows, together with the row's.
        value: ``METRIC/stage_1`` and the like of an evaluation, ``parameters`` or
            ``training/NAME`` of a training, ``profile/NAME`` of a profile.
        printed: its name among the printed values; ``""`` where the paper has none.
        decimals: digits after the point.
        better: which way is good.
        group: a head above several columns.
        margin: how far from the printed value still counts as it, in the value's unit, in
            place of the project's margin for that quantity; a deviation.
        ratio_to: the row, by its name among the printed values, that costs are divided by
            before they are compared; ``""`` for the first that has both values.
    """

    label: str
    value: str
    where: dict[str, str | int] = field(default_factory=dict)
    printed: str = ""
    decimals: int = 3
    better: Literal["lower", "higher", "none"] = "none"
    group: str = ""
    margin: float | None = None
    ratio_to: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of the report; ``paper_table`` is ``""`` where the paper has no such table."""

    id: str
    title: str
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    paper_table: str = ""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A relation between measured values that the paper asserts.

    Attributes:
        id: its name.
        statement: what is claimed, in our words.
        source: where the paper says so.
        relation: the claim as `ncabench.relation` reads it, between names of the grid, such
            as ``"combined < every other perception"``.
        value: the value that is compared, named as a column's; ``training/failed`` is the
            share of trainings that diverged or failed, ``profile/out_of_memory`` is 1 where
            a profile ran out of memory and 0 where it ended well.
        where: the grid points it speaks of; it must hold at each of them by itself.
    """

    id: str
    statement: str
    source: str
    relation: str
    value: str
    where: dict[str, str | int | tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """A departure from the paper: what it has, what runs here, and why.

    Attributes:
        paper: what the paper has.
        here: what runs.
        why: the reason.
        source: where the paper says so.
        where: limits it to the entries at those grid points.
        substitute: where data stands in for the paper's, the words for it in the heads of
            columns and beside claims, such as ``"FashionMNIST (substitute for CIFAR-10)"``.
    """

    paper: str
    here: str
    why: str
    source: str = ""
    where: dict[str, str | int] = field(default_factory=dict)
    substitute: str = ""


@dataclass(frozen=True, kw_only=True)
class Expect:
    """An outcome besides ``ok`` that the paper itself reports, such as ``oom``."""

    outcome: Literal[
        "oom", "diverged", "timeout", "crashed", "no_data", "infeasible", "skipped"
    ]
    where: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Graft:
    """Trainings that begin with the weights of another, as `[[graft]]` has it.

    Attributes:
        donor: the axes on which the other's grid point is another, and what stands there.
        where: the grid points of the trainings.
    """

    donor: dict[str, str | int]
    where: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """A key that a study varies: some values, or all numbers between two.

    Attributes:
        choices: the values, of any type that the key has.
        low: the least number, where there are no choices; of whole numbers, whole ones are
            tried.
        high: the greatest.
        log: numbers are tried evenly by their logarithm.
    """

    choices: tuple[Any, ...] = ()
    low: int | float | None = None
    high: int | float | None = None
    log: bool = False


@dataclass(frozen=True, kw_only=True)
class Tune:
    """A study over keys of the suite, as `[tune]` has it.

    Attributes:
        metric: the value that is made better, named as a table's column names it.
        better: which way is good.
        rng_seeds: what each trial is run with; its value is the median over them.
        space: dotted paths of keys, and what is tried of each.
        sampler: ``"grid"`` tries every combination of choices in order, ``"tpe"`` learns
            from the trials before.
        trials: how many; 0 for all points of the grid.
        held_out: rng_seeds on which the best is compared with the suite as it stands.
        prune: run the rng_seeds one after the other, and give a trial up whose median so far
            is worse than the median of what finished trials had after as many.
        start: finished trials before TPE learns and anything is pruned.
        sampler_rng_seed: what TPE draws from.
        where: the grid points that count; the median over them all, at each rng_seed.
    """

    metric: str
    better: Literal["lower", "higher"]
    rng_seeds: tuple[int, ...]
    space: dict[str, Dimension]
    sampler: Literal["grid", "tpe"] = "tpe"
    trials: int = 0
    held_out: tuple[int, ...] = ()
    prune: bool = False
    start: int = 5
    sampler_rng_seed: int = 0
    where: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A suite file, read, overlaid and checked as far as one can without the catalog's code.

    Attributes:
        name: the file's name without its ending.
        path: the file, as the user named it.
        title: what it measures.
        paper: the paper's short name, ``""`` for none.
        preset: the preset in force; ``"paper"`` overlays nothing unless the file says so.
        sets: the ``--set`` overlays, as given.
        document: the file's content with preset and sets laid over it; JSON-able.
        grid: axis to its values, in the order of the file.
        include: grids of their own; an axis that one does not name is the grid's.
        exclude: conditions that drop points.
        components: family to name to the table that defines it.
        train: the recipe of points that name none.
        recipes: name to the overlay on ``train``; one with its own kind stands alone.
        grafts: trainings that do not start anew.
        tune: the study over its keys, if it has one.
    """

    name: str
    path: Path
    title: str
    paper: str
    preset: str
    sets: tuple[str, ...]
    document: Mapping[str, Any]
    grid: Mapping[str, Axis]
    include: tuple[Mapping[str, Axis], ...]
    exclude: tuple[Mapping[str, Axis], ...]
    components: Mapping[str, Mapping[str, Mapping[str, Any]]]
    train: Mapping[str, Any]
    recipes: Mapping[str, Mapping[str, Any]]
    execution: Execution
    profile: Profile | None
    tables: tuple[Table, ...]
    claims: tuple[Claim, ...]
    deviations: tuple[Deviation, ...]
    expects: tuple[Expect, ...]
    profiles_at: tuple[ProfileAt, ...] = ()
    grafts: tuple[Graft, ...] = ()
    tune: Tune | None = None
    figures: tuple[Figure, ...] = ()

    @property
    def trains(self) -> bool:
        """Whether there is anything to train; a suite may have profiles alone."""
        return bool(self.train or self.recipes) or self.profile is None

    def names(self, axis: str) -> bool:
        """Whether the grid, or something included, says what stands on an axis."""
        return any(axis in axes for axes in (self.grid, *self.include))

    def profile_of(self, point: Mapping[str, str | int]) -> Profile | None:
        """Return what is timed at a grid point: the last `[[profile_at]]` that fits."""
        fitting = [
            one.profile
            for one in self.profiles_at
            if all(point.get(axis) == value for axis, value in one.where.items())
        ]
        return fitting[-1] if fitting else self.profile

    def graft_of(self, point: Mapping[str, str | int]) -> Mapping[str, str | int] | None:
        """Return what selects the donor of a grid point's training; None starts it anew."""
        fitting = [
            one.donor
            for one in self.grafts
            if all(point.get(axis) == value for axis, value in one.where.items())
        ]
        return fitting[-1] if fitting else None
