"""The commands about data sets: what they print, and their exit codes."""

import json
import shutil
import urllib.request
from urllib.error import URLError

import pytest
from PIL import Image

from ncabench import console
from ncabench.nca.data.edges2handbags import Edges2Handbags
from ncabench.nca.data.fashion_mnist import FashionMnist
from ncabench.nca.data.mnist import Mnist


@pytest.fixture(autouse=True)
def an_empty_folder(monkeypatch, tmp_path):
    """Where the commands are typed; Debian's package is not looked for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(FashionMnist, "elsewhere", ())
    monkeypatch.delenv("NCABENCH_DATA", raising=False)


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


def test_every_set_is_listed_with_what_mends_it(ncabench):
    rows = json.loads(ncabench("data", "list", "--json")[1])
    state = {row["kind"]: row["state"] for row in rows}
    assert state["mnist_5k"] == state["photo_tiles"] == state["moving_mnist"] == "here"
    assert state["mnist"] == state["celeba"] == state["fashion_mnist"] == "missing"
    missing = [row for row in rows if row["state"] == "missing"]
    assert [row for row in missing if "to mend it: " not in row["detail"]] == []


def test_the_embedded_sets_are_verified(ncabench):
    code, out, err = ncabench("data", "verify", "--json")
    rows = json.loads(out)
    assert (code, err) == (0, "")
    assert {row["state"] for row in rows} == {"ok"}
    assert {"mnist_5k", "noto_emoji", "photo_tiles"} <= {row["kind"] for row in rows}
    assert rows[0].keys() == {"kind", "state", "what", "found", "published"}


def test_one_set_is_verified_as_text(ncabench):
    code, out, _ = ncabench("data", "verify", "mnist_5k")
    assert code == 0
    assert out.splitlines()[0] == "kind\tstate\twhat\tfound\tpublished"
    assert out.splitlines()[1].startswith("mnist_5k\tok\t")


def test_files_that_are_others_end_with_4(ncabench, tmp_path):
    folder = tmp_path / Mnist.folder
    folder.mkdir(parents=True)
    for name in Mnist.published:
        (folder / name).write_bytes(b"another file")
    code, out, err = ncabench("data", "verify", "mnist", "--data", tmp_path)
    assert (code, err) == (4, "not what was published: mnist\n")
    assert out.count("mnist\tdiffers\t") == 4


def test_a_missing_set_cannot_be_verified(ncabench, tmp_path):
    code, out, err = ncabench("data", "verify", "cifar10", "--data", tmp_path)
    assert (code, out) == (3, "")
    assert err.startswith(f"cifar10: no data_batch_1 in {tmp_path}/cifar-10-batches-py\n")


@pytest.mark.parametrize("command", ["fetch", "verify"])
def test_an_unknown_set_is_refused_with_the_nearest(ncabench, command):
    code, out, err = ncabench("data", command, "mnits")
    assert (code, out) == (2, "")
    assert err.startswith("data.kind: no data is called 'mnits'\n  accepted: celeba, ")
    assert err.endswith("  did you mean 'mnist'?\n")


def test_there_is_nothing_to_fetch_of_an_embedded_set(ncabench):
    code, out, err = ncabench("data", "fetch", "mnist_5k")
    assert (code, err) == (0, "")
    assert out.startswith("nothing to fetch: ")


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("kind", ["mnist", "fashion_mnist", "cifar10", "dtd"])
def test_fetching_without_a_network_says_what_else_mends_it(ncabench, tmp_path, kind):
    code, out, err = ncabench("data", "fetch", kind, "--data", tmp_path / "data")
    assert (code, out) == (3, "")
    assert err.startswith(f"{kind}: no ")
    assert "fetching it failed: " in err
    assert "no network" in err
    assert f" into {tmp_path / 'data'}" in err.partition("to mend it: ")[2]


def test_fetching_needs_a_folder(ncabench):
    assert ncabench("data", "fetch", "mnist") == (
        3,
        "",
        "no folder of data sets is named\n"
        "  to mend it: --data or NCABENCH_DATA names the folder of data sets\n",
    )


def test_fetching_over_a_wrong_file_ends_with_4(ncabench, tmp_path):
    folder = tmp_path / Mnist.folder
    folder.mkdir(parents=True)
    for name in Mnist.published:
        (folder / name).write_bytes(b"another file")
    code, _, err = ncabench("data", "fetch", "mnist", "--data", tmp_path)
    assert code == 4
    assert "not the published file, or cut short" in err


def test_the_environment_names_the_folder(ncabench, monkeypatch, tmp_path):
    for split in Edges2Handbags.splits:
        (tmp_path / "edges2handbags" / split).mkdir(parents=True)
    monkeypatch.setenv("NCABENCH_DATA", str(tmp_path))
    assert "\nedges2handbags\there\t" in ncabench("data", "list")[1]
    shutil.rmtree(tmp_path / "edges2handbags" / "val")
    assert "\nedges2handbags\tmissing\t" in ncabench("data", "list")[1]


@pytest.fixture
def photographs(tmp_path):
    """Three scenes of RENOIR, of 64 x 64 px, each of one shade of red."""
    for number, shade in enumerate((90, 120, 150), start=1):
        batch = tmp_path / "RENOIR" / "Mi3_Aligned" / f"Batch_00{number}"
        batch.mkdir(parents=True)
        for name in ("IMG_1Noisy", "IMG_2Reference"):
            Image.new("RGB", (64, 64), (shade, 9, 9)).save(batch / f"{name}.bmp")
    return tmp_path / "RENOIR"


def test_a_set_is_prepared_and_then_here(ncabench, photographs, tmp_path):
    words = ("data", "prepare", "renoir", "--from", photographs, "--data", tmp_path / "data")
    assert ncabench(*words, "--tile-px", 32) == (
        0,
        f"renoir is in {tmp_path}/data/renoir: 3 pairs (1 train, 1 val, 1 test) of "
        "3 photographs, 9 redundant ones left out\n",
        "",
    )
    assert "\nrenoir\there\t" in ncabench("data", "list", "--data", tmp_path / "data")[1]
    code, out, _ = ncabench("data", "verify", "renoir", "--data", tmp_path / "data")
    assert (code, out.count("renoir\tok\t")) == (0, 3)


def test_a_long_preparation_says_how_far_it_is(ncabench, photographs, tmp_path, monkeypatch):
    monkeypatch.setattr(console, "PLAIN_EVERY_S", 0.0)
    words = ("--from", photographs, "--data", tmp_path / "data", "--tile-px", 64)
    err = ncabench("data", "prepare", "renoir", *words)[2]
    assert err == "".join(f"renoir {done}/3 photographs\n" for done in (1, 2, 3))


def test_a_set_that_was_prepared_otherwise_ends_with_4(ncabench, photographs, tmp_path):
    words = ("data", "prepare", "renoir", "--from", photographs, "--data", tmp_path / "data")
    ncabench(*words, "--rows", 1, "--columns", 2)
    code, out, err = ncabench(*words, "--rows", 2, "--columns", 2, "--near-levels", 0)
    place = tmp_path / "data" / "renoir"
    assert (code, out) == (4, "")
    assert err == (
        f"{place}: prepared with near_levels = 4.0, not 0.0, rows = 1, not 2; nothing was "
        f"changed; move {place} away, or name another --data\n"
    )


def test_photographs_that_are_not_there_end_with_3(ncabench, tmp_path):
    words = ("--from", tmp_path / "nowhere", "--data", tmp_path)
    assert ncabench("data", "prepare", "sid", *words) == (
        3,
        "",
        f"{tmp_path}/nowhere: no such folder\n"
        "  to mend it: name the folder of the published set\n",
    )


def test_a_folder_that_cannot_be_written_ends_with_7(ncabench, photographs, tmp_path):
    (tmp_path / "data").write_text("a file")
    words = ("--from", photographs, "--data", tmp_path / "data")
    code, out, err = ncabench("data", "prepare", "renoir", *words)
    assert (code, out) == (7, "")
    assert err == f"{tmp_path}/data/.ncabench: Not a directory\n"


def test_only_sets_of_photographs_are_prepared(ncabench, photographs):
    assert ncabench("data", "prepare", "mnist", "--from", photographs) == (
        2,
        "",
        "data.kind: mnist is not made of photographs\n"
        "  accepted: gopro, realblur, renoir, sid\n",
    )
