"""The overlay that a study leaves."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

from ncabench.pipeline import Workspace
from ncabench.run.device import Device
from ncabench.suite import document
from ncabench.tune import written
from ncabench.tune.study import Tried
from ncabench.tune.tuner import Asked, Tuned

GROWN = Path("tests/tune/grown.toml")
BEST = Tried(
    number=1,
    parameters={"train.schedule": {"kind": "cosine", "warm_up": 2}, "train.batch": 2},
    state="finished",
    value=0.125,
)
LOST = Tried(number=0, parameters={}, state="failed", why="rng_seed 0: diverged")


def study(root, *, sets=()):
    suite = document.load(root / GROWN)
    return Tuned(
        asked=Asked(path=GROWN, space=Workspace(results=Path("results")), sets=sets),
        suite=suite,
        tune=suite.tune,
        name="grown-paper",
        path=Path("results/tune/grown-paper.db"),
        device=Device(name="cpu", device_class="cpu"),
        trials=(LOST, BEST),
        best=BEST,
    )


def test_an_overlay_says_what_it_is_and_how_to_apply_it():
    root = Path(__file__).parents[2]
    text = written.overlay(study(root, sets=["train.iterations=5"]), Path("best.toml"))
    assert text.splitlines() == [
        "# The best of the study 'grown-paper' on the suite grown.",
        '# trial 1: train.schedule = { kind = "cosine", warm_up = 2 }, train.batch = 2: '
        "rgba_mse/before 0.125 (rng_seed 0); lower is better.",
        "# rng_seeds 0; 2 trials: 1 failed, 1 finished; sampler grid; on cpu; "
        f"{datetime.now(UTC).date().isoformat()}.",
        f"# To apply it: ncabench run {root / GROWN} --preset paper "
        "--set 'train.iterations=5' --set @best.toml",
        "",
        'train.schedule = { kind = "cosine", warm_up = 2 }',
        "train.batch = 2",
    ]
    assert tomllib.loads(text)["train"] == {
        "schedule": {"kind": "cosine", "warm_up": 2},
        "batch": 2,
    }
