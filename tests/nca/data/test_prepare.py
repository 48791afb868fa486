"""Preparing a set of pairs: what is written, what is refused, and being cut off."""

import json

import numpy as np
import pytest
from PIL import Image

from ncabench.errors import MachineError, NoData
from ncabench.nca.data.gopro import Gopro

SCENES = ["test/GOPR0003_11_00", "test/GOPR0004_11_00"] + [
    f"train/GOPR000{number}_11_00" for number in range(3)
]  # in the order of their names


class CutOffError(Exception):
    """What ends a run after a few photographs."""


@pytest.fixture
def gopro(tmp_path):
    return Gopro(tmp_path / "data")


def content(folder):
    """Every file under a folder, and what it holds."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def cut_off(gopro, base, *, after):
    """Prepare until so many photographs are done."""

    def tell(done, _all):
        if done == after:
            raise CutOffError

    with pytest.raises(CutOffError):
        gopro.prepare(base, tell=tell)


def refused(gopro, base, **options):
    with pytest.raises(ValueError) as caught:
        gopro.prepare(base, **options)
    return str(caught.value)


def test_every_tile_becomes_a_pair_of_the_part_of_its_scene(gopro, published_gopro):
    done = gopro.prepare(published_gopro)
    assert done == (
        f"gopro is in {gopro.root}/gopro: 20 pairs (12 train, 4 val, 4 test) of "
        "10 photographs, 0 redundant ones left out"
    )
    found = gopro.load("all")
    assert found.inputs.shape == found.targets.shape == (20, 32, 32, 3)
    assert found.parts == {"train": slice(0, 12), "val": slice(12, 16), "test": slice(16, 20)}
    for place, scene in enumerate(SCENES):
        for images, side in ((found.inputs, "blur"), (found.targets, "sharp")):
            second = Image.open(published_gopro / scene / side / "000002.png")
            right = second.crop((128, 0, 256, 128)).resize((32, 32), Image.Resampling.LANCZOS)
            assert np.array_equal(images[4 * place + 3], np.array(right))


def test_the_manifest_says_how_and_of_what_it_was_made(gopro, published_gopro):
    gopro.prepare(published_gopro, rows=2, columns=3, near_levels=1.5)
    manifest = json.loads((gopro.root / "gopro" / "manifest.json").read_text())
    digests = manifest.pop("digests")
    assert manifest.pop("sources")[5] == {
        "clean": "train/GOPR0000_11_00/sharp/000002.png",
        "damaged": "train/GOPR0000_11_00/blur/000002.png",
        "scene": "train/GOPR0000_11_00",
        "part": "train",
        "kept": 6,
        "redundant": 0,
    }
    assert manifest == {
        "schema": 1,
        "set": "gopro",
        "side_px": 32,
        "options": {
            "rows": 2,
            "columns": 3,
            "near_levels": 1.5,
            "side_px": 32,
            "shrunk_by": "lanczos",
        },
        "counts": {"train": 36, "val": 12, "test": 12, "photographs": 10, "redundant": 0},
    }
    assert len(digests) == 120
    assert "val/DAMAGED/000007_01_02.png" in digests


def test_redundant_pairs_are_left_out_of_all_parts_but_the_first(gopro, published_gopro):
    for side in ("blur", "sharp"):
        first, last = (published_gopro / SCENES[one] / side / "000001.png" for one in (0, 4))
        last.write_bytes(first.read_bytes())
    done = gopro.prepare(published_gopro)
    assert done.endswith(
        ": 18 pairs (12 train, 4 val, 2 test) of 10 photographs, 2 redundant ones left out"
    )


def test_a_run_that_was_cut_off_leaves_nothing_and_is_taken_over(
    gopro, published_gopro, tmp_path
):
    for side in ("blur", "sharp"):  # so that what was kept before must be remembered
        first, last = (published_gopro / SCENES[one] / side / "000001.png" for one in (0, 4))
        last.write_bytes(first.read_bytes())
    whole = Gopro(tmp_path / "whole")
    whole.prepare(published_gopro)
    cut_off(gopro, published_gopro, after=7)
    assert gopro.missing().startswith("gopro: no manifest.json in ")
    assert not (gopro.root / "gopro").exists()
    done = gopro.prepare(published_gopro)
    assert done.endswith("; 7 photographs were there from a run that was cut off")
    assert content(gopro.root / "gopro") == content(whole.root / "gopro")
    assert content(gopro.root / ".ncabench") == {"gopro.lock": b""}


def test_what_a_killed_run_wrote_by_halves_is_made_anew(gopro, published_gopro, tmp_path):
    whole = Gopro(tmp_path / "whole")
    whole.prepare(published_gopro)
    cut_off(gopro, published_gopro, after=5)
    notes = gopro.root / ".ncabench"
    log, folder = notes / "gopro-unfinished.jsonl", notes / "gopro-unfinished"
    log.write_text(log.read_text()[:-10])  # the fifth photograph's line breaks off
    torn = folder / "train" / "GT" / "000001_00_00.png"
    torn.write_bytes(torn.read_bytes()[:100])
    done = gopro.prepare(published_gopro)
    assert done.endswith("; 3 photographs were there from a run that was cut off")
    assert content(gopro.root / "gopro") == content(whole.root / "gopro")


@pytest.mark.parametrize("options", [{"tile_px": 64}, {"near_levels": 3.0}])
def test_nothing_is_taken_over_of_other_options(gopro, published_gopro, tmp_path, options):
    whole = Gopro(tmp_path / "whole")
    whole.prepare(published_gopro, **options)
    cut_off(gopro, published_gopro, after=5)
    assert "cut off" not in gopro.prepare(published_gopro, **options)
    assert content(gopro.root / "gopro") == content(whole.root / "gopro")


def test_nothing_is_taken_over_where_a_photograph_changed(gopro, published_gopro, draw_picture):
    cut_off(gopro, published_gopro, after=5)
    draw_picture(published_gopro / SCENES[0] / "blur" / "000001.png", 99, size=(128, 256))
    assert "cut off" not in gopro.prepare(published_gopro)


def test_preparing_again_does_nothing(gopro, published_gopro):
    gopro.prepare(published_gopro)
    before = content(gopro.root)
    assert gopro.prepare(published_gopro, tile_px=128) == (
        f"gopro is in {gopro.root}/gopro already, of the same photographs and options"
    )
    assert content(gopro.root) == before


def test_a_set_of_other_options_or_photographs_is_refused_and_kept(gopro, published_gopro):
    gopro.prepare(published_gopro)
    before, place = content(gopro.root), gopro.root / "gopro"
    kept = f"nothing was changed; move {place} away, or name another --data"
    assert refused(gopro, published_gopro, tile_px=64, near_levels=1.0) == (
        f"{place}: prepared with near_levels = 4.0, not 1.0, tile_px = 128, not 64; {kept}"
    )
    for side in ("blur", "sharp"):
        (published_gopro / SCENES[0] / side / "000001.png").unlink()
    assert refused(gopro, published_gopro) == f"{place}: prepared of other photographs; {kept}"
    assert content(gopro.root) == before


def test_a_folder_that_is_not_ours_is_refused_and_kept(gopro, published_gopro):
    place = gopro.root / "gopro"
    (place / "GT").mkdir(parents=True)
    assert refused(gopro, published_gopro) == (
        f"{place}: there already, without a manifest.json; nothing was changed; "
        f"move {place} away, or name another --data"
    )
    assert list(place.iterdir()) == [place / "GT"]


def test_too_few_scenes_are_refused(gopro, published_gopro):
    assert refused(gopro, published_gopro / "test") == (
        f"{published_gopro}/test: photographs of 2 scenes, where 3 are needed to train, "
        "to validate and to test on"
    )


def test_a_part_in_which_all_is_redundant_is_refused(gopro, published_gopro):
    for scene in SCENES[3:]:
        for name in (
            "blur/000001.png",
            "blur/000002.png",
            "sharp/000001.png",
            "sharp/000002.png",
        ):
            first = published_gopro / SCENES[0] / name
            (published_gopro / scene / name).write_bytes(first.read_bytes())
    assert refused(gopro, published_gopro) == (
        f"{published_gopro}: no tile is left for val: all are redundant"
    )
    assert not (gopro.root / "gopro").exists()


def test_two_processes_do_not_prepare_the_same_set(gopro, published_gopro):
    refusals = []

    def tell(_done, _all):
        with pytest.raises(MachineError) as caught:
            Gopro(gopro.root).prepare(published_gopro)
        refusals.append(str(caught.value))

    assert gopro.prepare(published_gopro, tell=tell).startswith("gopro is in ")
    lock = gopro.root / ".ncabench" / "gopro.lock"
    assert refusals == [f"{lock}: another process prepares gopro"] * 10


def test_preparing_needs_a_folder_of_data_sets(published_gopro):
    with pytest.raises(NoData) as caught:
        Gopro().prepare(published_gopro)
    assert str(caught.value) == (
        "no folder of data sets is named\n"
        "  to mend it: --data or NCABENCH_DATA names the folder of data sets"
    )


def test_a_set_is_not_downloaded(gopro):
    with pytest.raises(NoData) as caught:
        gopro.fetch()
    assert str(caught.value) == (
        f"gopro: no manifest.json in {gopro.root}/gopro; fetching it failed: it is prepared "
        f"from photographs, not downloaded into {gopro.root}\n"
        "  to mend it: `ncabench data prepare gopro --from FOLDER`, the published set's; "
        "--data or NCABENCH_DATA names the folder of data sets"
    )
