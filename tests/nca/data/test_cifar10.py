"""CIFAR-10, on small batches in its format."""

import pickle

import numpy as np
import pytest
from torchvision import datasets

from ncabench.errors import NoData
from ncabench.nca.data.cifar10 import Cifar10

UNPACKING = pytest.mark.filterwarnings("ignore:Python 3.14 will, by default:DeprecationWarning")


def batch(data, name):
    return data.root / data.folder / name


def test_images_are_the_batches_in_order_and_in_colour(small_cifar10):
    data = small_cifar10()
    found = data.load("train")
    raw = pickle.loads(batch(data, "data_batch_2").read_bytes())["data"][3]
    assert found.images.shape == (50, 32, 32, 3)
    assert np.array_equal(found.images[13], raw.reshape(3, 32, 32).transpose(1, 2, 0))
    assert found.labels.tolist() == [*range(10)] * 5


def test_the_digest_is_of_the_batches_of_the_split(small_cifar10):
    data = small_cifar10()
    before = [data.digest(split) for split in ("train", "test")]
    batch(data, "test_batch").write_bytes(b"other")
    assert data.digest("train") == before[0]
    with pytest.raises(ValueError, match=r"test_batch: not the published file.*its MD5 is"):
        data.digest("test")


def test_a_batch_that_breaks_off_is_refused_before_it_is_read(small_cifar10):
    data = small_cifar10()
    path = batch(data, "data_batch_5")
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ValueError, match=r"data_batch_5: not the published file, or cut short"):
        data.load("train")
    assert [one.what for one in data.verify() if one.state != "ok"] == [str(path)]


def test_other_classes_are_refused(small_cifar10):
    with pytest.raises(ValueError, match=r"^cifar10, batches.meta: the classes are \['dog'"):
        small_cifar10(names=Cifar10.classes[5:]).load("test")


@UNPACKING
def test_an_archive_is_unpacked_without_a_network(small_cifar10):
    data = small_cifar10(archived=True)
    assert data.missing().startswith(
        f"cifar10: no data_batch_1 in {data.root}/cifar-10-batches-py, "
        f"{data.root}/cifar-10-python.tar.gz is not unpacked\n  to mend it: `ncabench data "
    )
    assert data.fetch() == f"cifar10 is in {data.root}/cifar-10-batches-py"
    assert data.load("test").images.shape == (10, 32, 32, 3)
    assert {one.state for one in data.verify()} == {"ok"}


def test_an_archive_that_breaks_off_is_refused(small_cifar10):
    data = small_cifar10(archived=True)
    path = data.root / "cifar-10-python.tar.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(
        ValueError, match=r"python.tar.gz: not the published file, or cut short"
    ):
        data.digest("train")
    assert "not the published file, or cut short" in data.missing()


def test_a_missing_batch_is_named(small_cifar10):
    data = small_cifar10()
    batch(data, "data_batch_3").unlink()
    with pytest.raises(NoData, match=r"^cifar10: no data_batch_3 in "):
        data.load("test")


def test_the_digests_are_those_of_torchvision():
    theirs = datasets.CIFAR10
    listed = dict(map(tuple, (*theirs.train_list, *theirs.test_list)))
    assert Cifar10.published == {**listed, theirs.meta["filename"]: theirs.meta["md5"]}
    assert Cifar10.archive == (theirs.filename, theirs.tgz_md5)
    assert Cifar10.folder == theirs.base_folder
