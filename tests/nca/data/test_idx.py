"""MNIST and FashionMNIST, on small files in their format."""

import gzip
import os

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torchvision import datasets

from ncabench.errors import NoData
from ncabench.nca.data import _files
from ncabench.nca.data.fashion_mnist import FashionMnist
from ncabench.nca.data.mnist import Mnist

KINDS = {Mnist: datasets.MNIST, FashionMnist: datasets.FashionMNIST}
BOTH = pytest.mark.parametrize("kind", KINDS)


def train_images(data):
    return data.root / data.folder / "train-images-idx3-ubyte.gz"


def refused(data, selection="train"):
    with pytest.raises(ValueError) as caught:
        data.digest(selection)
    with pytest.raises(ValueError) as again:
        data.load(selection)
    assert str(again.value) == str(caught.value)
    return str(caught.value)


@BOTH
def test_images_and_labels_are_those_of_the_files(kind, small_idx):
    data = small_idx(kind).load("all")
    raw = gzip.decompress(train_images(small_idx(kind)).read_bytes())
    written = np.frombuffer(raw, dtype=np.uint8, offset=16).reshape(30, 28, 28)
    assert np.array_equal(data.part("train").images, written)
    assert data.labels.tolist() == [*range(10)] * 4
    assert data.parts == {"train": slice(0, 30), "test": slice(30, 40)}
    assert data.classes == kind.classes


def test_classes_are_counted_in_the_order_of_the_selection(small_idx):
    data = small_idx().load({"split": "train", "classes": [7, 3], "per_class": 2})
    assert data.labels.tolist() == [1, 0, 1, 0]
    assert data.classes == ("7", "3")
    assert np.array_equal(data.images[0], small_idx().load("train").images[3])


def test_images_are_resized_as_torch_resizes_floats(small_idx):
    small, large = (small_idx().load({"split": "test", "resize_px": px}) for px in (28, 32))
    floats = torch.from_numpy(small.images)[:, None].float()
    wanted = F.interpolate(floats, size=(32, 32), mode="bilinear", align_corners=False)
    assert np.array_equal(small.images, small_idx().load("test").images)
    assert np.abs(large.images - wanted[:, 0].numpy()).max() <= 0.5 + 1e-4  # rounded once


def test_what_is_validated_on_may_be_what_is_tested_on(small_idx):
    found = small_idx().load({"val": "test"})
    assert found.parts["val"] == found.parts["test"] == slice(30, 40)
    assert len(found.images) == 40


def test_the_last_of_each_class_may_be_held_out(small_idx):
    whole = small_idx().load("train")
    found = small_idx().load({"val": 1, "classes": ["3", "5"]})
    assert found.parts == {"train": slice(0, 4), "val": slice(4, 6), "test": slice(6, 8)}
    assert found.labels.tolist() == [0, 1] * 4
    assert np.array_equal(found.part("train").images, whole.images[[3, 5, 13, 15]])
    assert np.array_equal(found.part("val").images, whole.images[[23, 25]])


def test_fewer_to_train_on_leave_what_is_held_out_as_it_is(small_idx):
    few, all_ = (small_idx().load({"val": 2, **how}) for how in ({"per_class": 1}, {}))
    assert few.parts == {"train": slice(0, 10), "val": slice(10, 30), "test": slice(30, 40)}
    assert np.array_equal(few.part("val").images, all_.part("val").images)


def test_no_class_may_be_held_out_whole(small_idx):
    with pytest.raises(ValueError) as caught:
        small_idx().load({"val": 3})
    assert str(caught.value) == (
        "mnist, train: val is 3, but there are only 3 images of class '0'"
    )


def test_unpacked_files_are_the_same_data(small_idx, tmp_path):
    packed = small_idx(root=tmp_path / "packed")
    unpacked = small_idx(root=tmp_path / "unpacked", packed=False)
    assert packed.digest("all") == unpacked.digest("all")
    assert np.array_equal(packed.load("test").images, unpacked.load("test").images)


def test_a_digest_names_the_selection(small_idx):
    data = small_idx()
    selections = ["train", "test", "all", {"classes": ["3"]}, {"per_class": 1}]
    assert len({data.digest(one) for one in selections}) == 5
    assert data.digest("all") == data.digest({})


