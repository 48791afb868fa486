"""Checks what tables, claims and deviations refer to, and the ranges of numbers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ncabench import catalog, relation
from ncabench.errors import Problem
from ncabench.suite.claims import claim_problems, defined_by, values_of
from ncabench.suite.figure_points import figure_problems
from ncabench.suite.grid import Defined, where_problems
from ncabench.suite.suite import Claim, Profile, Suite

BESIDE = ("training", "profile", "protocol")  # what values are named by, metrics aside


def reference_problems(suite: Suite, *, defined: Defined) -> list[Problem]:
    """Return a problem for each name that the suite refers to and does not define."""
    measured = (*defined["metric"], *_measures(suite))
    problems: list[Problem] = []
    for path, one in _selecting(suite):
        problems += where_problems(one.where, where=f"{path}.where", defined=defined)
    for name, one in suite.components["protocol"].items():
        if isinstance(one.get("donor"), Mapping):
            where = f"protocol.{name}.donor"
            problems += where_problems(one["donor"], where=where, defined=defined)
    for i, graft in enumerate(suite.grafts):
        problems += where_problems(graft.donor, where=f"graft[{i}].donor", defined=defined)
    for i, table in enumerate(suite.tables):
        for j, column in enumerate(table.columns):
            where = f"table[{i}].column[{j}].value"
            problems += _value_problems(column.value, measured, where=where)
    for i, claim in enumerate(suite.claims):
        problems += _claim_problems(
            claim, where=f"claim[{i}]", defined=defined_by(suite), measured=measured
        )
    if suite.tune is not None:
        problems += _value_problems(suite.tune.metric, measured, where="tune.metric")
    problems += figure_problems(suite)
    for key, named in (
        ("table", suite.tables),
        ("figure", suite.figures),
        ("claim", suite.claims),
    ):
        problems += _twice(key, [one.id for one in named])
    return problems


def _selecting(suite: Suite) -> Iterator[tuple[str, Any]]:
    for i, table in enumerate(suite.tables):
        yield from ((f"table[{i}].row[{j}]", row) for j, row in enumerate(table.rows))
        yield from ((f"table[{i}].column[{j}]", one) for j, one in enumerate(table.columns))
    yield from ((f"claim[{i}]", one) for i, one in enumerate(suite.claims))
    yield from ((f"deviation[{i}]", one) for i, one in enumerate(suite.deviations))
    yield from ((f"expect[{i}]", one) for i, one in enumerate(suite.expects))
    yield from ((f"profile_at[{i}]", one) for i, one in enumerate(suite.profiles_at))
    yield from ((f"graft[{i}]", one) for i, one in enumerate(suite.grafts))
    yield from (("tune", one) for one in [suite.tune] if one is not None)


def _measures(suite: Suite) -> Iterator[str]:
    """Yield what the suite's protocols measure besides metrics, as their source says."""
    kinds = {str(table.get("kind")) for table in suite.components["protocol"].values()}
    for kind in sorted(one for one in kinds if catalog.has("protocol", one)):
        yield from catalog.describe("protocol", kind).attributes.get("measures", ())


def _claim_problems(
    claim: Claim, *, where: str, defined: Defined, measured: tuple[str, ...]
) -> list[Problem]:
    problems = _value_problems(claim.value, measured, where=f"{where}.value")
    found = claim_problems(claim, where=where, defined=defined)
    if not found:
        for value in values_of(claim, read=relation.parse(claim.relation)):
            if value != claim.value:
                found += _value_problems(value, measured, where=f"{where}.relation")
    return problems + found


def _value_problems(value: str, measured: tuple[str, ...], *, where: str) -> list[Problem]:
    first, slash, _ = value.partition("/")
    if value == "parameters" or (slash and first in (*measured, *BESIDE)):
        return []
    forms = (
        *(f"{one}/..." for one in measured),
        "parameters",
        *(f"{one}/..." for one in BESIDE),
    )
    what = f"no such value is measured: {value!r}"
    return [Problem(where=where, what=what, accepted=forms, found=f"{first}/...")]


def _twice(key: str, ids: Sequence[str]) -> list[Problem]:
    return [
        Problem(where=f"{key}[{i}].id", what=f"{id!r} stands here twice")
        for i, id in enumerate(ids)
        if id in ids[:i]
    ]


def range_problems(suite: Suite) -> list[Problem]:
    """Return a problem for each number of `[execution]` and `[profile]` that is too small."""
    run = suite.execution
    least = [
        ("execution.threads", run.threads, 1),
        ("execution.timeout_s", run.timeout_s, 0),
        ("execution.memory_limit_gb", run.memory_limit_gb, 0),
        ("execution.evaluation_rng_seed", run.evaluation_rng_seed, 0),
        ("execution.checkpoint_s", run.checkpoint_s, 0),
        ("execution.log_every", run.log_every, 1),
        ("execution.together", run.together, 1),
    ]
    problems = [
        Problem(where=where, what=f"expected {minimum} or more, found {value}")
        for where, value, minimum in least
        if value is not None and value < minimum
    ]
    timed = [("profile", suite.profile or Profile())]
    timed += [(f"profile_at[{i}]", one.profile) for i, one in enumerate(suite.profiles_at)]
    for where, profile in timed:
        problems += _profile_problems(profile, where=where)
    for name in ("answers", "passes", "trainings"):
        if run.engine in ("compiled", "fused") and any(getattr(one, name) for _, one in timed):
            what = f"{name} are measured in plain PyTorch, found {run.engine!r}"
            accepted = ("auto", "eager")
            problems.append(Problem(where="execution.engine", what=what, accepted=accepted))
    return list(dict.fromkeys(problems))


