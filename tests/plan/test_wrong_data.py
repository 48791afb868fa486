"""Wrong files under the suites that ship: one clear error, before anything is trained."""

import gzip
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ncabench.errors import SuiteError
from ncabench.plan import assemble, planner
from ncabench.suite import document

SUITES = Path(__file__).parents[2] / "suites"
EXEMPLAR = "dtd/dtd/images/lacelike/lacelike_0016.jpg"
IMAGES = "MNIST/raw/train-images-idx3-ubyte.gz"


def jpeg():
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(noise).save(file, "JPEG")
    return file.getvalue()


def idx(side_px):
    """One image of MNIST's format, of a given side."""
    head = [b"\0\0\x08\x03", *(number.to_bytes(4) for number in (1, side_px, side_px))]
    return gzip.compress(b"".join(head) + bytes(side_px**2))


def textures(exemplar):
    lists = {f"dtd/dtd/labels/{split}1.txt": b"" for split in ("train", "val", "test")}
    return {**lists, EXEMPLAR: exemplar}


def digits(images):
    names = ("train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    return {**{f"MNIST/raw/{one}-ubyte.gz": b"" for one in names}, IMAGES: images}


def said(root, name, files, *sets):
    """What is said of a suite's paper preset over these files, after the suite's path."""
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    suite = document.load(SUITES / f"{name}.toml", preset="paper", sets=sets)
    with pytest.raises(SuiteError) as caught:
        assemble.check(planner.make(suite, root=root), root=root)
    first, _, rest = str(caught.value).partition("\n")
    assert first.endswith(f"{name}.toml:")
    return rest.replace(f"{root}/", "")


def test_a_text_that_is_named_as_an_image_is_refused(tmp_path):
    told = said(tmp_path, "texture", textures(b"no image"))
    assert told == f"task.texture: {EXEMPLAR}: not an image, or a broken one"


def test_an_image_that_breaks_off_is_refused(tmp_path):
    told = said(tmp_path, "texture", textures(jpeg()[:-4000]))
    assert told.startswith(f"task.texture: {EXEMPLAR}: not readable as an image (")


def test_a_text_that_is_named_png_is_refused_as_a_target(tmp_path):
    target = tmp_path / "mine.png"
    told = said(tmp_path, "grow_emoji", {"mine.png": b"text"}, f'task.clover.target="{target}"')
    assert told.startswith("task.clover.target: mine.png: not ")


@pytest.mark.parametrize(
    ("images", "what"),
    [
        (idx(28)[:-9], "no gzip file, or it breaks off"),
        (b"text", "no gzip file, or it breaks off"),
        (idx(32), "not the published file, or cut short"),
    ],
    ids=["cut short", "text", "another size"],
)
def test_digits_that_are_no_archive_or_another_are_refused(tmp_path, images, what):
    told = said(tmp_path, "mnist_classification", digits(images))
    assert told.startswith(f"task.digits.images: {IMAGES}: {what}")
    assert "ncabench data fetch mnist" in told


def test_an_archive_of_photographs_that_breaks_off_is_refused(tmp_path):
    archive = "cifar-10-python.tar.gz"
    told = said(tmp_path, "image_classification", {archive: b"\x1f\x8b cut short"})
    where = f"task.images.images: {archive}"
    assert told.startswith(f"{where}: not the published file, or cut short")


@pytest.mark.parametrize(
    ("name", "key", "dataset"),
    [
        ("mnist_classification", "digits", "mnist_5k"),
        ("image_classification", "images", "fashion_mnist_500"),
    ],
)
def test_a_class_that_the_set_has_not_is_refused(tmp_path, name, key, dataset):
    asked = '{ split = "all", classes = ["10"] }'
    changes = [f'task.{key}.dataset="{dataset}"', f"task.{key}.images={asked}"]
    told = said(tmp_path, name, {}, *changes)
    assert told.startswith(f"task.{key}.images: no class is called '10'")
