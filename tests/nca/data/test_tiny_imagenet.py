"""Tiny ImageNet, small, as its archive unpacks."""

import zipfile

import numpy as np
import pytest
from PIL import Image

from ncabench.errors import NoData
from ncabench.nca.data.tiny_imagenet import TinyImageNet

NAMES = ("n02124075", "n01443537")  # not in the alphabet's order
SMALL = {"counts": {"train": 3, "val": 12, "test": 2}}


@pytest.fixture
def small(tmp_path, draw_picture):
    """Writes two classes of three photographs, twelve to validate and two to test on."""
    folder = tmp_path / TinyImageNet.folder
    for turn, name in enumerate(NAMES):
        for number in range(3):
            path = folder / "train" / name / "images" / f"{name}_{number}.JPEG"
            draw_picture(path, 3 * turn + number, size=(64, 64))
        (folder / "train" / name / f"{name}_boxes.txt").write_text("")
    for split, count in (("val", 12), ("test", 2)):
        for number in range(count):
            path = folder / split / "images" / f"{split}_{number}.JPEG"
            draw_picture(path, 20 + number, size=(64, 64))
    (folder / "wnids.txt").write_text("\n".join(NAMES))
    return type("TinyImageNet", (TinyImageNet,), SMALL)(tmp_path)


def file(data, *parts):
    return data.root.joinpath(data.folder, *parts)


def refused(data, selection):
    with pytest.raises(ValueError) as caught:
        data.load(selection)
    return str(caught.value)


def test_classes_come_in_the_lists_order(small):
    found = small.load("train")
    files = [
        file(small, "train", name, "images", f"{name}_{number}.JPEG")
        for name in NAMES
        for number in range(3)
    ]
    assert np.array_equal(found.images, np.stack([np.array(Image.open(one)) for one in files]))
    assert small.load("all").parts == {
        "train": slice(0, 6),
        "val": slice(6, 18),
        "test": slice(18, 20),
    }


def test_photographs_come_in_the_order_of_their_numbers(small):
    tenth = np.array(Image.open(file(small, "val", "images", "val_10.JPEG")))
    assert np.array_equal(small.load("val").images[10], tenth)


def test_a_grey_photograph_is_made_rgb(small):
    grey = np.full((64, 64), 90, dtype=np.uint8)
    Image.fromarray(grey).save(file(small, "test", "images", "test_1.JPEG"))
    found = small.load("test").images[1]
    assert found.shape == (64, 64, 3)
    assert np.array_equal(found, np.full((64, 64, 3), 90))


def test_half_of_them_in_size(small):
    assert small.load({"split": "test", "resize_px": 32}).images.shape == (2, 32, 32, 3)


def test_the_digest_is_of_the_photographs_that_are_selected(small):
    before = [small.digest(split) for split in ("train", "test")]
    file(small, "test", "images", "test_0.JPEG").write_bytes(b"another")
    after = [small.digest(split) for split in ("train", "test")]
    assert (after[0] == before[0], after[1] == before[1]) == (True, False)


def test_a_folder_that_lacks_a_photograph_is_refused(small):
    file(small, "val", "images", "val_3.JPEG").unlink()
    folder = file(small, "val", "images")
    assert refused(small, "val") == (
        f"{folder}: 11 photographs, where 12 are expected\n"
        "  to mend it: unpack http://cs231n.stanford.edu/tiny-imagenet-200.zip there"
    )
    with pytest.raises(ValueError, match="11 photographs"):
        small.digest("all")


def test_a_photograph_that_breaks_off_is_refused(small):
    path = file(small, "test", "images", "test_1.JPEG")
    path.write_bytes(path.read_bytes()[:-1000])
    assert refused(small, "test").startswith(f"{path}: not readable as an image (")


def test_a_photograph_of_another_size_is_refused(small, draw_picture):
    path = file(small, "test", "images", "test_1.JPEG")
    draw_picture(path, 0, size=(64, 65))
    assert refused(small, "test").startswith(f"{path}: 65 x 64 px, where the first image has")
    draw_picture(file(small, "test", "images", "test_0.JPEG"), 0, size=(64, 65))
    assert refused(small, "test") == (
        "tiny_imagenet, test: images of (64, 65, 3), where (64, 64, 3) are expected"
    )


def test_a_name_without_a_number_is_refused(small):
    path = file(small, "test", "images", "test_1.JPEG")
    path = path.rename(path.with_name("first.JPEG"))
    assert refused(small, "test") == (
        f"{path}: expected a name that ends with a number, such as val_12.JPEG"
    )


def test_a_folder_that_is_not_there_is_no_data(small):
    (file(small, "wnids.txt")).unlink()
    with pytest.raises(NoData, match=r"^tiny_imagenet: no wnids.txt in .*/tiny-imagenet-200\n"):
        small.digest("train")


def test_an_archive_that_is_not_unpacked_is_named_and_one_that_is_cut_short_refused(tmp_path):
    archive = tmp_path / TinyImageNet.archive[0]
    archive.write_bytes(b"half of it")
    missing = TinyImageNet(tmp_path).missing()
    assert missing.startswith(f"{archive}: not the published file, or cut short; its MD5 is ")


def test_an_archive_that_lies_there_is_unpacked_without_a_network(small, tmp_path):
    from ncabench.nca.data._files import digest

    archive = tmp_path / "elsewhere" / TinyImageNet.archive[0]
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted(file(small).rglob("*")):
            packed.write(path, path.relative_to(small.root))
    tables = {**SMALL, "archive": (archive.name, digest(archive, algorithm="md5"))}
    found = type("TinyImageNet", (TinyImageNet,), tables)(archive.parent)
    assert found.missing().startswith("tiny_imagenet: no wnids.txt in ")
    assert found.fetch() == f"tiny_imagenet is in {archive.parent / TinyImageNet.folder}"
    assert found.digest("all") == small.digest("all")
    assert [one.state for one in found.verify()] == ["ok", *["unpublished"] * 3]


def test_there_are_as_many_as_published():
    assert TinyImageNet.counts == {"train": 500, "val": 10_000, "test": 10_000}
