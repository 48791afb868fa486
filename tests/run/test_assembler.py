"""Which ptxas builds the fused kernels; programs stand for it that say a version."""

import os

import pytest

from ncabench.errors import EngineFailed
from ncabench.run import assembler
from ncabench.run.assembler import Assembler


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Makes programs, the only ones that are found; returns their paths."""

    def make(**versions):
        paths = []
        for name, version in versions.items():
            path = tmp_path / name
            path.write_text(f"#!/bin/sh\necho 'tools, release {version}, V{version}.33'\n")
            path.chmod(0o755)
            paths.append(path)
        monkeypatch.setattr(assembler, "_places", lambda: iter(paths))
        monkeypatch.setenv(assembler.VARIABLE, "")
        return paths

    return make


def test_the_first_that_can_be_trusted_is_used(here):
    _, good, _ = here(old="12.8", good="13.3", newest="13.5")
    assert assembler.lacking() == ""
    assert assembler.use() == Assembler(good, (13, 3))
    assert os.environ["TRITON_PTXAS_PATH"] == str(good)


def test_which_one_triton_is_told_of_can_be_asked(here, monkeypatch):
    here(old="12.8", good="13.3")
    assert assembler.named() is None
    assembler.use()
    assert assembler.named() == "13.3"
    monkeypatch.setenv(assembler.VARIABLE, "/nowhere/ptxas")
    assert assembler.named() is None


def test_older_ones_are_refused_and_what_mends_it_is_said(here):
    old, newer = here(old="12.8", newer="13.2")
    expected = (
        "the assembler ptxas 13.3 or newer is needed, since older ones corrupt the fused "
        f"kernels; found 12.8 in {old}, 13.2 in {newer}: pip install 'nvidia-cuda-nvcc>=13.3'"
    )
    assert assembler.lacking() == expected
    with pytest.raises(EngineFailed) as error:
        assembler.use()
    assert str(error.value) == expected
    assert os.environ["TRITON_PTXAS_PATH"] == ""


def test_none_at_all_is_said(here):
    here()
    assert "found none" in assembler.lacking()


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho hello\n", "nothing"])
def test_what_is_no_assembler_is_none(here, tmp_path, text):
    paths = here(real="13.4")
    broken = tmp_path / "broken"
    broken.write_text(text)
    broken.chmod(0o755)
    paths.insert(0, broken)
    assert assembler.use().version == (13, 4)


def test_places_begin_with_what_the_user_says(tmp_path, monkeypatch):
    monkeypatch.setenv("TRITON_PTXAS_PATH", str(tmp_path / "mine"))
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "cuda"))
    places = list(assembler._places())
    assert places[0] == tmp_path / "mine"
    assert tmp_path / "cuda" / "bin" / "ptxas" in places
    assert any(place.parts[-3:] == ("cu13", "bin", "ptxas") for place in places)
