"""Of two records of one run: which stays, and when neither may be chosen silently."""

import pytest

from ncabench.record.merging import Held, difference, meet, named
from ncabench.run.outcome import Record

EARLY, LATE = "2026-05-01T12:00:00+00:00", "2026-05-01T13:00:00+00:00"
FILES = {"curves.json": "c", "log.jsonl": "l", "weights.safetensors": "w"}


def record(**changes):
    given = {
        "role": "training",
        "id": "0123456789ab",
        "device_class": "cpu",
        "engine": "eager",
        "outcome": "ok",
        "spec": {},
        "values": {"final_loss": 0.25},
        "artifacts": FILES,
        "ended_at": EARLY,
    }
    return Record(**(given | changes))


def held(*names, **changes):
    return Held(record=record(**changes), names=frozenset(names))


WHOLE = held(*FILES)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"values": {"final_loss": 0.5}}, "final_loss is 0.25 here and 0.5 there"),
        ({"values": {}}, "final_loss is 0.25 here and absent there"),
        (
            {"values": {"a": 1.0, "final_loss": 0.25}},
            "a is absent here and 1.0 there",
        ),
        ({"outcome": "oom", "values": {}}, "outcome is ok here and oom there"),
        ({"artifacts": {**FILES, "curves.json": "d"}}, "curves.json is not the same"),
        (
            {"artifacts": {**FILES, "weights.safetensors": "v"}},
            "weights.safetensors is not the same",
        ),
    ],
)
@pytest.mark.parametrize("role", ["training", "evaluation", "profile"])
def test_what_was_measured_differs(role, changes, found):
    here, there = held(*FILES, role=role), held(*FILES, role=role, ended_at=LATE, **changes)
    assert difference(here.record, there.record) == found
    assert meet(here, there).conflict == found
    assert meet(here, there, keep="there").takes
    assert not meet(here, there, keep="here").takes


@pytest.mark.parametrize(
    "changes",
    [
        {"seconds": 9.0},
        {"environment": {"driver": "570"}},
        {"sources": {"x.py": "1"}},
        {"labels": ({"perception": "mine"},)},
        {"warnings": ("fell back",)},
        {"artifacts": {**FILES, "log.jsonl": "m"}},
        {"artifacts": {**FILES, "filmstrip-x.png": "f"}},
        {"artifacts": {**FILES, "samples.json": "of a newer version"}},
    ],
)
def test_of_two_that_say_the_same_the_later_stays_whichever_arrives(changes):
    early, late = WHOLE, held(*FILES, ended_at=LATE, **changes)
    forth, back = meet(early, late), meet(late, early)
    assert (forth.takes, forth.conflict) == (True, "")
    assert (back.takes, back.conflict) == (False, "")
    assert forth.line == "replaced; an earlier run was here, and says the same"
    assert back.line == "kept; a later run is here, and says the same"


def test_what_was_accepted_here_stays_though_the_same_run_arrives():
    accepted = held(*FILES, sources={"x.py": "2"})
    assert not meet(accepted, WHOLE).takes


def test_the_one_with_more_files_stays_though_it_is_the_earlier():
    fewer = held("curves.json", ended_at=LATE, artifacts={"curves.json": "c"})
    assert not meet(WHOLE, fewer).takes
    assert meet(fewer, WHOLE).takes


def test_files_that_stayed_behind_are_taken_from_the_other():
    without = held("curves.json", "log.jsonl", ended_at=LATE)
    for found, takes in ((meet(WHOLE, without), True), (meet(without, WHOLE), False)):
        assert found.borrows == {"weights.safetensors"}
        assert found.takes == takes


def test_a_file_of_another_digest_is_not_taken():
    other = held("curves.json", ended_at=LATE, artifacts={**FILES, "filmstrip-x.png": "f"})
    mine = held(*FILES, "filmstrip-x.png", artifacts={**FILES, "filmstrip-x.png": "g"})
    assert "filmstrip-x.png" not in meet(other, mine).borrows


@pytest.mark.parametrize("word", ["no_data", "infeasible", "skipped"])
def test_what_never_ran_gives_way_to_what_did(word):
    never = held(outcome=word, values={}, artifacts={}, ended_at=LATE)
    assert meet(never, WHOLE).line == "replaced; what was here was never run"
    assert meet(WHOLE, never).line == "kept; what arrives was never run"


def test_what_was_cut_off_gives_way():
    cut = held(unfinished=True, outcome="crashed", values={}, ended_at=LATE)
    assert meet(cut, WHOLE).line == "replaced; what was here was cut off"
    assert meet(WHOLE, cut).line == "kept; what arrives was cut off"


@pytest.mark.parametrize("word", ["oom", "timeout", "crashed", "diverged"])
def test_a_failure_is_a_result_and_gives_way_to_none(word):
    failed = held(outcome=word, values={}, artifacts={})
    assert meet(failed, WHOLE).conflict == f"outcome is {word} here and ok there"


def test_of_two_runs_of_a_suite_the_later_stays():
    early = held(role="suite", values={}, artifacts={})
    late = held(role="suite", values={}, artifacts={}, ended_at=LATE, spec={"entries": ["x"]})
    assert (meet(early, late).takes, meet(late, early).takes) == (True, False)
    assert not meet(early, late).conflict


def test_a_run_is_named_by_its_key_and_what_the_suite_calls_it():
    labels = ({"perception": "conv3x3", "rng_seed": 0}, {"perception": "conv"})
    assert named(record(labels=labels)) == (
        "0123456789ab cpu-eager (training: conv3x3 0 and 1 more)"
    )
    assert named(record()) == "0123456789ab cpu-eager (training)"
