"""What `[profile]` says of answers: defaults leave ids alone, odd combinations are refused."""

import pytest

from ncabench.errors import SuiteError
from ncabench.plan import planner
from ncabench.suite import document

SUITE = """\
title = "Answers"

[model.nca]
kind = "nca"

[perception.sobel]
kind = "sobel"

[update.mlp]
kind = "mlp"

[task.emoji]
kind = "emoji"

[grid]
model = ["nca"]

[profile]
"""


def plan(tmp_path, profile, rest=""):
    path = tmp_path / "answers.toml"
    path.write_text(f"{SUITE}{profile}\n{rest}")
    return planner.make(document.load(path))


def test_keys_that_ask_for_nothing_change_no_id(tmp_path):
    before = plan(tmp_path, "blocks = 4").entries
    empty = 'blocks = 4\nanswers = []\ntrain_blocks = 0\nprecision = ""'
    assert [one.id for one in plan(tmp_path, empty).entries] == [one.id for one in before]


@pytest.mark.parametrize("key", ["answers = [1, 4]", "answers = [1, 64]\ntrain_blocks = 2"])
def test_keys_that_ask_for_something_change_the_id(tmp_path, key):
    before = plan(tmp_path, "answers = [1, 64]").entries[0]
    assert plan(tmp_path, key).entries[0].id != before.id


@pytest.mark.parametrize(
    ("profile", "rest", "message"),
    {
        "precision": (
            'precision = "float32"',
            "",
            "profile.precision: says how answers, passes or trainings are measured, and "
            "nothing asks for them",
        ),
        "iterations": (
            "train_blocks = 3",
            "",
            "profile.train_blocks: says how answers or frames are measured, and nothing asks "
            "for them",
        ),
        "a batch of none": (
            "answers = [1, 0]",
            "",
            "profile.answers[1]: expected 1 or more, found 0",
        ),
        "both": (
            'answers = [1]\nengines = ["plain"]',
            "",
            "profile.engines: names what is measured, and answers does too",
        ),
        "segments of nothing": (
            "segments = 3",
            "",
            "profile.segments: says how passes are measured, and nothing asks for them",
        ),
        "passes of no training": (
            "passes = true",
            "",
            "profile.passes: are those of a training, and train_batch is 0",
        ),
        "answers and passes": (
            "answers = [1]\npasses = true\ntrain_batch = 2",
            "",
            "profile.passes: names what is measured, and answers does too",
        ),
        "another engine": (
            "answers = [1]",
            '[execution]\nengine = "compiled"',
            "execution.engine: answers are measured in plain PyTorch, found 'compiled'\n"
            "  accepted: auto, eager",
        ),
    }.values(),
)
def test_what_does_not_go_together_is_refused(tmp_path, profile, rest, message):
    with pytest.raises(SuiteError) as caught:
        plan(tmp_path, profile, rest)
    assert str(caught.value).partition("\n")[2] == message
