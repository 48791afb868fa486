import pytest

from ncabench.errors import SuiteError
from ncabench.plan import planner
from ncabench.suite import document

PROFILES = """\
title = "Profiles"

[grid]
model = ["nca"]
perception = ["sobel", "conv3x3"]

[model.nca]
kind = "nca"

[perception.sobel]
kind = "sobel"

[perception.conv3x3]
kind = "conv"

[update.mlp]
kind = "mlp"

[task.emoji]
kind = "emoji"

[profile]
blocks = 4
"""
AT = """
[[profile_at]]
where = { perception = "conv3x3" }
engines = ["plain", "eager"]
precisions = ["float32"]
batch = 0
"""


def plan(tmp_path, added=""):
    path = tmp_path / "profiles.toml"
    path.write_text(PROFILES + added)
    return planner.make(document.load(path))


def refused(tmp_path, added):
    with pytest.raises(SuiteError) as caught:
        plan(tmp_path, added)
    return str(caught.value).partition("\n")[2]


def test_a_suite_without_trainings_has_profiles_alone(tmp_path):
    entries = plan(tmp_path).entries
    assert [entry.role for entry in entries] == ["profile", "profile"]
    assert [entry.labels[0]["perception"] for entry in entries] == ["sobel", "conv3x3"]
    assert all("perturbation" not in entry.labels[0] for entry in entries)


def test_a_profile_is_laid_over_where_it_says_so(tmp_path):
    sobel, conv = (entry.spec["profile"] for entry in plan(tmp_path, AT).entries)
    assert conv == {
        **sobel,
        "engines": ["plain", "eager"],
        "precisions": ["float32"],
        "batch": 0,
    }


def test_what_is_not_asked_of_engines_is_not_in_a_spec(tmp_path):
    assert set(plan(tmp_path).entries[0].spec["profile"]) == {
        *("warm_up", "blocks", "steps_per_block", "batch", "train_batch", "train_steps"),
    }


def test_the_last_that_fits_counts(tmp_path):
    last = '[[profile_at]]\nwhere = { model = "nca" }\nblocks = 9\n'
    found = [entry.spec["profile"] for entry in plan(tmp_path, AT + last).entries]
    assert [one["blocks"] for one in found] == [9, 9]
    assert not any("engines" in one for one in found)


@pytest.mark.parametrize(
    ("added", "message"),
    {
        "no where": (
            "[[profile_at]]\nblocks = 2\n",
            "profile_at[0].where: it is needed, and not set",
        ),
        "a name that is none": (
            '[[profile_at]]\nwhere = { perception = "conv5x5" }\n',
            "profile_at[0].where.perception: there is no [perception.conv5x5] in this suite\n"
            "  accepted: conv3x3, sobel\n"
            "  did you mean 'conv3x3'?",
        ),
        "a wrong number": (
            '[[profile_at]]\nwhere = { perception = "sobel" }\nbatch = 0\n',
            "profile_at[0].batch: expected 1 or more, found 0",
        ),
        "precisions of no engine": (
            '[[profile_at]]\nwhere = { perception = "sobel" }\nprecisions = ["bf16"]\n',
            "profile_at[0].precisions: says how engines are measured, and engines names none",
        ),
    }.values(),
)
def test_a_wrong_profile_is_refused_with_its_path(tmp_path, added, message):
    assert refused(tmp_path, added) == message
