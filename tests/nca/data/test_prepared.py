"""Sets of pairs, read from prepared folders: what is loaded, and what is refused."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from ncabench.errors import NoData
from ncabench.nca.data import Pairs
from ncabench.nca.data.gopro import Gopro
from ncabench.nca.data.realblur import Realblur
from ncabench.nca.data.renoir import Renoir
from ncabench.nca.data.sid import Sid

SETS = (Gopro, Realblur, Renoir, Sid)
BY_HAND = {"schema": 1, "set": "gopro", "side_px": 32}


@pytest.fixture
def prepared(tmp_path, published_gopro):
    """The set that is prepared from the small one: 12, 4 and 4 pairs."""
    data = Gopro(tmp_path / "data")
    data.prepare(published_gopro)
    return data


@pytest.fixture
def by_hand(tmp_path, draw_picture):
    """Ten pairs in one folder without splits, and a manifest without digests."""
    place = tmp_path / "data" / "gopro"
    for number in range(10):
        for side in ("GT", "DAMAGED"):
            seed = [number, side == "GT"]
            draw_picture(place / side / f"{number + 3}.png", seed, size=(32, 32))
    (place / "manifest.json").write_text(json.dumps(BY_HAND))
    return Gopro(tmp_path / "data")


def file(data, *parts):
    return data.root.joinpath("gopro", *parts)


def refused(data, selection="all", *, use="digest"):
    with pytest.raises(ValueError) as caught:
        getattr(data, use)(selection)
    return str(caught.value)


def decoded(path):
    return np.array(Image.open(path))


def test_inputs_are_damaged_and_targets_are_not(prepared):
    found = prepared.load({"split": "val", "per_class": 2})
    for images, side in ((found.inputs, "DAMAGED"), (found.targets, "GT")):
        paths = sorted(file(prepared, "val", side).iterdir())[:2]
        assert np.array_equal(images, np.stack([decoded(path) for path in paths]))
    assert found.parts == {"val": slice(0, 2)}


def test_a_folder_without_splits_is_split_in_the_order_of_its_names(by_hand):
    found = by_hand.load("all")
    assert found.parts == {"train": slice(0, 6), "val": slice(6, 8), "test": slice(8, 10)}
    assert np.array_equal(found.targets[9], decoded(file(by_hand, "GT", "12.png")))
    assert np.array_equal(by_hand.load("test").inputs, found.inputs[8:])
    assert np.array_equal(by_hand.load("val").inputs, found.inputs[6:8])


def test_the_digest_is_of_the_pairs_that_are_selected(by_hand):
    first = {"split": "train", "per_class": 2}
    before = [by_hand.digest(one) for one in (first, "train", "test")]
    shutil.copy(file(by_hand, "GT", "3.png"), file(by_hand, "GT", "5.png"))
    after = [by_hand.digest(one) for one in (first, "train", "test")]
    same = [one == other for one, other in zip(before, after, strict=True)]
    assert same == [True, False, True]


@pytest.mark.parametrize("data", SETS)
def test_an_outline_needs_no_files_and_has_a_pair_of_each_part(data, tmp_path):
    found = data(tmp_path / "nowhere").outline({"split": "all", "per_class": 7})
    assert isinstance(found, Pairs)
    assert found.inputs.shape == found.targets.shape == (3, 32, 32, 3)
    assert found.parts == {"train": slice(0, 1), "val": slice(1, 2), "test": slice(2, 3)}
    assert data().outline("test").parts == {"test": slice(0, 1)}


def test_an_outline_has_the_sizes_and_the_parts_of_what_is_loaded(prepared):
    outline, found = prepared.outline("all"), prepared.load("all")
    assert outline.targets.shape[1:] == found.targets.shape[1:]
    assert outline.parts.keys() == found.parts.keys()


@pytest.mark.parametrize("data", SETS)
def test_a_set_that_was_not_prepared_is_no_data(data, tmp_path):
    with pytest.raises(NoData) as caught:
        data(tmp_path).load("train")
    assert (
        str(caught.value)
        == data(tmp_path).missing()
        == (
            f"{data.kind}: no manifest.json in {tmp_path}/{data.kind}\n"
            f"  to mend it: `ncabench data prepare {data.kind} --from FOLDER`, the published "
            "set's; --data or NCABENCH_DATA names the folder of data sets"
        )
    )


def test_a_folder_without_a_manifest_is_no_data(prepared):
    file(prepared, "manifest.json").unlink()
    with pytest.raises(NoData, match=rf"^gopro: no manifest.json in {prepared.root}/gopro\n"):
        prepared.digest("train")


def test_images_without_a_counterpart_are_named_on_both_sides(by_hand):
    file(by_hand, "GT", "3.png").rename(file(by_hand, "GT", "99.png"))
    assert refused(by_hand, "test") == (
        f"{by_hand.root}/gopro: GT and DAMAGED do not have the same names\n"
        "  only in GT: 99.png\n"
        "  only in DAMAGED: 3.png"
    )


def test_images_that_the_manifest_does_not_list_or_that_are_gone_are_named(prepared):
    for side in ("GT", "DAMAGED"):
        path = file(prepared, "val", side, "000006_00_00.png")
        path.rename(path.with_name("1.png"))
    assert refused(prepared, {"split": "val", "per_class": 1}) == (
        f"{prepared.root}/gopro/val: not the images that manifest.json lists\n"
        "  missing: val/DAMAGED/000006_00_00.png, val/GT/000006_00_00.png\n"
        "  not listed: val/DAMAGED/1.png, val/GT/1.png"
    )


def test_a_part_that_is_missing_is_named(prepared):
    shutil.rmtree(file(prepared, "val"))
    assert refused(prepared) == f"{prepared.root}/gopro/val/GT: no such folder"


def test_a_side_that_is_missing_is_named(by_hand):
    shutil.rmtree(file(by_hand, "DAMAGED"))
    assert refused(by_hand) == f"{by_hand.root}/gopro/DAMAGED: no such folder"


def test_an_image_of_another_size_or_kind_is_refused(by_hand):
    path, wanted = file(by_hand, "GT", "4.png"), "where 32 x 32 px of mode RGB are expected"
    Image.new("RGB", (32, 33)).save(path)
    assert refused(by_hand, use="load") == f"{path}: 32 x 33 px of mode RGB, {wanted}"
    Image.new("L", (32, 32)).save(path)
    assert refused(by_hand, use="load") == f"{path}: 32 x 32 px of mode L, {wanted}"


def test_text_that_is_named_png_is_refused(by_hand):
    path = file(by_hand, "GT", "4.png")
    path.write_text("no image")
    assert refused(by_hand, use="load") == f"{path}: not an image, or a broken one"


def test_an_image_that_breaks_off_is_refused(by_hand):
    path = file(by_hand, "DAMAGED", "4.png")
    path.write_bytes(path.read_bytes()[:1500])
    assert refused(by_hand, use="load") == (
        f"{path}: not readable as an image (image file is truncated)"
    )


def test_what_was_prepared_is_compared_with_its_digests_before_it_is_loaded(prepared):
    path = file(prepared, "train", "DAMAGED", "000005_00_01.png")
    whole = path.read_bytes()
    path.write_text("no image")
    assert refused(prepared) == f"{path}: not an image, or a broken one"
    path.write_bytes(whole[:1500])
    assert refused(prepared) == f"{path}: not readable as an image (image file is truncated)"
    Image.new("RGB", (64, 32)).save(path)
    assert refused(prepared) == (
        f"{path}: 64 x 32 px of mode RGB, where 32 x 32 px of mode RGB are expected"
    )
    path.write_bytes(path.with_name("000004_00_01.png").read_bytes())
    assert refused(prepared) == (
        f"{path}: another image than manifest.json has the digest of\n"
        f"  to mend it: move {prepared.root}/gopro away, then `ncabench data prepare gopro "
        "--from FOLDER`, the published set's; --data or NCABENCH_DATA names the folder of "
        "data sets"
    )
    assert prepared.load("val").inputs.shape == (4, 32, 32, 3)


MANIFESTS = {
    "text": ("no table", "not JSON (Expecting value: line 1 column 1 (char 0))"),
    "list": ("[]", "expected a table with schema = 1"),
    "newer": ('{"schema": 2}', "expected a table with schema = 1"),
    "another set": (json.dumps({**BY_HAND, "set": "sid"}), "set is 'sid', not 'gopro'"),
    "a side": (json.dumps({**BY_HAND, "side_px": 64}), "side_px is 64, not 32"),
    "digests": (json.dumps({**BY_HAND, "digests": []}), "digests is no table"),
    "sources": (json.dumps({**BY_HAND, "sources": {}}), "sources is no list"),
}


@pytest.mark.parametrize(("text", "expected"), MANIFESTS.values(), ids=MANIFESTS)
def test_a_manifest_that_cannot_be_read_is_refused(by_hand, text, expected):
    path = file(by_hand, "manifest.json")
    path.write_text(text)
    assert refused(by_hand) == f"{path}: {expected}"


def test_what_was_prepared_is_verified_part_by_part(prepared):
    assert [one.state for one in prepared.verify()] == ["ok"] * 3
    path = file(prepared, "val", "GT", "000006_00_00.png")
    path.write_bytes(path.with_name("000006_00_01.png").read_bytes())
    file(prepared, "test", "GT", "000008_00_00.png").unlink()
    found = prepared.verify()
    assert [one.state for one in found] == ["ok", "differs", "differs"]
    assert found[1].what == f"{prepared.root}/gopro, val"
    assert found[2].found.endswith("\n  only in DAMAGED: 000008_00_00.png")


def test_what_has_no_digests_has_nothing_to_compare_with(by_hand):
    assert [one.state for one in by_hand.verify()] == ["unpublished"] * 3


def test_more_pairs_than_there_are_are_refused(prepared):
    assert refused(prepared, {"split": "val", "per_class": 5}) == (
        "gopro, val: per_class is 5, but there are only 4 images of class 'pair'"
    )
