"""A plan of three rng_seeds, runs with the numbers of a test, and A and B made of them."""

from dataclasses import replace
from pathlib import Path

import pytest

from ncabench.plan import planner
from ncabench.report.comparison import names, pairing
from ncabench.report.comparison.rows import compared
from ncabench.suite import document

TINY = Path(__file__).parents[2] / "tiny.toml"


@pytest.fixture(scope="session")
def plan():
    sets = ["grid.rng_seed=[0,1,2]", "profile.blocks=3"]
    return planner.make(document.load(TINY, sets=sets))


@pytest.fixture
def run(plan, store):
    """Stores a run of the entry of a role at one grid point; returns it."""

    def run(values=None, *, role="evaluation", rng_seed=0, where, **given):
        point = {"rng_seed": rng_seed, **where}
        entry = next(one for one in plan.of(role) if one.serves(point))
        return store(entry, values, **given)

    return run


@pytest.fixture
def numbers(run):
    """Stores one value for each rng_seed of a perception under damage."""

    def numbers(perception, values, *, value="rgba_mse/before", **given):
        where = {"perception": perception, "perturbation": "damage"}
        return [
            run({value: number}, rng_seed=seed, where=where, **given)
            for seed, number in values.items()
        ]

    return numbers


@pytest.fixture
def sides(plan):
    """Returns A, B and their pairing, with their runs chosen."""

    def sides(runs, first="sobel", second="conv3x3"):
        points = [point for one in plan.of("evaluation") for point in one.labels]
        ours, theirs = names.sides(first, second, plan=plan, points=points, runs=runs)
        met = pairing.pair(ours, theirs)
        chosen = pairing.settle(ours, theirs, pairing=met)
        return replace(ours, chosen=chosen[0]), replace(theirs, chosen=chosen[1]), met

    return sides


@pytest.fixture
def rows(plan, sides):
    """Returns the rows of A against B for some values."""

    def rows(runs, *values, first="sobel", second="conv3x3", **given):
        ours, theirs, met = sides(runs, first, second)
        return compared(
            ours,
            theirs,
            pairing=met,
            values=values or ("rgba_mse/before",),
            suite=plan.suite,
            **given,
        )

    return rows
