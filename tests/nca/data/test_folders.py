"""CelebA, DTD and Edges2Handbags: folders of pictures, small, as they are published."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torchvision import datasets

from ncabench.errors import NoData
from ncabench.nca.data import _files
from ncabench.nca.data.celeba import CelebA
from ncabench.nca.data.dtd import Dtd
from ncabench.nca.data.edges2handbags import Edges2Handbags

FACES = "img_align_celeba"


@pytest.fixture
def handbags(tmp_path, draw_picture):
    """Writes the pairs 1, 2 and 10 to train on, and one more; returns the set."""
    for number in (1, 2, 10):
        path = tmp_path / "edges2handbags" / "train" / f"{number}_AB.png"
        draw_picture(path, number, size=(256, 512))
    draw_picture(tmp_path / "edges2handbags" / "val" / "1_AB.jpg", 4, size=(256, 512))
    return Edges2Handbags(tmp_path)


def decoded(path):
    return np.array(Image.open(path))


def refused(data, selection):
    with pytest.raises(ValueError) as caught:
        data.load(selection)
    return str(caught.value)


def test_faces_are_those_of_the_split_in_the_lists_order(small_celeba):
    found = small_celeba.load("train")
    files = [small_celeba.root / "celeba" / FACES / f"00000{n}.jpg" for n in (1, 2, 6)]
    assert np.array_equal(found.images, np.stack([decoded(file) for file in files]))
    assert found.images.shape == (3, 218, 178, 3)
    assert found.classes == ("face",)
    assert small_celeba.load("all").parts == {
        "train": slice(0, 3),
        "valid": slice(3, 5),
        "test": slice(5, 7),
    }


def test_faces_are_scaled_and_cropped_to_their_centre(small_celeba):
    found = small_celeba.load({"split": "valid", "side_px": 89}).images[0]
    whole = Image.open(small_celeba.root / "celeba" / FACES / "000003.jpg")
    half = np.array(whole.resize((89, 109), Image.Resampling.BILINEAR))
    assert np.array_equal(found, half[10:99])


def test_faces_are_squeezed_as_torch_squeezes_floats(small_celeba):
    found = small_celeba.load({"split": "valid", "resize_px": 32}).images
    floats = torch.from_numpy(small_celeba.load("valid").images).movedim(-1, 1).float()
    wanted = F.interpolate(floats, size=(32, 32), mode="bilinear", antialias=True)
    assert found.shape == (2, 32, 32, 3)
    assert np.abs(found - wanted.movedim(1, -1).numpy()).max() <= 0.5 + 1e-3  # rounded once


def test_what_was_decoded_is_kept_until_a_face_changes(small_celeba):
    asked = {"split": "test", "resize_px": 8}
    first = small_celeba.load(asked).images
    (copy,) = (small_celeba.root / ".ncabench").glob("celeba-test-*.npz")
    np.savez(copy, images=first + 1)
    assert np.array_equal(small_celeba.load(asked).images, first + 1)  # the copy was read
    copy.write_bytes(copy.read_bytes()[:-50])
    assert np.array_equal(small_celeba.load(asked).images, first)  # and is made again
    assert np.array_equal(np.load(copy)["images"], first)
    path = small_celeba.root / "celeba" / FACES / "000004.jpg"
    path.write_bytes((path.parent / "000005.jpg").read_bytes())
    changed = small_celeba.load(asked).images
    assert np.array_equal(changed[0], changed[1])


def test_large_images_are_not_kept(small_celeba, monkeypatch):
    monkeypatch.setattr(_files, "MOST_BYTES", 1000)
    small_celeba.load("test")
    assert not list(small_celeba.root.glob(".ncabench/*.npz"))


def test_the_split_valid_may_be_called_val(small_celeba):
    found = small_celeba.load({"val": "valid", "resize_px": 8})
    assert found.parts["val"] == found.parts["valid"] == slice(3, 5)
    assert small_celeba.digest({"val": "valid"}) != small_celeba.digest("all")


def test_the_digest_is_of_the_faces_that_are_selected(small_celeba):
    first, test = {"split": "train", "per_class": 1}, "test"
    before = [small_celeba.digest(one) for one in (first, test, "train")]
    path = small_celeba.root / "celeba" / FACES / "000006.jpg"
    path.write_bytes(path.read_bytes() + b" ")
    after = [small_celeba.digest(one) for one in (first, test, "train")]
    assert [one == other for one, other in zip(before, after, strict=True)] == [
        True,
        True,
        False,
    ]


def test_text_that_is_named_jpg_is_refused(small_celeba):
    path = small_celeba.root / "celeba" / FACES / "000004.jpg"
    path.write_text("no image")
    assert refused(small_celeba, "test") == f"{path}: not an image, or a broken one"


def test_a_face_that_breaks_off_is_refused(small_celeba):
    path = small_celeba.root / "celeba" / FACES / "000004.jpg"
    path.write_bytes(path.read_bytes()[:-2000])
    assert refused(small_celeba, "test").startswith(f"{path}: not readable as an image (")


def test_a_face_that_is_missing_is_no_data(small_celeba):
    path = small_celeba.root / "celeba" / FACES / "000004.jpg"
    path.unlink()
    with pytest.raises(NoData, match=r"000004.jpg: No such file or directory\n  to mend it: "):
        small_celeba.digest("test")


def test_a_list_that_was_changed_is_refused(small_celeba):
    path = small_celeba.root / "celeba" / "list_attr_celeba.txt"
    path.write_text("7\n")
    assert refused(small_celeba, "test").startswith(f"{path}: not the published file")


def test_lists_are_compared_and_faces_have_nothing_to_compare_with(small_celeba):
    states = [one.state for one in small_celeba.verify()]
    assert states == ["ok"] * 5 + ["unpublished"]


def test_the_digests_of_celeba_are_those_of_torchvision():
    theirs = {name: md5 for _, md5, name in datasets.CelebA.file_list}
    folder, _, archive = CelebA.archive[0].partition("/")
    assert {**CelebA.published, archive: CelebA.archive[1]} == theirs
    assert folder == CelebA.folder == datasets.CelebA.base_folder


def test_textures_are_those_of_the_first_partition(small_dtd):
    found = small_dtd.load({"split": "val", "classes": ["swirly", "banded"], "side_px": 20})
    file = small_dtd.root / "dtd/dtd/images/swirly/swirly_0001.jpg"
    assert found.labels.tolist() == [1, 0]  # in the list's order, counted in the selection's
    assert np.array_equal(found.images[1], decoded(file)[:, 5:25])


def test_one_texture_is_read_by_its_name_and_as_it_is(small_dtd):
    found = small_dtd.load("polka-dotted_0002")
    file = small_dtd.root / "dtd/dtd/images/polka-dotted/polka-dotted_0002.jpg"
    assert np.array_equal(found.images, decoded(file)[None])
    assert found.classes == ("polka-dotted",)
    assert small_dtd.digest("polka-dotted_0002") != small_dtd.digest("polka-dotted_0001")


def test_one_texture_that_is_not_here_has_an_outline(tmp_path):
    found = Dtd(tmp_path).outline("polka-dotted_0002")
    assert (found.images.shape, found.classes) == ((1, 1, 1, 3), ("polka-dotted",))


def test_a_texture_that_is_not_there_is_refused_with_the_nearest(small_dtd):
    assert refused(small_dtd, "swirly_00001") == (
        f"{small_dtd.root}/dtd/dtd/images/swirly/swirly_00001.jpg: no such file\n"
        "  did you mean 'swirly_0001'?"
    )


def test_textures_of_different_sizes_need_a_side(small_dtd, draw_picture):
    path = small_dtd.root / "dtd/dtd/images/woven/woven_0000.jpg"
    draw_picture(path, 3, size=(30, 20))
    assert refused(small_dtd, "train") == (
        f"{path}: 20 x 30 px, where the first image has 30 x 20; set side_px"
    )
    assert small_dtd.load({"split": "train", "side_px": 16}).images.shape == (47, 16, 16, 3)


def test_a_list_without_a_class_or_with_another_is_refused(small_dtd):
    path = small_dtd.root / "dtd/dtd/labels/test1.txt"
    names = path.read_text().splitlines()
    path.write_text("\n".join(names[:-1]))
    assert refused(small_dtd, "test") == "dtd, test: no image of class 'zigzagged'"
    path.write_text("furry/furry_0001.jpg\n")
    assert refused(small_dtd, "test") == f"{path}: no class is called 'furry'"


def test_the_archive_of_dtd_has_torchvisions_digest():
    assert Dtd.archive[1] == datasets.DTD._MD5
    assert datasets.DTD._URL.endswith(Dtd.archive[0].removeprefix("dtd/"))


def test_unpacked_textures_have_nothing_to_compare_with(small_dtd):
    assert [one.state for one in small_dtd.verify()] == ["unpublished"] * 3


def test_pairs_are_halves_in_the_order_of_their_numbers(handbags):
    found = handbags.load("train")
    whole = decoded(handbags.root / "edges2handbags" / "train" / "10_AB.png")
    assert found.inputs.shape == found.targets.shape == (3, 256, 256, 3)
    assert np.array_equal(found.inputs[2], whole[:, :256])
    assert np.array_equal(found.targets[2], whole[:, 256:])


def test_pairs_are_scaled_half_by_half(handbags):
    found = handbags.load({"split": "all", "side_px": 32})
    assert found.targets.shape == (4, 32, 32, 3)
    assert found.parts == {"train": slice(0, 3), "val": slice(3, 4)}


def test_a_pair_of_another_size_is_refused(handbags, draw_picture):
    path = handbags.root / "edges2handbags" / "train" / "3_AB.png"
    draw_picture(path, 0, size=(256, 256))
    assert refused(handbags, "train") == f"{path}: 256 x 256 px, where 512 x 256 are expected"


def test_a_pair_that_is_text_is_refused(handbags):
    path = handbags.root / "edges2handbags" / "val" / "2_AB.png"
    path.write_text("no image")
    assert refused(handbags, "val") == f"{path}: not an image, or a broken one"


def test_a_folder_without_pairs_is_refused(handbags):
    (handbags.root / "edges2handbags" / "val" / "1_AB.jpg").unlink()
    assert refused(handbags, "val") == "edges2handbags, val: no image of class 'handbag'"


def test_pairs_cannot_be_downloaded(tmp_path):
    with pytest.raises(NoData, match=r"to mend it: unpack the published edges2handbags.tar.gz"):
        Edges2Handbags(tmp_path).fetch()
