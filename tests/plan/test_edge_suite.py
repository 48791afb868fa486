"""The suite of NCAtorch's section 3.1.3: what it trains, on what, and how large it is."""

from pathlib import Path

import pytest

from ncabench.plan import assemble, planner
from ncabench.suite import document

SUITE = Path(__file__).parents[2] / "suites" / "edge_to_bag.toml"


def planned(preset, *sets, root=None):
    return planner.make(document.load(SUITE, preset=preset, sets=sets), root=root)


def test_on_the_bags_that_ship_it_has_the_papers_sizes():
    found = assemble.check(planned("short"))
    assert list(found.values()) == [19_376, 39_856, 57_856]


def test_a_smoke_run_needs_no_download():
    made = planned("smoke")
    assert len(assemble.check(made)) == len(made.trainings()) == 3


@pytest.mark.parametrize("preset", ["paper", "conditioned"])
def test_without_the_handbags_the_papers_presets_have_no_data_and_are_planned(preset, tmp_path):
    made = planned(preset, root=tmp_path)
    assert {one.missing.partition(":")[0] for one in made.entries} == {"edges2handbags"}


def test_the_presets_differ_in_how_the_edges_are_told(tmp_path):
    told = [
        {one.spec["task"]["edges"] for one in planned(preset, root=tmp_path).trainings()}
        for preset in ("paper", "conditioned")
    ]
    assert told == [{"seed"}, {"condition"}]


def test_edges_as_a_condition_are_perceived_and_judged():
    found = assemble.check(planned("short", "task.bags.edges=condition"))
    wider = [4 * 80 * cells for cells in (9, 25, 9 + 25)]  # four planes for each kernel
    assert list(found.values()) == [19_376 + wider[0], 39_856 + wider[1], 57_856 + wider[2]]
