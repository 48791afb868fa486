"""The pairs of photographs of four sets, found in the layouts that they are published in."""

import pytest

from ncabench.errors import NoData
from ncabench.nca.data._photographs import shares
from ncabench.nca.data.gopro import Gopro
from ncabench.nca.data.realblur import Realblur
from ncabench.nca.data.renoir import Renoir
from ncabench.nca.data.sid import Sid


@pytest.fixture
def base(tmp_path):
    """Makes empty files; returns the folder that they lie in."""

    def base(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path

    return base


def found(data, folder):
    """Each pair: its scene, and the names of the clean and of the damaged file."""
    return [
        (one.scene, *(path.relative_to(folder).as_posix() for path in (one.clean, one.damaged)))
        for one in data().photographs(folder)
    ]


def refused(data, folder):
    with pytest.raises(ValueError) as caught:
        data().photographs(folder)
    return str(caught.value)


def test_gopro_has_a_folder_of_blurred_and_of_sharp_frames_in_each_sequence(base):
    folder = base(
        *(f"train/G7/{side}/000047.png" for side in ("blur", "blur_gamma", "sharp")),
        *(f"train/G7/{side}/000051.png" for side in ("sharp", "blur", "blur_gamma")),
        *(f"test/G9/{side}/000001.png" for side in ("sharp", "blur")),
        "__MACOSX/train/G7/blur/000047.png",
        "train/G7/blur/._000047.png",
    )
    assert found(Gopro, folder) == [
        ("test/G9", "test/G9/sharp/000001.png", "test/G9/blur/000001.png"),
        ("train/G7", "train/G7/sharp/000047.png", "train/G7/blur/000047.png"),
        ("train/G7", "train/G7/sharp/000051.png", "train/G7/blur/000051.png"),
    ]


def test_frames_without_a_counterpart_are_named_on_both_sides(base):
    sharp = (f"G7/sharp/{number}.png" for number in (1, 2, 3, 4, 5))
    folder = base(*sharp, "G7/blur/1.png", "G7/blur/9.png")
    assert refused(Gopro, folder) == (
        f"{folder}/G7: sharp and blur do not have the same names\n"
        "  only in sharp: 2, 3, 4 and 1 more\n"
        "  only in blur: 9"
    )


def test_a_sequence_without_sharp_frames_is_refused(base):
    folder = base("G7/blur/1.png")
    assert refused(Gopro, folder) == f"{folder}/G7/sharp: no such folder"


def test_realblur_numbers_its_photographs_in_each_scene(base):
    subset = "RealBlur-J_ECC_IMCORR_centroid_itensity_ref"
    folder = base(
        *(
            f"{subset}/scene002/{kind}/{kind}_{number}.png"
            for kind in ("gt", "blur")
            for number in (10, 9)
        ),
        *(f"{subset}/scene001/{kind}/{kind}_1.png" for kind in ("gt", "blur")),
        "RealBlur_J_train_list.txt",
    )
    assert found(Realblur, folder / subset) == [
        ("scene001", "scene001/gt/gt_1.png", "scene001/blur/blur_1.png"),
        ("scene002", "scene002/gt/gt_9.png", "scene002/blur/blur_9.png"),
        ("scene002", "scene002/gt/gt_10.png", "scene002/blur/blur_10.png"),
    ]
    assert [one[0] for one in found(Realblur, folder)][:1] == [f"{subset}/scene001"]


def test_one_subset_of_realblur_must_be_named(base):
    folder = base(*(f"RealBlur-{one}/scene001/blur/blur_1.png" for one in "JR"))
    assert refused(Realblur, folder) == (
        f"{folder}: more than one subset of realblur, {folder}/RealBlur-J, "
        f"{folder}/RealBlur-R; name one"
    )


def test_renoir_has_one_reference_for_the_noisy_images_of_a_batch(base):
    folder = base(
        *(
            f"Mi3_Aligned/Batch_001/IMG_{name}.bmp"
            for name in ("1Noisy", "2Noisy", "3Reference")
        ),
        *("Mi3_Aligned/Batch_001/IMG_4full.bmp", "Mi3_Aligned/Batch_001/Mask.bmp"),
        *(f"Mi3_Aligned/Batch_002/IMG_{name}.bmp" for name in ("8Reference", "9Noisy")),
    )
    first, second = "Mi3_Aligned/Batch_001", "Mi3_Aligned/Batch_002"
    assert found(Renoir, folder) == [
        (first, f"{first}/IMG_3Reference.bmp", f"{first}/IMG_1Noisy.bmp"),
        (first, f"{first}/IMG_3Reference.bmp", f"{first}/IMG_2Noisy.bmp"),
        (second, f"{second}/IMG_8Reference.bmp", f"{second}/IMG_9Noisy.bmp"),
    ]


def test_a_batch_without_a_noisy_image_is_refused(base):
    folder = base("Batch_001/1Reference.bmp", "Batch_001/2full.bmp")
    assert refused(Renoir, folder) == (
        f"{folder}/Batch_001: 1 files that end with Reference and 0 with Noisy, where one of "
        "the former and one or more of the latter are expected"
    )


def test_sid_has_several_short_exposures_for_one_long(base):
    folder = base(
        *(
            f"Sony/short/{name}s.png"
            for name in ("00001_00_0.04", "00001_01_0.1", "10034_00_0.1")
        ),
        *(f"Sony/long/{name}s.png" for name in ("00001_00_10", "00001_00_30", "10034_00_10")),
        *("Fuji/short/00001_00_0.1s.tif", "Fuji/long/00001_00_10s.tif"),
    )
    assert found(Sid, folder) == [
        ("Fuji/00001", "Fuji/long/00001_00_10s.tif", "Fuji/short/00001_00_0.1s.tif"),
        ("Sony/00001", "Sony/long/00001_00_10s.png", "Sony/short/00001_00_0.04s.png"),
        ("Sony/00001", "Sony/long/00001_00_10s.png", "Sony/short/00001_01_0.1s.png"),
    ]  # and not 10034, which is not aligned


def test_raw_photographs_are_not_developed(base):
    folder = base("Sony/short/00001_00_0.1s.ARW", "Sony/long/00001_00_10s.ARW")
    assert refused(Sid, folder) == (
        f"{folder}/Sony/long: raw photographs (00001_00_10s.ARW), which are not developed "
        "here\n"
        "  to mend it: develop each to a PNG file of 8 bits under its name, in a folder beside"
    )


def test_a_short_exposure_without_a_long_one_is_refused(base):
    folder = base("Sony/short/00001_00_0.1s.png", "Sony/long/00002_00_10s.png")
    assert refused(Sid, folder) == (
        f"{folder}/Sony/short: nothing in {folder}/Sony/long is of the scene of "
        "00001_00_0.1s.png"
    )
    (folder / "Sony" / "long").rename(folder / "Sony" / "other")
    assert refused(Sid, folder) == f"{folder}/Sony/long: no such folder"


@pytest.mark.parametrize("data", [Gopro, Realblur, Renoir, Sid])
def test_a_folder_without_photographs_is_refused(data, tmp_path):
    assert refused(data, tmp_path) == (
        f"{tmp_path}: no photographs of {data.kind}, which are {data.layout}"
    )
    with pytest.raises(NoData) as caught:
        data().photographs(tmp_path / "nowhere")
    assert str(caught.value) == (
        f"{tmp_path}/nowhere: no such folder\n"
        "  to mend it: name the folder of the published set"
    )


def test_scenes_are_split_64_to_16_to_20():
    scenes = [f"scene{number:02}" for number in range(25)]
    assert shares(scenes) == ["train"] * 16 + ["val"] * 4 + ["test"] * 5
    assert shares(list("aabcc")) == ["train", "train", "val", "test", "test"]
