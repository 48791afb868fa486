"""What `[tune]` says, and each message that a wrong one gets, whole."""

import pytest

from ncabench.errors import SuiteError
from ncabench.suite.document import load
from ncabench.suite.suite import Dimension

TUNE = """\
[tune]
metric = "rgba_mse/before"
better = "lower"
trials = 4
rng_seeds = [0, 1]
held_out = [2]
[tune.space."train.optimiser.learning_rate"]
low = 1e-4
high = 1e-2
log = true
"""
RATE = 'tune.space."train.optimiser.learning_rate"'
SPACE = TUNE[TUNE.index("[tune.space") :]


def test_a_study_is_read_with_its_space_and_its_defaults(write):
    tune = load(write(added=TUNE)).tune
    assert tune.space == {
        "train.optimiser.learning_rate": Dimension(low=1e-4, high=1e-2, log=True)
    }
    assert (tune.sampler, tune.trials, tune.rng_seeds, tune.prune) == ("tpe", 4, (0, 1), False)


def test_a_preset_changes_the_study(write):
    path = write(added=TUNE + "[preset.smoke]\ntune.trials = 2\n")
    assert (load(path).tune.trials, load(path, preset="smoke").tune.trials) == (4, 2)


def test_choices_may_be_whole_components(write):
    table = '[tune.space."train.schedule"]\n'
    choices = 'choices = [{ kind = "constant" }, { kind = "cosine", warm_up = 2 }]\n'
    tune = load(write(added=TUNE.replace(SPACE, table + choices))).tune
    assert tune.space["train.schedule"].choices[1] == {"kind": "cosine", "warm_up": 2}


WRONG = {
    "a key that is not there": (
        ('"train.optimiser.learning_rate"', '"train.optimiser.learning_rat"'),
        "tune.space.\"train.optimiser.learning_rat\": adam has no parameter 'learning_rat'\n"
        "  accepted: betas, epsilon, learning_rate\n"
        "  did you mean 'learning_rate'?",
    ),
    "a key of the wrong type": (
        ("low = 1e-4\nhigh = 1e-2\nlog = true", 'choices = [1e-3, "fast"]'),
        f"{RATE}: expected float, found 'fast'",
    ),
    "a key of nothing": (
        ('"train.optimiser.learning_rate"', '"trian.batch"'),
        'tune.space."trian.batch": trian: there is no such key\n'
        "  accepted: claim, default_preset, deviation, exclude, execution, expect, "
        "figure, graft, grid, include, metric, model, paper, perception, perturbation, preset, "
        "profile, profile_at, protocol, recipe, table, task, title, train, tune, update\n"
        "  did you mean 'train'?",
    ),
    "rng_seeds as a key": (
        (SPACE, '[tune.space."grid.rng_seed"]\nchoices = [[0], [1]]\n'),
        'tune.space."grid.rng_seed": is no key that a study can vary; '
        "tune.rng_seeds says what each trial is run with",
    ),
    "its own trials as a key": (
        (SPACE, '[tune.space."tune.trials"]\nchoices = [1, 2]\n'),
        'tune.space."tune.trials": is no key that a study can vary',
    ),
    "a key in another": (
        (SPACE, SPACE + '[tune.space."train.optimiser"]\nchoices = [{ epsilon = 1e-9 }]\n'),
        f"{RATE}: lies in train.optimiser, which the study varies too",
    ),
    "no space": (
        (SPACE, ""),
        'tune.space: names no key to vary, as [tune.space."train.batch"] would',
    ),
    "neither choices nor a range": (
        ("high = 1e-2\n", ""),
        f"{RATE}: needs choices, or both low and high",
    ),
    "empty choices": (
        ("low = 1e-4\nhigh = 1e-2\nlog = true", "choices = []"),
        f"{RATE}: needs choices, or both low and high",
    ),
    "choices and a range": (
        ("low = 1e-4\n", "low = 1e-4\nchoices = [1e-3]\n"),
        f"{RATE}: has choices, so low, high and log have no meaning",
    ),
    "a choice that stands twice": (
        ("low = 1e-4\nhigh = 1e-2\nlog = true", "choices = [1e-3, 0.001]"),
        f"{RATE}.choices: 0.001 stands here twice",
    ),
    "a range upside down": (
        ("low = 1e-4", "low = 0.1"),
        f"{RATE}.low: expected less than high, 0.01, found 0.1",
    ),
    "a logarithm of nothing": (
        ("low = 1e-4", "low = 0.0"),
        f"{RATE}.low: expected more than 0, for the sake of log, found 0.0",
    ),
    "a range in a grid": (
        ("trials = 4", 'sampler = "grid"'),
        f'{RATE}: a grid needs choices; sampler = "tpe" draws from ranges',
    ),
    "TPE without an end": (
        ("trials = 4\n", ""),
        "tune.trials: tpe needs to know how many, 1 or more, found 0",
    ),
    "an unknown sampler": (
        ("trials = 4", 'trials = 4\nsampler = "tpee"'),
        "tune.sampler: expected Literal['grid', 'tpe'], found 'tpee'\n"
        "  accepted: grid, tpe\n  did you mean 'tpe'?",
    ),
    "no rng_seeds": (
        ("rng_seeds = [0, 1]", "rng_seeds = []"),
        "tune.rng_seeds: a trial needs at least one",
    ),
    "an rng_seed twice": (
        ("rng_seeds = [0, 1]", "rng_seeds = [1, 1]"),
        "tune.rng_seeds: 1 stands here twice",
    ),
    "a held-out rng_seed that trials see": (
        ("held_out = [2]", "held_out = [1]"),
        "tune.held_out: 1 is one of tune.rng_seeds, so not held out",
    ),
    "a metric that nothing measures": (
        ("rgba_mse/before", "lpips/before"),
        "tune.metric: no such value is measured: 'lpips/before'\n"
        "  accepted: parameters, profile/..., protocol/..., rgba_mse/..., training/...\n"
        "  did you mean 'profile/...'?",
    ),
    "a grid point that is not there": (
        ("trials = 4", 'trials = 4\nwhere = { perception = "sobell" }'),
        "tune.where.perception: there is no [perception.sobell] in this suite\n"
        "  accepted: conv3x3, sobel\n  did you mean 'sobel'?",
    ),
    "an rng_seed among the grid points": (
        ("trials = 4", "trials = 4\nwhere = { rng_seed = 0 }"),
        "tune.where.rng_seed: tune.rng_seeds says what each trial is run with",
    ),
    "fewer than no trials": (
        ("trials = 4", 'sampler = "grid"\ntrials = -1\n'),
        "tune.trials: expected 0 or more, found -1\n"
        f'{RATE}: a grid needs choices; sampler = "tpe" draws from ranges',
    ),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_study_is_refused_with_its_path(write, change, message):
    assert TUNE.count(change[0]) == 1
    path = write(added=TUNE.replace(*change))
    with pytest.raises(SuiteError) as caught:
        load(path)
    assert str(caught.value) == f"small.toml:\n{message}"


def test_what_is_wrong_without_the_study_is_told_once(write):
    path = write(("iterations = 10", 'iterations = "ten"'), added=TUNE)
    with pytest.raises(SuiteError) as caught:
        load(path)
    assert str(caught.value) == "small.toml:\ntrain.iterations: expected int, found 'ten'"
