"""Every claim of every suite can be supported, and can be refuted, by stored runs."""

import random
from collections import defaultdict
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from ncabench.plan import planner
from ncabench.report import claims
from ncabench.report.cells import source
from ncabench.report.contexts import expand
from ncabench.report.outcomes import is_outcome
from ncabench.suite import document

SUITES = sorted((Path(__file__).parents[2] / "suites").glob("*.toml"))
CLAIMS = [
    pytest.param(path.stem, one.id, id=f"{path.stem}/{one.id}")
    for path in SUITES
    for one in document.load(path, preset="paper").claims
]
RNG_SEEDS = 8  # fewer do not refute a claim that compares many shares of failed trainings
GPU = {"device_class": "nvidia-h200", "device": "NVIDIA H200"}
LOST = {"training": "diverged", "profile": "oom"}
TRIES = 50_000


@cache
def plan_of(name):
    [path] = [one for one in SUITES if one.stem == name]
    suite = document.load(path, preset="paper")
    if "rng_seed" in suite.grid:
        sets = [f"grid.rng_seed={list(range(RNG_SEEDS))}"]
        suite = document.load(path, preset="paper", sets=sets)
    return planner.make(suite)


def draw(chance, value):
    if is_outcome(value):
        return float(chance.random() < 0.5)
    return chance.choice((-1, 1, 1, 1)) * 10 ** chance.uniform(-2, 5)


def named(instance, place):
    """What a name of a comparison stands for: a value of some entries."""
    behind = instance.behind[place]
    return behind.value, behind.ids


def margin(instance, values):
    return instance.comparison.margin(lambda place: values[named(instance, place)])


def numbers(instances, *, hold):
    """Draw a number for every name until each comparison holds, or each is turned round."""
    chance, sign = random.Random(0), 1 if hold else -1
    names = {named(one, place): one for one in instances for place in one.behind}
    values = {name: draw(chance, name[0]) for name in names}
    for _ in range(TRIES):
        wrong = [one for one in instances if not (margin(one, values) * sign > 0)]
        if not wrong:
            return values
        one = chance.choice(wrong)
        name = named(one, chance.choice(list(one.behind)))
        values[name] = draw(chance, name[0])
    raise AssertionError(f"no numbers found for {[str(one.comparison) for one in instances]}")


def stored(plan, values, store):
    """The runs that hold these numbers, the same for every rng_seed."""
    found, outcomes = defaultdict(dict), {}
    for (value, ids), number in values.items():
        role, name = source(value)
        for id in ids:
            if is_outcome(value):
                outcomes[role, id] = LOST[role] if number else "ok"
            else:
                found[role, id][name] = number
    entries = {(one.role, one.id): one for one in plan.entries}
    return [
        store(entries[key], found[key], outcome=outcomes.get(key, "ok"), **GPU)
        for key in dict.fromkeys(chain(found, outcomes))
    ]


def judge(plan, claim, runs):
    alone = replace(plan, suite=replace(plan.suite, claims=(claim,)))
    [found] = claims.judged(alone, runs)
    return found.word, found.reason


@pytest.mark.parametrize(("name", "id"), CLAIMS)
def test_a_claim_can_be_supported_and_can_be_refuted(name, id, store):
    plan = plan_of(name)
    [claim] = [one for one in plan.suite.claims if one.id == id]
    expanded = expand(plan, claim)
    every = expanded.instances
    assert every
    assert not expanded.absent
    good, bad = numbers(every, hold=True), numbers(every, hold=True)
    bad |= numbers(every[:1], hold=False)
    assert judge(plan, claim, stored(plan, good, store)) == ("supported", "")
    word, reason = judge(plan, claim, stored(plan, bad, store))
    assert word == "refuted", reason


@pytest.mark.parametrize(("name", "id"), CLAIMS)
def test_a_claim_says_where_the_paper_makes_it(name, id):
    [claim] = [one for one in plan_of(name).suite.claims if one.id == id]
    assert claim.source.startswith(("section ", "table "))
    assert claim.statement.endswith(".")
