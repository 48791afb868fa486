"""Changing one stored value changes exactly the claims that read it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ncabench.plan import planner
from ncabench.report import claims
from ncabench.suite import document

SUITE = Path(__file__).with_name("claims.toml")
VALUES = {"sobel": 50.0, "conv3x3": 60.0, "conv5x5": 80.0, "unet_25k": 100.0}


@pytest.fixture(scope="module")
def plan():
    return planner.make(document.load(SUITE))


@pytest.fixture
def runs(plan, store):
    """Return three rng_seeds of everything, near enough to each other to flip."""
    found = []
    for entry in plan.entries:
        label = entry.labels[0]
        name, seed = str(label.get("perception", label["model"])), int(label["rng_seed"])
        values = {"parameters": 1000 * VALUES[name], "loss": 0.1}
        if entry.role == "evaluation":
            more = 4.0 if label["perturbation"] == "mutation" else 0.0
            values = {"perceptual/recovery": VALUES[name] + more + seed, "rgba_mse/final": 0.2}
            values |= {"perceptual/stage_1": 0.1 + seed / 100, "perceptual/final": 0.2}
        found.append(store(entry, values))
    return found


def reads(claim, role, value, labels):
    """Tell whether a claim speaks of a value, from its text alone."""
    return any(
        _of(side, claim) == (role, value) and _meant(side, claim, label)
        for side in re.split(r" (?:[<>]|and|[-+*/]) ", claim.relation)
        for label in labels
    )


def _of(side, claim):
    value = side.partition(" of ")[0] if " of " in side else claim.value
    role, name = (
        ("evaluation", value) if value.startswith("perceptual") else ("training", value)
    )
    return role, name.removeprefix("training/")


def _meant(side, claim, label):
    if any(label[axis] not in names for axis, names in claim.where.items()):
        return False
    words = side.partition(" of ")[2] or side
    if words.split()[0] in ("every", "most", "some"):
        return words.split()[-1] in label
    return all(word in label.values() for word in words.split(" & "))


def different(before, after):
    pairs = zip(before, after, strict=True)
    return {old.id for old, new in pairs if old != new}, {
        old.id for old, new in zip(before, after, strict=True) if old.word != new.word
    }


def test_each_value_changes_the_claims_that_read_it_and_no_others(plan, runs):
    before, flipped = claims.judged(plan, runs), set()
    for place, run in enumerate(runs):
        for name, value in run.values.items():
            values = {**run.values, name: -50.0 * value - 500.0}
            after = [*runs[:place], replace(run, values=values), *runs[place + 1 :]]
            changed, turned = different(before, claims.judged(plan, after))
            every = plan.suite.claims
            meant = {one.id for one in every if reads(one, run.role, name, run.labels)}
            assert changed == meant, (run.role, name, run.labels)
            flipped |= turned
    assert flipped >= {"every-other", "chain", "sign", "models", "perturbations", "parameters"}


def test_each_failed_training_changes_the_claims_about_failures(plan, runs):
    before = claims.judged(plan, runs)
    for place, run in enumerate(runs):
        if run.role == "training":
            lost = replace(run, outcome="diverged")
            after = claims.judged(plan, [*runs[:place], lost, *runs[place + 1 :]])
            changed, _ = different(before, after)
            every = plan.suite.claims
            assert changed == {
                one.id for one in every if reads(one, "training", "failed", run.labels)
            }
