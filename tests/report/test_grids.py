from dataclasses import replace

import pytest

from ncabench.report import grids
from ncabench.report.grids import Source


@pytest.fixture
def nca(plan):
    return plan.evaluations({"model": "nca", "perturbation": "damage"})


def test_one_seed_of_each_model_is_a_source_of_pictures(plan, nca, store, strip):
    made = strip(0, 90, steps=[0, 1])
    runs = [store(one, files={"filmstrip-class_0.png": made}) for one in nca]
    found = grids.sources(plan, runs)
    assert [one.label for one in found] == ["Sobel", "Conv 3x3"]
    assert [one.entry.labels[0]["rng_seed"] for one in found] == [0, 0]
    assert {one.place for one in found} == {("emoji", "damage", "")}
    assert found[0].kind == "recovery"


def test_names_are_sorted_as_people_count(plan, nca, store):
    names = [f"filmstrip-class_{number}.png" for number in (10, 9, 0)]
    run = store(nca[0], files={**dict.fromkeys(names, b""), "weights.bin": b""})
    assert grids.sources(plan, [run])[0].names == ("class_0", "class_9", "class_10")


@pytest.mark.parametrize("given", [{"outcome": "diverged"}, {"unfinished": True}])
def test_runs_that_did_not_end_well_are_no_sources(plan, nca, store, given):
    run = store(nca[0], files={"filmstrip-x.png": b""}, **given)
    assert grids.sources(plan, [run]) == []


def test_a_strip_that_stayed_behind_has_no_frames(plan, nca, store, strip):
    run = store(nca[0], files={"filmstrip-x.png": strip(0, 90, steps=[0, 1])})
    (source,) = grids.sources(plan, [run])
    assert len(source.strip("x")) == 2
    run.artifact("filmstrip-x.png").unlink()
    assert source.strip("x") == ()


def test_where_the_pictures_of_one_seed_stayed_behind_the_next_are_taken(plan, nca, store):
    first, second = (store(one, files={"filmstrip-x.png": b"p"}) for one in nca[:2])
    assert first.labels[0]["perception"] == second.labels[0]["perception"]
    first.artifact("filmstrip-x.png").unlink()
    assert [one.run for one in grids.sources(plan, [first, second])] == [second]


def test_sources_of_one_place_are_drawn_together(plan, nca, store):
    (source,) = grids.sources(plan, [store(nca[0], files={"filmstrip-x.png": b""})])
    assert isinstance(source, Source)
    other = replace(source, place=("emoji", "mutation", ""))
    groups = list(grids.together([source, other, source]))
    assert groups == [[source, source], [other]]
    assert grids.file_name(other.place, "film-x") == "emoji-mutation-film-x"
