"""What a plan says of data: found, missing, or not what was published."""

import importlib

import pytest

from ncabench import catalog
from ncabench.errors import SuiteError
from ncabench.plan import planner
from ncabench.suite import document

TASK = '''
"""A task of another package that reads a published set."""

from typing import Any

from ncabench.nca.task import Task


class Recall(Task):
    """Nothing is built of it: a plan reads this text alone. Source: none; for this test."""

    reads = ("SET", "images")

    def __init__(self, data, draws, *, images: str | dict[str, Any] = "train") -> None:
        super().__init__()
'''


@pytest.fixture
def reading(plan, tmp_path, monkeypatch):
    """Plans the small suite with a task that reads a set; returns its first entry."""
    caches = (catalog.kinds, catalog.describe, catalog.find, catalog._installed)

    def reading(data, images='"train"'):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "their_tasks.py").write_text(TASK.replace("SET", data))
        about = tmp_path / "their_tasks-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: their-tasks\nVersion: 1\n"
        )
        (about / "entry_points.txt").write_text(
            "[ncabench.components]\ntask.recall = their_tasks:Recall\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()
        for cached in caches:
            cached.cache_clear()
        plan()
        text = (tmp_path / "small.toml").read_text()
        text = text.replace('kind = "emoji"', f'kind = "recall"\nimages = {images}')
        text = text.replace('["damage", "mutation"]', '["damage"]')
        (tmp_path / "recall.toml").write_text(text)
        suite = document.load(tmp_path / "recall.toml")
        return planner.make(suite, root=tmp_path / "data").entries[0]

    yield reading
    monkeypatch.undo()
    for cached in caches:
        cached.cache_clear()


def test_a_set_that_is_here_is_named_by_its_digest(reading):
    entry = reading("mnist_5k", '{ split = "test", classes = ["3"] }')
    data = catalog.find("data", "mnist_5k")()
    assert entry.missing == ""
    assert entry.spec["data"]["digest"] == data.digest({"split": "test", "classes": ["3"]})
    assert entry.spec["versions"]["data/mnist_5k"] == 1


def test_a_missing_set_leaves_its_entries_without_data_and_says_what_mends_it(reading):
    missing = reading("cifar10").missing
    assert missing.startswith("cifar10: no data_batch_1 in ")
    assert "\n  to mend it: `ncabench data fetch cifar10`" in missing


def test_a_selection_that_cannot_be_read_is_refused_under_its_key(reading):
    with pytest.raises(SuiteError) as caught:
        reading("mnist_5k", '{ split = "tset" }')
    assert str(caught.value).endswith(
        "recall.toml:\ntask.emoji.images: no split is called 'tset'\n"
        "  accepted: all, test, train\n  did you mean 'test'?"
    )


def test_an_archive_that_was_cut_short_is_refused_before_anything_is_trained(reading, tmp_path):
    archive = tmp_path / "data" / "cifar-10-python.tar.gz"
    archive.parent.mkdir()
    archive.write_bytes(b"cut short")
    with pytest.raises(SuiteError) as caught:
        reading("cifar10")
    assert f"task.emoji.images: {archive}: not the published file, or cut short" in str(
        caught.value
    )


def classifying(dataset, *more):
    """The change that lets the small suite classify a set."""
    return 'kind = "emoji"', "\n".join(
        ['kind = "self_classification"', f'dataset = "{dataset}"', *more]
    )


def test_a_task_may_name_the_set_that_it_reads(plan):
    some = 'images = { split = "all", classes = ["3", "8"] }'
    one, other = (plan(classifying("mnist_5k", *more)).entries[0] for more in ([], [some]))
    data = catalog.find("data", "mnist_5k")()
    assert one.spec["data"]["kind"] == "mnist_5k"
    assert one.spec["data"]["digest"] == data.digest("all")
    assert one.id != other.id


def test_the_same_task_on_a_set_that_is_missing_has_no_data(plan, tmp_path):
    plan(classifying("mnist"))
    suite = document.load(tmp_path / "small.toml")
    missing = planner.make(suite, root=tmp_path / "data").entries[0].missing
    assert missing.startswith("mnist: no train-images-idx3-ubyte in ")


def test_a_set_that_there_is_not_is_refused_under_its_key(plan):
    with pytest.raises(SuiteError) as caught:
        plan(classifying("mnist_5"))
    assert "small.toml:\ntask.emoji.dataset: no data is called 'mnist_5'" in str(caught.value)
    assert str(caught.value).endswith("did you mean 'mnist_5k'?")
