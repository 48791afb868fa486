"""What every data set must do, whichever it is. New ones are tested unasked."""

import re
import subprocess
import sys

import numpy as np
import pytest

from ncabench import catalog
from ncabench.errors import NoData
from ncabench.nca.data import Images, Pairs, Videos
from ncabench.nca.data._labelled import Labelled

KINDS = catalog.kinds("data")
EMBEDDED = {  # set that is always there: a small selection of it
    "edges_to_bags": {"split": "test", "per_class": 3},
    "fashion_mnist_500": "test",
    "image_file": "fire",
    "made_material": "bricks",
    "mnist_5k": {"split": "test", "classes": ["1", "8"]},
    "moving_mnist": {"split": "test", "sequences": 2, "frames": 3},
    "noto_emoji": ["fire"],
    "photo_tiles": {"split": "test", "per_class": 2},
    "skimage_textures": "brick",
}
WAYS = ("outline", "load")
LABELLED = [kind for kind in KINDS if issubclass(catalog.find("data", kind), Labelled)]


def arrays(data):
    """The arrays of whatever a set loads."""
    if isinstance(data, np.ndarray):
        return [data]
    names = {Images: ("images", "labels"), Pairs: ("inputs", "targets")}
    return [getattr(data, name) for name in names.get(type(data), ("frames", "digits"))]


@pytest.mark.parametrize("kind", KINDS)
def test_a_set_that_is_not_embedded_is_missing_from_an_empty_folder(kind, tmp_path):
    found = catalog.find("data", kind)
    if hasattr(found, "elsewhere"):
        found = type("Nowhere", (found,), {"elsewhere": ()})
    missing = found(tmp_path).missing()
    assert bool(missing) == (kind not in EMBEDDED)
    assert not missing or "\n  to mend it: " in missing


@pytest.mark.parametrize("kind", [kind for kind in LABELLED if kind not in EMBEDDED])
def test_a_missing_set_raises_no_data_with_what_mends_it(kind, tmp_path):
    found = catalog.find("data", kind)
    data = type("Nowhere", (found,), {"elsewhere": ()})(tmp_path)
    for use in (data.digest, data.load):
        with pytest.raises(NoData) as caught:
            use("train")
        assert str(caught.value) == data.missing()


@pytest.mark.parametrize(("kind", "selection"), EMBEDDED.items(), ids=EMBEDDED)
def test_an_embedded_set_loads_the_same_twice(kind, selection):
    data = catalog.find("data", kind)()
    first, second = data.load(selection), data.load(selection)
    for one, other in zip(arrays(first), arrays(second), strict=True):
        assert one.dtype in (np.uint8, np.int64)
        assert np.array_equal(one, other)
    assert not isinstance(first, Images | Pairs | Videos) or first.parts


@pytest.mark.parametrize(("kind", "selection"), EMBEDDED.items(), ids=EMBEDDED)
def test_a_digest_is_a_sha256_that_does_not_change(kind, selection):
    found = catalog.find("data", kind)
    assert re.fullmatch("[0-9a-f]{64}", found().digest(selection))
    assert found().digest(selection) == found().digest(selection)


@pytest.mark.parametrize("kind", EMBEDDED)
def test_an_embedded_set_is_what_was_published(kind):
    assert [one for one in catalog.find("data", kind)().verify() if one.state != "ok"] == []


@pytest.mark.parametrize("kind", EMBEDDED)
def test_there_is_nothing_to_fetch_of_an_embedded_set(kind):
    assert catalog.find("data", kind)().fetch().startswith("nothing to fetch: ")


@pytest.mark.parametrize("kind", LABELLED)
def test_a_set_of_images_is_named_after_its_file(kind):
    assert catalog.find("data", kind).kind == kind


@pytest.mark.parametrize("kind", LABELLED)
@pytest.mark.parametrize("selection", [3, {"splitt": "train"}, "nowhere", {"classes": []}])
def test_a_selection_that_cannot_be_read_is_refused_before_anything_is_looked_for(
    kind, selection
):
    with pytest.raises(ValueError):
        catalog.find("data", kind)().digest(selection)


@pytest.mark.parametrize("kind", KINDS)
def test_a_set_names_its_licence(kind):
    assert catalog.describe("data", kind).attributes["licence"]


def test_naming_data_loads_neither_torch_nor_scikit_image():
    code = (
        "from ncabench import catalog\n"
        f"for kind, selection in {EMBEDDED!r}.items():\n"
        "    catalog.find('data', kind)().digest(selection)\n"
        f"for kind in {KINDS!r}:\n"
        "    catalog.find('data', kind)().missing()\n"
        "import sys\n"
        "print(sorted({'torch', 'torchvision', 'skimage', 'sklearn'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "[]\n"


SHAPES = {  # set: a selection of it, and the shape of an image
    "celeba": ({"split": "all", "resize_px": 32, "val": "valid"}, (32, 32, 3)),
    "cifar10": ({"split": "all", "val": "test"}, (32, 32, 3)),
    "land_cover_rep": ({"split": "all", "crop_px": 32}, (32, 32, 3)),
    "mnist": ({"split": "all", "resize_px": 32, "val": 5}, (32, 32)),
    "tiny_imagenet": ("all", (64, 64, 3)),
}


@pytest.mark.parametrize("kind", SHAPES)
def test_an_outline_needs_no_files(kind, tmp_path):
    selection, shape = SHAPES[kind]
    found = catalog.find("data", kind)(tmp_path / "nowhere").outline(selection)
    assert found.images.shape[1:] == shape
    assert {"train", "val", "test"} <= set(found.parts)
    here = found.images[found.parts["val"]]
    assert len(here) == len(found.classes)


def test_an_outline_has_the_parts_and_the_sizes_of_what_is_loaded():
    selection = {"split": "all", "classes": ["1", "8"], "val": 7}
    outline, data = (
        getattr(catalog.find("data", "mnist_5k")(), how)(selection) for how in WAYS
    )
    assert outline.images.shape[1:] == data.images.shape[1:]
    assert set(outline.parts) == set(data.parts)
    assert outline.classes == data.classes


def test_sizes_that_only_reading_tells_have_no_outline(tmp_path):
    assert catalog.find("data", "dtd")(tmp_path).outline("train") is None
    assert catalog.find("data", "noto_emoji")().outline(["fire"]) is None
