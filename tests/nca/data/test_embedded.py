"""The sets that are always there: that they are what they say."""

import hashlib

import numpy as np
import pytest

from ncabench.errors import NoData
from ncabench.nca.data._installed import skimage
from ncabench.nca.data._shipped import FOLDER
from ncabench.nca.data.edges_to_bags import EdgesToBags
from ncabench.nca.data.fashion_mnist_500 import FashionMnist500
from ncabench.nca.data.mnist_5k import Mnist5k
from ncabench.nca.data.photo_tiles import PHOTOGRAPHS, PhotoTiles
from ncabench.nca.data.skimage_textures import TEXTURES, SkimageTextures


def sha256(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def distinct(images):
    return len({image.tobytes() for image in images})


@pytest.mark.parametrize(
    ("kind", "train", "test"), [(Mnist5k, 400, 100), (FashionMnist500, 40, 10)]
)
def test_a_shipped_set_is_stratified_and_no_image_is_in_it_twice(kind, train, test):
    found = kind().load("all")
    assert np.bincount(found.part("train").labels).tolist() == [train] * 10
    assert np.bincount(found.part("test").labels).tolist() == [test] * 10
    assert distinct(found.images) == len(found.images)


def test_each_digit_is_the_one_it_is_labelled():
    """A nearest-mean classifier, trained on one split, is right of the other as on MNIST."""
    found = Mnist5k().load("all")
    train, test = (found.part(split) for split in ("train", "test"))
    means = np.stack([train.images[train.labels == one].mean(axis=0) for one in range(10)])
    distance = ((test.images[:, None] - means[None]) ** 2).sum(axis=(2, 3))
    assert (distance.argmin(axis=1) == test.labels).mean() > 0.75


def test_a_shipped_file_that_was_changed_is_refused(tmp_path):
    (tmp_path / "changed.npz").write_bytes(b"changed")
    changed = type("Changed", (Mnist5k,), {"path": lambda _: tmp_path / "changed.npz"})()
    with pytest.raises(ValueError, match=r"changed.npz: not the published file"):
        changed.load("train")
    assert changed.verify()[0].state == "differs"


def test_a_shipped_file_that_is_not_there_is_no_data():
    lost = type("Lost", (Mnist5k,), {"file": "nowhere.npz"})()
    assert lost.missing().startswith(f"mnist_5k: {FOLDER / 'nowhere.npz'} is missing\n")
    with pytest.raises(NoData):
        lost.digest("train")


@pytest.mark.parametrize("folder", ["digits", "fashion"])
def test_the_licence_ships_with_the_images(folder):
    assert "licence" in (FOLDER / folder / "NOTICE").read_text()


def test_bags_are_dark_on_white_and_their_edges_black_on_white():
    found = EdgesToBags().load("all")
    assert found.parts == {"train": slice(0, 400), "test": slice(400, 500)}
    assert np.median(found.targets[:, 0]) == 255  # the top row is background
    assert (found.inputs == 0).mean() == pytest.approx(0.14, abs=0.03)
    assert set(np.unique(found.inputs)) == {0, 255}


def test_the_edges_are_those_that_were_first_computed():
    assert sha256(EdgesToBags().load("all").inputs) == (
        "a3461022d26161a07450d54259b49196668426467b2796da5716985a6e043490"
    )


def test_edges_lie_where_the_image_changes():
    found = EdgesToBags().load("test")
    slope = np.stack(np.gradient(found.targets.astype(float), axis=(1, 2)))
    steepness = np.hypot(*slope)
    assert steepness[found.inputs == 0].mean() > 3 * steepness[found.inputs == 255].mean()


def test_the_full_set_of_bags_is_read_only_where_a_suite_asks_for_it(small_idx):
    from ncabench.nca.data import edges_to_bags
    from ncabench.nca.data.fashion_mnist import FashionMnist

    small = small_idx(FashionMnist)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edges_to_bags, "FashionMnist", type(small))
        found = EdgesToBags(small.root).load({"source": "fashion_mnist"})
        digest = EdgesToBags(small.root).digest({"source": "fashion_mnist"})
    bags = small.load({"classes": ["Bag"]}).images
    assert np.array_equal(255 - found.targets, bags)
    assert digest != EdgesToBags(small.root).digest({})


def test_an_unknown_source_of_bags_is_refused():
    with pytest.raises(ValueError) as caught:
        EdgesToBags().digest({"source": "handbags"})
    assert str(caught.value) == (
        "source: there is no 'handbags'\n  accepted: excerpt, fashion_mnist"
    )


