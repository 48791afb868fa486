"""LandCoverRep, small, as SustainBench publishes it."""

import numpy as np
import pytest

from ncabench.errors import NoData
from ncabench.nca.data._draws import uniform
from ncabench.nca.data.land_cover_rep import LandCoverRep

HEAD = "fileName,landCover,split,splitStr"
ROWS = (
    *("0anchor.npy,75,2,test", "0neighbor.npy,75,0,train", "0distant.npy,61,0,train"),
    *("1anchor.npy,1,1,val", "1neighbor.npy,1,0,train", "1distant.npy,2,2,test"),
)


def tile(row):
    shape = (100, 100, 5)
    return np.random.default_rng(row).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def small(tmp_path):
    """Writes two triplets: three tiles to train on, one to validate and two to test on."""
    folder = tmp_path / LandCoverRep.folder / "tile_triplets"
    folder.mkdir(parents=True)
    for row, line in enumerate(ROWS):
        np.save(folder / line.partition(",")[0], tile(row))
    (folder.parent / "metadata.csv").write_text("\n".join((HEAD, *ROWS)) + "\n")
    return LandCoverRep(tmp_path)


def path(data, name="0anchor.npy"):
    return data.root / data.folder / "tile_triplets" / name


def refused(data, selection):
    with pytest.raises(ValueError) as caught:
        data.load(selection)
    return str(caught.value)


def test_whole_tiles_of_a_test_are_their_first_three_bands(small):
    found = small.load("test").images
    assert np.array_equal(found, np.stack([tile(0)[:, :, :3], tile(5)[:, :, :3]]))


def test_splits_are_those_of_the_table_in_its_order(small):
    found = small.load({"crop_px": 32})
    assert found.images.shape == (6, 32, 32, 3)
    assert found.parts == {"train": slice(0, 3), "val": slice(3, 4), "test": slice(4, 6)}
    first = small.load({"split": "test", "per_class": 1, "crop_px": 32}).images
    assert np.array_equal(found.part("test").images[:1], first)


def test_tests_are_cut_from_the_centre(small):
    found = small.load({"split": "val", "crop_px": 32}).images[0]
    assert np.array_equal(found, tile(3)[34:66, 34:66, :3])


def test_trainings_are_cut_where_it_was_drawn_and_turned_over_by_chance(small):
    found = small.load({"split": "train", "crop_px": 32}).images
    for one, row, drawn in zip(
        found, (1, 2, 4), uniform("land_cover_rep/crop", samples=3, cells=4), strict=True
    ):
        top, left = (int(share * 69) for share in drawn[:2])
        cut = tile(row)[top : top + 32, left : left + 32, :3]
        cut = cut[::-1] if drawn[2] < 0.5 else cut
        cut = cut[:, ::-1] if drawn[3] < 0.5 else cut
        assert np.array_equal(one, cut)


def test_all_ways_of_turning_and_both_edges_occur():
    from ncabench.nca.data.land_cover_rep import _drawn

    whole = np.arange(10_000).reshape(100, 100)
    corners = {
        (int(cut[0, 0]), int(cut[-1, -1])) for cut in (whole[c] for c in _drawn(64, 100))
    }
    assert corners == {(0, 9999), (99, 9900), (9900, 99), (9999, 0)}
    first = {
        tuple(sorted((cut[0, 0] % 100, cut[0, -1] % 100)))
        for cut in (whole[c] for c in _drawn(2000, 98))
    }
    assert first == {(0, 97), (1, 98), (2, 99)}


def test_few_tiles_are_cut_as_they_are_among_many(small):
    few = small.load({"split": "train", "per_class": 2, "crop_px": 20}).images
    assert np.array_equal(few, small.load({"split": "train", "crop_px": 20}).images[:2])


def test_the_digest_is_of_the_table_and_of_the_tiles_that_are_selected(small):
    before = [small.digest(split) for split in ("train", "test")]
    np.save(path(small), tile(9))
    after = [small.digest(split) for split in ("train", "test")]
    assert (after[0] == before[0], after[1] == before[1]) == (True, False)
    table = small.root / small.folder / "metadata.csv"
    table.write_text(table.read_text() + "\n")
    assert small.digest("train") != after[0]
    assert small.digest({"split": "train", "crop_px": 32}) != small.digest("train")


def test_a_tile_that_breaks_off_is_refused(small):
    path(small).write_bytes(path(small).read_bytes()[:-100])
    assert refused(small, "test").startswith(f"{path(small)}: no NumPy array, or it breaks off")
    path(small).write_text("no array")
    assert refused(small, "test").startswith(f"{path(small)}: no NumPy array, or it breaks off")


@pytest.mark.parametrize(
    ("array", "found"),
    [
        (tile(0).transpose(2, 0, 1), r"uint8 of shape \(5, 100, 100\)"),
        (tile(0)[:, :, 0], r"uint8 of shape \(100, 100\)"),
        (tile(0) / 255, r"float64 of shape \(100, 100, 5\)"),
    ],
)
def test_a_tile_of_another_shape_or_type_is_refused(small, array, found):
    np.save(path(small), array)
    wanted = r"where uint8 of \(100, 100, 3 bands or more\) is expected$"
    with pytest.raises(ValueError, match=rf"0anchor.npy: {found}, {wanted}"):
        small.load("test")


def test_a_tile_that_is_missing_is_no_data(small):
    path(small).unlink()
    with pytest.raises(NoData, match=r"0anchor.npy: No such file or directory\n  to mend it: "):
        small.digest("test")


def test_a_table_without_a_column_or_with_another_split_is_refused(small):
    table = small.root / small.folder / "metadata.csv"
    table.write_text("fileName,splitStr\n0anchor.npy,test\n")
    assert refused(small, "test") == f"{table}: no column 'split'"
    table.write_text(f"{HEAD}\n0anchor.npy,75,3,extra\n")
    assert refused(small, "test") == (
        f"{table}, line 2: expected a split of 0 (train), 1 (val), 2 (test), found '3'"
    )


@pytest.mark.parametrize("side", [0, 101, "32"])
def test_a_crop_that_does_not_fit_is_refused(small, side):
    with pytest.raises(ValueError, match=r"^crop_px: "):
        small.digest({"crop_px": side})


def test_tiles_cannot_be_downloaded(tmp_path):
    with pytest.raises(NoData, match=r"to mend it: put SustainBench's folder land_cover_rep"):
        LandCoverRep(tmp_path).fetch()


def test_tiles_have_nothing_to_compare_with(small):
    assert [one.state for one in small.verify()] == ["unpublished"] * 4
