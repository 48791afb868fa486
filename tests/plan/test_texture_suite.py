"""The suite of NCAtorch's section 3.2: how large its models are, and what stands in."""

from pathlib import Path

import pytest

from ncabench.plan import assemble, planner
from ncabench.suite import document

SUITE = Path(__file__).parents[2] / "suites" / "texture.toml"


def planned(preset, *sets, root=None):
    suite = document.load(SUITE, preset=preset, sets=sets)
    return planner.make(suite, root=root)


def test_the_models_have_the_papers_sizes():
    assert sorted(assemble.check(planned("short")).values()) == [47_384, 140_696]


@pytest.mark.parametrize("preset", ["paper", "shipped"])
def test_without_dtd_there_is_no_data_and_it_is_planned(preset, tmp_path):
    made = planned(preset, root=tmp_path)
    assert {one.missing.partition(":")[0] for one in made.entries} == {"dtd"}


def test_the_models_are_as_large_without_dtd(tmp_path):
    counts = assemble.check(planned("paper", root=tmp_path), root=tmp_path)
    assert set(counts.values()) == {47_384, 140_696}


@pytest.mark.parametrize("preset", ["short", "smoke"])
def test_what_stands_in_is_named(preset):
    suite = planned(preset).suite
    named = {one.substitute.partition(" (")[0] for one in suite.deviations if one.substitute}
    assert named == {"ST-LPIPS's VGG-16", "ihc"}


def test_trainings_differ_by_their_network():
    one, other = (planned("short", *sets) for sets in ((), ("train.loss.net=vgg",)))
    assert {entry.id for entry in one.trainings()}.isdisjoint(
        entry.id for entry in other.trainings()
    )
