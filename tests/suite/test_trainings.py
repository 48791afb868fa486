"""What `[profile]` says of trainings: defaults change no id, odd combinations are refused."""

import pytest

from ncabench.errors import SuiteError
from ncabench.plan import planner
from ncabench.suite import document

SUITE = """\
title = "Trainings"

[model.nafnet]
kind = "nafnet"
width = 2

[task.tiles]
kind = "denoising"
dataset = "photo_tiles"
images = { split = "all", tile_px = 32 }

[grid]
model = ["nafnet"]

[profile]
"""


def plan(tmp_path, profile, rest=""):
    path = tmp_path / "trainings.toml"
    path.write_text(f"{SUITE}{profile}\n{rest}")
    return planner.make(document.load(path))


def test_keys_that_ask_for_nothing_change_no_id(tmp_path):
    before = plan(tmp_path, "blocks = 4").entries
    empty = "blocks = 4\ntrainings = []\npool = 0\nepochs = 0\nsamples = 0"
    assert [one.id for one in plan(tmp_path, empty).entries] == [one.id for one in before]


@pytest.mark.parametrize("key", ["pool = 8", "epochs = 1\nsamples = 40", 'precision = "tf32"'])
def test_keys_that_ask_for_something_change_the_id(tmp_path, key):
    before = plan(tmp_path, "trainings = [8]").entries[0]
    assert plan(tmp_path, f"trainings = [8]\n{key}").entries[0].id != before.id


@pytest.mark.parametrize(
    ("profile", "rest", "message"),
    {
        "a batch of none": (
            "trainings = [8, 0]",
            "",
            "profile.trainings[1]: expected 1 or more, found 0",
        ),
        "a pool of nothing": (
            "pool = 8",
            "",
            "profile.pool: says how trainings are measured, and nothing asks for them",
        ),
        "a pool below a batch": (
            "trainings = [8, 32]\npool = 31",
            "",
            "profile.pool: must hold a batch of 32, found 31",
        ),
        "no batch to validate on": (
            "trainings = [8, 32]\nepochs = 1\nsamples = 159",
            "",
            "profile.samples: a fifth must hold a batch of 32, found 159",
        ),
        "samples of nothing": (
            "trainings = [8]\nsamples = 40",
            "",
            "profile.samples: are those of epochs, and epochs is 0",
        ),
        "trainings and passes": (
            "trainings = [8]\npasses = true\ntrain_batch = 2",
            "",
            "profile.trainings: names what is measured, and passes does too",
        ),
        "trainings and engines": (
            'trainings = [8]\nengines = ["plain"]',
            "",
            "profile.engines: names what is measured, and trainings does too",
        ),
        "another engine": (
            "trainings = [8]",
            '[execution]\nengine = "compiled"',
            "execution.engine: trainings are measured in plain PyTorch, found 'compiled'\n"
            "  accepted: auto, eager",
        ),
    }.values(),
)
def test_what_does_not_go_together_is_refused(tmp_path, profile, rest, message):
    with pytest.raises(SuiteError) as caught:
        plan(tmp_path, profile, rest)
    assert str(caught.value).partition("\n")[2] == message