def _profile_problems(timed: Profile, *, where: str) -> list[Problem]:
    least = [
        ("warm_up", timed.warm_up, 0),
        ("blocks", timed.blocks, 1),
        ("steps_per_block", timed.steps_per_block, 1),
        ("batch", timed.batch, 0 if timed.engines else 1),
        ("train_batch", timed.train_batch, 0),
        ("train_steps", timed.train_steps, 1),
        ("repeats", timed.repeats, 1),
        ("train_blocks", timed.train_blocks, 0),
        ("segments", timed.segments, 0),
        ("pool", timed.pool, 0),
        ("epochs", timed.epochs, 0),
        ("epoch_batches", timed.epoch_batches, 0),
        ("samples", timed.samples, 0),
        *((f"seeds_together[{i}]", one, 2) for i, one in enumerate(timed.seeds_together)),
        *((f"answers[{i}]", one, 1) for i, one in enumerate(timed.answers)),
        *((f"trainings[{i}]", one, 1) for i, one in enumerate(timed.trainings)),
        *((f"frames[{i}]", one, 0) for i, one in enumerate(timed.frames)),
        *((f"frame_cells[{i}]", one, 1) for i, one in enumerate(timed.frame_cells)),
    ]
    problems = [
        Problem(where=f"{where}.{name}", what=f"expected {minimum} or more, found {value}")
        for name, value, minimum in least
        if value < minimum
    ]
    for name in ("precisions", "seeds_together", "harness"):
        if getattr(timed, name) and not timed.engines:
            what = "says how engines are measured, and engines names none"
            problems.append(Problem(where=f"{where}.{name}", what=what))
    if timed.harness and timed.engines and timed.train_batch < 1:
        what = "is measured in trainings, and train_batch is 0"
        problems.append(Problem(where=f"{where}.harness", what=what))
    if timed.passes and timed.train_batch < 1:
        what = "are those of a training, and train_batch is 0"
        problems.append(Problem(where=f"{where}.passes", what=what))
    return [
        *problems,
        *_training_problems(timed, where=where),
        *_frame_problems(timed, where=where),
        *_answer_problems(timed, where=where),
    ]


def _training_problems(timed: Profile, *, where: str) -> list[Problem]:
    """A pool must give a batch, and an epoch have one to train on and one to validate on."""
    largest = max(timed.trainings, default=0)
    problems = []
    if 0 < timed.pool < largest:
        what = f"must hold a batch of {largest}, found {timed.pool}"
        problems.append(Problem(where=f"{where}.pool", what=what))
    if timed.epochs and timed.samples < 5 * largest:
        what = f"a fifth must hold a batch of {largest}, found {timed.samples}"
        problems.append(Problem(where=f"{where}.samples", what=what))
    if timed.samples and not timed.epochs:
        what = "are those of epochs, and epochs is 0"
        problems.append(Problem(where=f"{where}.samples", what=what))
    return problems


def _frame_problems(timed: Profile, *, where: str) -> list[Problem]:
    """Frames have two sides, and engines of this project; they alone know all precisions."""
    problems = []
    if len(timed.frame_cells) not in (0, 2):
        what = f"expected cells down and across, found {len(timed.frame_cells)} numbers"
        problems.append(Problem(where=f"{where}.frame_cells", what=what))
    for name in ("seeds_together", "harness"):
        if timed.frames and getattr(timed, name):
            what = "is measured beside engines, and frames are measured"
            problems.append(Problem(where=f"{where}.{name}", what=what))
    for name in sorted({"cax", "fused"}.intersection(timed.engines) if timed.frames else ()):
        what = f"frames are not measured of {name!r}"
        accepted = ("compiled", "eager", "plain")
        problems.append(Problem(where=f"{where}.engines", what=what, accepted=accepted))
    if "fp16" in timed.precisions and not timed.frames:
        what = "'fp16' is measured of frames alone"
        accepted = ("bf16", "float32", "tf32")
        problems.append(Problem(where=f"{where}.precisions", what=what, accepted=accepted))
    return problems


def _answer_problems(timed: Profile, *, where: str) -> list[Problem]:
    """Only one key may say what is measured; some say how."""
    kinds = (
        "answers",
        "passes",
        "trainings",
        *(() if timed.frames else ("engines",)),
        "frames",
    )
    measured = [name for name in kinds if getattr(timed, name)]
    problems = [
        Problem(where=f"{where}.{other}", what=f"names what is measured, and {name} does too")
        for name, other in itertools.pairwise(measured)
    ]
    how = {
        "train_blocks": ("answers", "frames"),
        "frame_cells": ("frames",),
        "precision": ("answers", "passes", "trainings"),
        "segments": ("passes",),
        "fusion": ("passes",),
        "pool": ("trainings",),
        "epochs": ("trainings",),
        "epoch_batches": ("epochs",),
    }
    for key, needed in how.items():
        if getattr(timed, key) and not any(getattr(timed, name) for name in needed):
            words = " or ".join([", ".join(needed[:-1]), needed[-1]] if needed[1:] else needed)
            what = f"says how {words} are measured, and nothing asks for them"
            problems.append(Problem(where=f"{where}.{key}", what=what))
    return problems
