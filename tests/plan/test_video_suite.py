"""The suite of NCAtorch's section 3.4: what it trains, and how large it is."""

from pathlib import Path

import pytest

from ncabench.plan import assemble, planner
from ncabench.suite import document

SUITE = Path(__file__).parents[2] / "suites" / "video.toml"


def planned(preset, *sets, root=None):
    return planner.make(document.load(SUITE, preset=preset, sets=sets), root=root)


def test_on_the_digits_that_ship_it_has_the_papers_size():
    found = assemble.check(planned("short"))
    assert list(found.values()) == [673_697] * 3


def test_a_smoke_run_needs_no_download():
    made = planned("smoke")
    assert len(assemble.check(made)) == len(made.trainings()) == 3


def test_without_mnist_the_papers_preset_has_no_data_and_is_planned(tmp_path):
    made = planned("paper", root=tmp_path)
    assert {one.missing.partition(":")[0] for one in made.entries} == {"mnist"}


@pytest.mark.parametrize("delay", [1, 50_000])
def test_the_pools_delay_is_a_switch(delay):
    made = planned("smoke", f"train.pool.delay={delay}")
    pools = [one.spec["trainer"]["pool"] for one in made.trainings()]
    assert [one and one["delay"] for one in pools] == [delay, delay, None]
