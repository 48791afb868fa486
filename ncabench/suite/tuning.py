"""Reads `[tune]`, and tries every end of its space on the suite before anything is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ncabench.errors import Problem
from ncabench.suite import sections
from ncabench.suite.overlay import as_toml, merge, overlay
from ncabench.suite.suite import Dimension, Tune

_OWN = ("tune", "preset", "default_preset", "title", "paper")  # keys that decide no number
_SEEDS = "grid.rng_seed"


def parse(raw: Any) -> tuple[Tune | None, list[Problem]]:
    """Return `[tune]` with each dimension of its space, and what is wrong with it."""
    if not isinstance(raw, Mapping):
        return None, [Problem(where="tune", what=f"expected a table, found {raw!r}")]
    space, problems = _space(raw.get("space", {}))
    rest = {key: value for key, value in raw.items() if key != "space"}
    tune, wrong = sections.parse(Tune, rest, where="tune", ready={"space": space})
    return tune, [*wrong, *problems]


def _space(raw: Any) -> tuple[dict[str, Dimension], list[Problem]]:
    if not isinstance(raw, Mapping) or not raw:
        what = 'names no key to vary, as [tune.space."train.batch"] would'
        return {}, [Problem(where="tune.space", what=what)]
    space: dict[str, Dimension] = {}
    problems: list[Problem] = []
    for path, table in raw.items():
        where = _where(path)
        one, wrong = sections.parse(Dimension, table, where=where)
        wrong = wrong or (_dimension_problems(one, where=where) if one else [])
        problems += wrong
        if one is not None and not wrong:
            space[path] = one
    return space, problems


def _where(path: str) -> str:
    return f'tune.space."{path}"'


def _dimension_problems(one: Dimension, *, where: str) -> list[Problem]:
    ends = (one.low, one.high)
    if one.choices:
        if ends != (None, None) or one.log:
            what = "has choices, so low, high and log have no meaning"
            return [Problem(where=where, what=what)]
        twice = [v for i, v in enumerate(one.choices) if v in one.choices[:i]]
        what = "stands here twice"
        return [Problem(where=f"{where}.choices", what=f"{as_toml(v)} {what}") for v in twice]
    if one.low is None or one.high is None:
        return [Problem(where=where, what="needs choices, or both low and high")]
    if not one.low < one.high:
        what = f"expected less than high, {one.high}, found {one.low}"
        return [Problem(where=f"{where}.low", what=what)]
    if one.log and one.low <= 0:
        what = f"expected more than 0, for the sake of log, found {one.low}"
        return [Problem(where=f"{where}.low", what=what)]
    return []


def problems(
    tune: Tune,
    document: Mapping[str, Any],
    *,
    problems_of: Callable[[Mapping[str, Any]], Sequence[Problem]],
) -> list[Problem]:
    """Return what is wrong with a study, the suite itself aside.

    Every choice, and both ends of every range, is laid over the suite by itself: what is
    wrong with that, and not without, is the study's problem.

    Args:
        tune: the study, parsed.
        document: the suite.
        problems_of: what is wrong with a document.
    """
    found = [*_numbers(tune), *_overlaps(tune)]
    bare = {key: value for key, value in document.items() if key != "tune"}
    known = {str(one) for one in problems_of(bare)}
    for path, dimension in tune.space.items():
        if path == _SEEDS or path.split(".")[0] in _OWN:
            what = "is no key that a study can vary"
            if path == _SEEDS:
                what += "; tune.rng_seeds says what each trial is run with"
            found.append(Problem(where=_where(path), what=what))
            continue
        if tune.sampler == "grid" and not dimension.choices:
            what = 'a grid needs choices; sampler = "tpe" draws from ranges'
            found.append(Problem(where=_where(path), what=what))
        for value in ends(dimension):
            laid = merge(bare, overlay(path.split("."), value))
            found += [
                _of_study(one, path) for one in problems_of(laid) if str(one) not in known
            ]
    return list(dict.fromkeys(found))


def ends(dimension: Dimension) -> tuple[Any, ...]:
    """Return every choice, or both ends of a range.

    >>> ends(Dimension(low=1, high=8)), ends(Dimension(choices=("a", "b")))
    ((1, 8), ('a', 'b'))
    """
    return dimension.choices or (dimension.low, dimension.high)


def _of_study(one: Problem, path: str) -> Problem:
    what = one.what if one.where == path else f"{one.where}: {one.what}"
    return replace(one, where=_where(path), what=what)


def _overlaps(tune: Tune) -> list[Problem]:
    return [
        Problem(where=_where(path), what=f"lies in {other}, which the study varies too")
        for path in tune.space
        for other in tune.space
        if path.startswith(f"{other}.")
    ]


def _numbers(tune: Tune) -> list[Problem]:
    found = []
    if not tune.rng_seeds:
        found.append(Problem(where="tune.rng_seeds", what="a trial needs at least one"))
    for name, seeds in (("rng_seeds", tune.rng_seeds), ("held_out", tune.held_out)):
        twice = sorted({seed for i, seed in enumerate(seeds) if seed in seeds[:i]})
        found += [
            Problem(where=f"tune.{name}", what=f"{seed} stands here twice") for seed in twice
        ]
    found += [
        Problem(where="tune.held_out", what=f"{seed} is one of tune.rng_seeds, so not held out")
        for seed in tune.held_out
        if seed in tune.rng_seeds
    ]
    if tune.sampler == "tpe" and tune.trials < 1:
        what = f"tpe needs to know how many, 1 or more, found {tune.trials}"
        found.append(Problem(where="tune.trials", what=what))
    least = (("trials", tune.trials), ("start", tune.start))
    found += [
        Problem(where=f"tune.{name}", what=f"expected 0 or more, found {value}")
        for name, value in least
        if value < 0
    ]
    if "rng_seed" in tune.where:
        what = "tune.rng_seeds says what each trial is run with"
        found.append(Problem(where="tune.where.rng_seed", what=what))
    return found
