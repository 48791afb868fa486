"""The commands about data sets: what they print, and their exit codes."""

import json
import shutil
import urllib.request
from urllib.error import URLError

import pytest

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
