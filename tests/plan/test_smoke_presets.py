"""The preset smoke of every suite: there, and runnable by whoever has installed ncabench."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from ncabench import catalog
from ncabench.nca.data.fashion_mnist import FashionMnist
from ncabench.plan import assemble, planner
from ncabench.suite import document

ROOT = Path(__file__).parents[2]
SUITES = sorted((ROOT / "suites").glob("*.toml"))
DOWNLOADED = ("lpips", "style", "vgg", "alex")  # what needs weights that no package ships


@pytest.fixture(autouse=True)
def nothing_but_packages(monkeypatch):
    monkeypatch.setattr(FashionMnist, "elsewhere", ())  # where Debian puts it


@cache
def suite_of(path):
    return document.load(path, preset="smoke")


def values(spec, key):
    """Every value that a key has, at any depth of a spec."""
    if isinstance(spec, Mapping):
        yield from ([spec[key]] if key in spec else [])
        for one in spec.values():
            yield from values(one, key)
    elif isinstance(spec, list | tuple):
        for one in spec:
            yield from values(one, key)


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_a_smoke_preset_needs_no_download(path, tmp_path):
    plan = planner.make(suite_of(path), root=tmp_path)
    assert plan.entries
    assert [one.missing for one in plan.entries if one.missing] == []
    specs = [one.spec for one in plan.entries]
    metrics = {one["kind"] for found in values(specs, "metrics") for one in found.values()}
    networks = set(values([one.get("trainer") for one in specs], "net"))
    assert not (metrics | networks) & set(DOWNLOADED)


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_a_smoke_preset_fits_together_and_is_small(path, tmp_path):
    plan = planner.make(suite_of(path), root=tmp_path)
    weights = assemble.check(plan, root=tmp_path)
    assert all(found < 200_000 for found in weights.values())
    trainers = [one.spec["trainer"] for one in plan.trainings()]  # of one stage or of several
    assert sum(values(trainers, "iterations")) <= 3000


def test_every_task_is_trained_and_tested_by_some_smoke_preset(tmp_path):
    plans = [planner.make(suite_of(path), root=tmp_path) for path in SUITES]
    tested = [one for plan in plans for one in plan.evaluations()]
    assert {one.spec["training"]["task"]["kind"] for one in tested} == set(
        catalog.kinds("task")
    )


def test_ci_runs_them_all_as_the_readme_says():
    script, readme = ((ROOT / name).read_text() for name in (".ci/smoke", "README.md"))
    assert "ncabench run suites/*.toml --preset smoke --device cpu" in script
    assert ".ci/smoke " in (ROOT / ".ci/run").read_text()
    assert "\n.ci/smoke\n" in readme
