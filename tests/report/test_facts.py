from ncabench.plan import sources
from ncabench.report import facts

SPEC = {
    "model": {"kind": "nca"},
    "data": {"kind": "mnist_5k", "digest": "80" * 32},
    "versions": {"data/mnist_5k": 1, "model/nca": 1},
}


def state(run, **record):
    return facts.Facts().of(run, {"spec": SPEC, **record})


def test_a_record_states_the_data_that_it_and_its_training_read(runs):
    found = facts.Facts().of(runs[0], {"spec": {"training": SPEC}})
    assert found["data"] == [SPEC["data"]]


def test_sources_as_they_are_now_are_current(runs):
    found = state(runs[0], sources=sources.digests(SPEC))
    assert (found["state"], found["changed_since"]) == ("current", [])


def test_a_source_that_changed_since_is_named(runs):
    now = sources.digests(SPEC)
    found = state(runs[0], sources={**now, "nca/model/nca.py": "0" * 64})
    assert (found["state"], found["changed_since"]) == ("stale", ["nca/model/nca.py"])


def test_sources_that_were_accepted_say_so(runs):
    note = {"at": "2026-05-01T00:00:00+00:00", "made_with": {"nca/model/nca.py": "0" * 64}}
    found = state(runs[0], sources=sources.digests(SPEC), environment={"accepted": note})
    assert (found["state"], found["accepted"]) == ("accepted", note)


def test_what_cannot_be_told_of_sources_is_said(runs):
    assert state(runs[0])["state"] == "not recorded"
    gone = {"spec": {"versions": {"model/gone": 1}}, "sources": {"nca/model/gone.py": "0" * 64}}
    found = facts.Facts().of(runs[0], gone)
    assert found["state"] == "not comparable: a component is no longer here"


def test_environments_and_sources_that_are_shared_stand_once(runs):
    kept = facts.Facts()
    found = [
        kept.of(run, {"environment": {"python": "3"}, "sources": {"a": "1"}})
        for run in runs[:3]
    ]
    assert len({one["environment"] for one in found}) == len(kept.environments) == 1
    assert list(kept.sources.values()) == [{"a": "1"}]
