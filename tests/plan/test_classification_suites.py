"""The suites of NCAtorch's tables 3 and 4: what they train, on what, and how large it is."""

from pathlib import Path

import pytest

from ncabench.plan import assemble, planner
from ncabench.suite import document

SUITES = Path(__file__).parents[2] / "suites"


def planned(name, preset, *sets, root=None):
    suite = document.load(SUITES / f"{name}.toml", preset=preset, sets=sets)
    return planner.make(suite, root=root)


def test_table_3_on_the_digits_that_ship_has_the_printed_sizes():
    found = assemble.check(planned("mnist_classification", "short"))
    assert sorted(found.values()) == [22_580] * 6 + [24_556] * 3


def test_a_smoke_run_of_table_4_needs_no_download():
    made = planned("image_classification", "smoke")
    assert len(assemble.check(made)) == len(made.trainings()) == 3


@pytest.mark.parametrize(
    ("name", "what"), [("mnist_classification", "mnist"), ("image_classification", "cifar10")]
)
def test_without_the_papers_data_its_preset_has_no_data_and_is_planned(name, what, tmp_path):
    made = planned(name, "paper", root=tmp_path)
    assert {one.missing.partition(":")[0] for one in made.entries} == {what}


@pytest.mark.parametrize("preset", ["short", "smoke"])
@pytest.mark.parametrize("name", ["mnist_classification", "image_classification"])
def test_what_stands_in_is_named(name, preset):
    suite = planned(name, preset)
    named = [one.substitute for one in suite.suite.deviations if one.substitute]
    (kind,) = {one.spec["data"]["kind"] for one in suite.trainings()}
    shown = {"fashion_mnist": "FashionMNIST"}.get(kind, kind)
    assert [one.partition(" (")[0] for one in named] == [shown]