def test_a_tile_is_cut_from_its_photograph():
    from skimage import data

    tiles = PhotoTiles().tiles("test", tile_px=64)
    first = next(index for index, tile in enumerate(tiles) if tile[0] == "chelsea")
    _, top, left = tiles[first]
    found = PhotoTiles().load("test").images[first]
    assert np.array_equal(found, data.chelsea()[top : top + 64, left : left + 64])


def test_no_photograph_is_on_both_sides():
    assert not PHOTOGRAPHS["train"].keys() & PHOTOGRAPHS["test"].keys()
    sides = [{tile[0] for tile in PhotoTiles().tiles(one, tile_px=32)} for one in PHOTOGRAPHS]
    assert sides == [set(PHOTOGRAPHS["train"]), set(PHOTOGRAPHS["test"])]


def test_a_photograph_may_be_validated_on_and_shares_no_tile_with_the_others():
    found = PhotoTiles().load({"tile_px": 32, "val": "coffee"})
    sizes = {name: len(found.images[part]) for name, part in found.parts.items()}
    assert sizes == {"train": 776, "val": 12 * 18, "test": 386}
    named = PhotoTiles().tiles("train", tile_px=32)
    whole = PhotoTiles().load({"split": "train", "tile_px": 32}).images
    coffee = np.array([name == "coffee" for name, _, _ in named])
    assert np.array_equal(found.part("val").images, whole[coffee])
    assert np.array_equal(found.part("train").images, whole[~coffee])


def test_a_photograph_to_test_on_is_not_validated_on():
    with pytest.raises(ValueError, match=r"^val: there is no 'china'"):
        PhotoTiles().digest({"val": "china"})


def test_digests_of_what_could_be_selected_before_are_what_they_were():
    digests = [
        Mnist5k().digest({"split": "test", "classes": ["3"]}),
        Mnist5k().digest("all"),
        FashionMnist500().digest({"per_class": 5}),
    ]
    assert [one[:12] for one in digests] == ["c1f082f10310", "800e6971b1d3", "ba13bd66f96b"]


def test_the_list_of_tiles_is_the_published_one():
    tiles = [one for split in PHOTOGRAPHS for one in PhotoTiles().tiles(split, tile_px=64)]
    lines = "".join(":".join(map(str, tile)) + "\n" for tile in tiles)
    published = hashlib.sha256(lines.encode()).hexdigest()
    assert f"{published}." in (PhotoTiles.__doc__ or "")


def test_tiles_do_not_overlap():
    covered = np.zeros((512, 512), dtype=int)
    for name, top, left in PhotoTiles().tiles("train", tile_px=100):
        if name == "astronaut":
            covered[top : top + 100, left : left + 100] += 1
    assert covered.max() == 1
    assert covered.sum() == 500 * 500


def test_fewer_tiles_are_the_first_of_more():
    few, more = (PhotoTiles().load({"per_class": n, "tile_px": 16}) for n in (3, 9))
    assert np.array_equal(few.part("train").images, more.part("train").images[:3])
    assert few.images.shape == (6, 16, 16, 3)


@pytest.mark.parametrize("side", [7, 301, "64", True])
def test_a_tile_that_fits_no_photograph_is_refused(side):
    with pytest.raises(ValueError, match=r"^tile_px: "):
        PhotoTiles().digest({"tile_px": side})


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("brick", (1, 512, 512)),
        ("grass", (1, 512, 512)),
        ("gravel", (1, 512, 512)),
        ("hubble_deep_field", (1, 872, 1000, 3)),
        ("ihc", (1, 512, 512, 3)),
    ],
)
def test_an_exemplar_is_what_scikit_image_calls_so(name, shape):
    from skimage import data

    theirs = {"ihc": "immunohistochemistry"}.get(name, name)
    found = SkimageTextures().load(name).images
    assert found.shape == shape
    difference = np.abs(found[0].astype(int) - getattr(data, theirs)().astype(int))
    assert difference.max() <= 2  # decoders of JPEG may round differently


def test_the_exemplars_have_different_digests():
    assert len({SkimageTextures().digest(name) for name in TEXTURES}) == 5


def test_a_misspelt_exemplar_is_refused_with_the_nearest():
    with pytest.raises(ValueError) as caught:
        SkimageTextures().digest("gras")
    assert str(caught.value) == (
        "no exemplar is called 'gras'\n  accepted: brick, grass, gravel, hubble_deep_field, "
        "ihc\n  did you mean 'grass'?"
    )


def test_an_image_that_is_not_installed_or_another_is_refused():
    lost, other = skimage("nowhere.png", "0" * 64), skimage("brick.png", "0" * 64)
    with pytest.raises(NoData, match=r"scikit-image's data/nowhere.png is not installed"):
        lost.digest()
    with pytest.raises(ValueError, match="install another version of scikit-image"):
        other.digest()