def test_an_archive_that_breaks_off_is_refused(small_idx):
    data = small_idx()
    path = train_images(data)
    path.write_bytes(path.read_bytes()[:-100])
    message = refused(data)
    assert message.startswith(f"{path}: no gzip file, or it breaks off (")
    assert "\n  to mend it: remove it, then `ncabench data fetch mnist`" in message
    assert data.verify()[0].state == "differs"


def test_text_that_is_named_gz_is_refused(small_idx):
    data = small_idx()
    train_images(data).write_text("no archive")
    assert "no gzip file, or it breaks off" in refused(data)


def test_another_file_is_refused_with_both_digests(small_idx):
    data = small_idx()
    path = train_images(data)
    path.write_bytes(gzip.compress(b"something else"))
    found, published = data.verify()[0].found, data.published["train-images-idx3-ubyte"]
    assert refused(data) == (
        f"{path}: not the published file, or cut short; its SHA256 is {found}, published is "
        f"{published}\n  to mend it: remove it, then `ncabench data fetch mnist`; --data or "
        "NCABENCH_DATA names the folder of data sets"
    )


def test_images_of_another_size_are_refused(small_idx):
    with pytest.raises(ValueError) as caught:
        small_idx(sides=(27, 28)).load("train")
    assert str(caught.value) == (
        "mnist, train: images of (27, 28), where (28, 28) are expected"
    )


def test_a_missing_class_is_refused(small_idx):
    with pytest.raises(ValueError) as caught:
        small_idx(labels=[0, 1, 2, 3, 4, 5, 6, 8, 9]).load("test")
    assert str(caught.value) == "mnist, test: no image of class '7'"


def test_a_file_that_is_missing_is_named(small_idx):
    data = small_idx()
    train_images(data).unlink()
    with pytest.raises(NoData, match=r"^mnist: no train-images-idx3-ubyte in .*/MNIST/raw\n"):
        data.digest("test")


def test_fashion_mnist_is_found_where_debian_puts_it(small_idx, tmp_path):
    there = small_idx(FashionMnist)
    debian = (tmp_path / FashionMnist.folder,)
    found = type("Here", (type(there),), {"elsewhere": debian})(None)
    assert found.missing() == ""
    assert found.digest("all") == there.digest("all")


@BOTH
def test_the_published_files_are_those_of_torchvision(kind):
    names = {name.removesuffix(".gz") for name, _ in KINDS[kind].resources}
    assert names == kind.published.keys()


def test_the_digest_of_a_large_file_is_remembered_until_it_changes(small_idx, monkeypatch):
    monkeypatch.setattr(_files, "WORTH_BYTES", 0)
    data = small_idx()
    path, before = train_images(data), data.digest("train")
    then = path.stat()
    path.write_bytes(bytes(then.st_size))
    os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert data.digest("train") == before  # by size and time, nothing has changed
    assert data.verify()[0].state == "differs"  # which reads everything again
    os.utime(path, ns=(then.st_atime_ns, then.st_mtime_ns + 1))
    assert "breaks off" in refused(data)


def test_a_folder_that_cannot_be_written_is_hashed_each_time(small_idx, monkeypatch):
    monkeypatch.setattr(_files, "WORTH_BYTES", 0)
    data = small_idx()
    (data.root / _files.NOTES).write_text("in the way")
    assert data.digest("train") == data.digest("train")


def test_a_download_that_fails_says_what_else_mends_it(tmp_path):
    class Offline(FashionMnist):
        elsewhere = ()

        def _download(self, root):
            raise OSError("no network")

    with pytest.raises(NoData) as caught:
        Offline(tmp_path).fetch()
    assert str(caught.value) == (
        f"fashion_mnist: no train-images-idx3-ubyte in {tmp_path}/FashionMNIST/raw; fetching "
        f"it failed: no network\n  to mend it: fetch it where there is a network, and copy "
        f"FashionMNIST/raw into {tmp_path}; or `apt-get install dataset-fashion-mnist` "
        "(Debian, Ubuntu)"
    )


def test_what_is_there_is_not_fetched_again(small_idx):
    data = small_idx()
    assert data.fetch() == f"mnist is in {data.root / data.folder}"


def test_what_is_there_and_wrong_is_refused_by_fetch(small_idx):
    data = small_idx()
    train_images(data).write_bytes(gzip.compress(b"something else"))
    with pytest.raises(ValueError, match="not the published file, or cut short"):
        data.fetch()


def test_fetching_needs_a_folder():
    with pytest.raises(NoData, match="no folder of data sets is named"):
        Mnist().fetch()
