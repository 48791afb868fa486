"""What a user sees of each mistake: one message, the right exit code, nothing lost."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TINY = Path(__file__).parent / "tiny.toml"
WIDE = ("--set", "perception.conv3x3.out_channels=64")  # its checkpoint is over 75 kB
SOME = (TINY, "--device", "cpu", "-k", "training and not unet")
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execv(sys.executable, [sys.executable, "-m", "ncabench", *sys.argv[2:]])
"""


@pytest.fixture
def ncabench(ncabench):
    """The command line; what it says without the line's end."""

    def stripped(*words):
        code, out, err = ncabench(*words)
        return code, out.strip(), err.strip()

    return stripped


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Writes ``tiny.toml`` with some text replaced, where ncabench is then started."""
    monkeypatch.chdir(tmp_path)

    def tiny(*changes):
        text = TINY.read_text()
        for old, new in changes:
            assert text.count(old) == 1, f"{old!r} must stand once in the tiny suite"
            text = text.replace(old, new)
        Path("tiny.toml").write_text(text)
        return "tiny.toml"

    return tiny


EMOJI = 'kind = "emoji"\nclasses = ["fire", "red_apple"]'
STILL = ('perturbation = ["damage", "mutation"]', 'perturbation = ["damage"]')
DRAWINGS = "fire, four_leaf_clover, loudly_crying_face, party_popper, red_apple"

WRONG = {
    "an unknown key": (
        [("hidden = 8", "hiden = 8")],
        "update.mlp.hiden: mlp has no parameter 'hiden'\n"
        "  accepted: hidden, last, tanh\n"
        "  did you mean 'hidden'?",
    ),
    "an unknown section": (
        [("[execution]", "[exectuion]")],
        "exectuion: there is no such key\n"
        "  accepted: claim, default_preset, deviation, exclude, execution, expect, "
        "figure, graft, grid, include, metric, model, paper, perception, perturbation, preset, "
        "profile, profile_at, protocol, recipe, table, task, title, train, tune, update\n"
        "  did you mean 'execution'?",
    ),
    "a wrong type": (
        [("horizon = 4", 'horizon = "four"')],
        "protocol.recovery.horizon: expected int, found 'four'",
    ),
    "a misspelt kind": (
        [('kind = "sobel"', 'kind = "sobbel"')],
        "perception.sobel.kind: no perception is called 'sobbel'\n"
        "  accepted: attention, combined, conv, deformable, residual, sobel, stencil, "
        "transformer, unfolded_attention\n"
        "  did you mean 'sobel'?",
    ),
    "a misspelt name": (
        [('"sobel", "conv3x3"]', '"sobel", "conv3x4"]')],
        "grid.perception[1]: there is no [perception.conv3x4] in this suite\n"
        "  accepted: conv3x3, sobel\n"
        "  did you mean 'conv3x3'?",
    ),
    "a perturbation that the task has nothing for": (
        [(EMOJI, 'kind = "grow_image"\ntarget = "fire"')],
        "perturbation.mutation: mutation needs a task that offers 'classes', which task.emoji "
        "(grow_image) does not; exclude the pair, or use another kind of task\n"
        "  accepted: emoji, grow_digit, image_classification, self_classification",
    ),
    "a value that the constructor refuses": (
        [('kind = "nca"', 'kind = "nca"\nfire_rate = 2.0')],
        "model.nca: fire_rate must be above 0 and at most 1, not 2.0",
    ),
    "roll-outs that do not divide": (
        [("rollouts = 4\nframes", "rollouts = 5\nframes")],
        "protocol.recovery: rollouts must be a multiple of the 2 cases of disc, "
        "such as 4 or 6, not 5\n"
        "protocol.recovery: rollouts must be a multiple of the 2 cases of mutation, "
        "such as 4 or 6, not 5",
    ),
    "invalid TOML": (
        [("horizon = 4", "horizon 4")],
        "is not valid TOML: Expected '=' after a key in a key/value pair "
        "(at line 54, column 9)",
    ),
    "an empty axis": (
        [("rng_seed = [0]", "rng_seed = []")],
        "grid.rng_seed: is empty, so there is nothing to run",
    ),
    "two mistakes": (
        [("hidden = 8", "hidden = 0.5"), ("size_px = 8", "size_pix = 8")],
        "update.mlp.hidden: expected int, found 0.5\n"
        "task.emoji.size_pix: emoji has no parameter 'size_pix'\n"
        "  accepted: channels, classes, hidden_seed, padding_px, size_px\n"
        "  did you mean 'size_px'?",
    ),
}


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_suite_is_refused_before_anything_runs(ncabench, tiny, changes, message):
    said = ncabench("run", tiny(*changes), "--device", "cpu")
    assert said == (2, "", f"tiny.toml:\n{message}")
    assert not Path("results").exists()


def test_an_empty_grid_has_nothing_to_run(ncabench, tiny):
    path = Path(tiny())
    head, _, tail = path.read_text().partition("[grid]")
    path.write_text(head + tail[tail.index("[model.nca]") :])
    said = ncabench("plan", path)
    assert said == (2, "", "tiny.toml:\ngrid: names no axis, so there is nothing to run")


def aimed(target):
    """What changes the tiny suite so that it grows one image."""
    return (EMOJI, f'kind = "grow_image"\ntarget = "{target}"'), STILL


def refused(path, what):
    return 2, "", f"tiny.toml:\ntask.emoji.target: {path}: {what}"


def test_a_missing_target_names_the_drawings_and_the_nearest(ncabench, tiny):
    code, _, said = ncabench("plan", tiny(*aimed("fir")))
    assert code == 2
    assert said.endswith(
        "fir: no such file, and no shipped drawing of that name\n"
        f"  accepted: {DRAWINGS}\n  did you mean 'fire'?"
    )


def test_a_missing_target_names_the_images_beside_it(ncabench, tiny, tmp_path):
    near = tmp_path / "apple.png"
    near.write_bytes(b"")
    _, _, said = ncabench("plan", tiny(*aimed(tmp_path / "aple.png")))
    assert said.endswith(f"  accepted: {near}, {DRAWINGS}\n  did you mean '{near}'?")


def test_a_target_that_is_no_image_is_refused(ncabench, tiny, tmp_path):
    path = tmp_path / "a.png"
    path.write_text("no picture")
    assert ncabench("plan", tiny(*aimed(path))) == refused(
        path, "not a PNG image, or a broken one"
    )


def test_a_target_that_is_a_folder_is_refused(ncabench, tiny, tmp_path):
    said = ncabench("plan", tiny(*aimed(tmp_path)))
    assert said == refused(tmp_path, "a folder, where a PNG file is expected")


MESH = Path(__file__).parents[1] / "suites" / "cells_mesh.toml"
OCTAHEDRON = """
v 1 0 0\nv 0 1 0\nv 0 0 1\nv -1 0 0\nv 0 -1 0\nv 0 0 -1
f 1 2 3\nf 2 4 3\nf 4 5 3\nf 5 1 3\nf 2 1 6\nf 4 2 6\nf 5 4 6\nf 1 5 6
"""
WELD = (
    "; expected a closed surface: each edge in exactly two triangles, which go along it in "
    "opposite ways; weld vertices that stand in the same place, and fill holes"
)
MESHES = {
    "a hole": (
        ("f 1 5 6\n", ""),
        ": the surface ends at the edge of vertices 5 and 1" + WELD,
    ),
    "a face the other way": (
        ("f 1 5 6", "f 1 6 5"),
        ": two triangles go from vertex 1 to vertex 6: more than two meet there, or two that "
        "do face different sides" + WELD,
    ),
    "a vertex that is not there": (
        ("f 1 5 6", "f 1 5 7"),
        ":15: the triangle names vertex 7, expected 1 to 6",
    ),
    "a triangle without area": (
        ("f 1 5 6", "f 1 5 5"),
        ":15: the triangle names vertex 5 twice, expected three different ones",
    ),
    "a vertex alone": (
        ("v 0 0 -1\n", "v 0 0 -1\nv 9 9 9\n"),
        ":8: vertex 7 is in no triangle, expected every vertex in some",
    ),
    "a square": (
        ("f 1 5 6", "f 1 5 6 2"),
        ":15: a face of 4 corners, where 3 are expected; triangulate it",
    ),
}


def with_mesh(path, *, digest=None, reach=1.2):
    """What sets the mesh of one model of a suite."""
    found = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
    sets = {"mesh": f'"{path}"', "mesh_digest": f'"{found if digest is None else digest}"'}
    sets |= {"reach": reach}
    words = [("--set", f"model.lppn.{name}={value}") for name, value in sets.items()]
    return MESH, "--preset", "smoke", *(word for pair in words for word in pair)


@pytest.mark.parametrize(("change", "what"), MESHES.values(), ids=MESHES)
def test_a_mesh_that_is_no_closed_surface_is_refused(
    ncabench, tmp_path, monkeypatch, change, what
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "octahedron.obj"
    path.write_text(OCTAHEDRON.replace(*change))
    code, out, err = ncabench("run", *with_mesh(path), "--device", "cpu")
    assert (code, out, err) == (2, "", f"{MESH}:\nmodel.lppn: {path}{what}")
    assert not Path("results").exists()


def test_a_mesh_is_planned_where_its_digest_is_right_and_shows_it_where_not(
    ncabench, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "octahedron.obj"
    path.write_text(OCTAHEDRON)
    code, out, _ = ncabench("plan", *with_mesh(path))
    assert (code, out.count("\tpending")) == (0, 6)
    digest = hashlib.sha256(OCTAHEDRON.encode()).hexdigest()[:16]
    code, _, err = ncabench("plan", *with_mesh(path, digest="0" * 16))
    what = f"its SHA-256 begins with {digest}, of which 8 digits or more are expected, found "
    assert (code, err) == (2, f"{MESH}:\nmodel.lppn: {path}: {what}'{'0' * 16}'")


def test_a_view_of_no_size_and_a_missing_mesh_are_refused(ncabench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "octahedron.obj"
    code, _, err = ncabench("plan", *with_mesh(path))
    assert (code, err) == (2, f"{MESH}:\nmodel.lppn: {path}: no such mesh file")
    path.write_text(OCTAHEDRON)
    code, _, err = ncabench("plan", *with_mesh(path, reach=0.0))
    assert (code, err) == (2, f"{MESH}:\nmodel.lppn: reach must be above 0, not 0.0")


def test_a_folder_is_no_suite(ncabench, tiny):
    tiny()
    what = "is a directory; name a suite file in it\n  accepted: tiny.toml"
    assert ncabench("run", ".") == (2, "", f".:\n{what}")


def test_a_missing_suite_names_the_nearest(ncabench, tiny):
    tiny()
    what = "there is no such file\n  accepted: tiny.toml\n  did you mean 'tiny.toml'?"
    assert ncabench("status", "tyni.toml") == (2, "", f"tyni.toml:\n{what}")


def test_a_suite_that_is_no_text_is_refused(ncabench, tmp_path):
    path = tmp_path / "suite.toml"
    path.write_bytes(b"\x89PNG\r\n")
    said = ncabench("export", tmp_path / "bundle.zip", path)
    assert said == (2, "", f"{path}:\nis not a text file in UTF-8 (see byte 0)")


@pytest.mark.parametrize(
    ("below", "why"), [(".", "File exists"), ("results", "Not a directory")]
)
def test_results_that_cannot_be_written_are_refused(ncabench, tmp_path, below, why):
    results = tmp_path / "file" / below
    (tmp_path / "file").write_text("kept")
    said = ncabench("run", TINY, "--device", "cpu", "--results", results)
    assert said == (7, "", f"{results}: cannot be created: {why}")
    assert (tmp_path / "file").read_text() == "kept"


def some(results, *, size_bytes):
    """Run some of the tiny suite, where no file can grow beyond a size."""
    command = ["run", *SOME, *WIDE, "-j", "1", "--results", results]
    line = [sys.executable, "-c", LIMITED, size_bytes, *command]
    return subprocess.run([*map(str, line)], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """Two runs, the first on a disk too small for one of its checkpoints."""
    results = tmp_path_factory.mktemp("full")
    first = some(results, size_bytes=75_000)
    files = [path for path in results.rglob("*") if path.is_file()]
    kept = {path: path.read_bytes() for path in files}
    return results, first, kept, some(results, size_bytes=2**40)


def test_a_disk_too_full_for_a_checkpoint_stops_the_run(full):
    results, first, _, _ = full
    last = first.stderr.strip().splitlines()[-1]
    assert first.returncode == 7
    assert "Traceback" not in first.stderr
    assert last.startswith(f"{results}/runs/")
    assert last.endswith("/cpu-eager/checkpoint.pt: cannot be written: File too large")


def test_a_full_disk_leaves_no_half_written_file(full):
    assert {path for path in full[2] if ".draft" in path.name} == set()


def test_the_same_command_finishes_once_there_is_room(full):
    _, _, kept, second = full
    done = [path for path in kept if path.match("runs/*/cpu-eager/record.json")]
    assert len(done) == 1
    assert (second.returncode, "Traceback" in second.stderr) == (0, False)
    assert second.stdout == "tiny (preset paper): executed 1 of 2 entries; now 2 ok\n"


def test_what_was_finished_before_the_disk_was_full_is_kept(full):
    records = {path: text for path, text in full[2].items() if path.name == "record.json"}
    now = {path: path.read_bytes() for path in records if path.parent.name == "cpu-eager"}
    assert len(now) == 1
    assert now.items() <= records.items()


@pytest.fixture
def finished(full, tmp_path):
    """A copy of what those runs left."""
    return shutil.copytree(full[0], tmp_path / "results")


def damaged(results, change):
    """Change the text of one training's record; returns its path."""
    for path in sorted(results.glob("runs/*/cpu-eager/record.json")):
        if json.loads(path.read_text())["role"] == "training":
            path.write_text(change(path.read_text()))
            return path
    raise AssertionError(f"no training in {results}")


DAMAGES = {
    "cut short": (
        lambda text: text[:1],
        "is damaged (Expecting property name enclosed in double quotes: line 1 column 2 "
        "(char 1)); delete its folder to run the entry again",
    ),
    "of a newer schema": (
        lambda text: text.replace('"schema": 1', '"schema": 99'),
        "has schema 99, this ncabench reads up to 1; update ncabench",
    ),
}


@pytest.mark.parametrize(("change", "what"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_record_is_named_and_kept(finished, ncabench, change, what):
    path = damaged(finished, change)
    text = path.read_text()
    code, out, err = ncabench("run", *SOME, *WIDE, "--results", finished)
    assert (code, err) == (4, f"{path}: {what}")
    assert "executed 0 of 2 entries; now 1 damaged, 1 ok\n  damaged: training [" in out
    assert path.read_text() == text


def test_a_damaged_record_is_shown_as_such_by_the_plan(finished, ncabench):
    path = damaged(finished, lambda _: "[]")
    code, out, err = ncabench("plan", *SOME, *WIDE, "--why", "--results", finished)
    assert (code, err) == (0, "")
    assert f"\tdamaged\t{path}: is no record of ncabench (no schema number)\n" in out


def test_a_report_names_the_records_that_it_cannot_read(finished, ncabench, tmp_path):
    path = damaged(finished, lambda _: "[]")
    code, _, err = ncabench("report", "--results", finished, "--out", tmp_path / "reports")
    assert code == 0
    assert f"{path}: is no record of ncabench (no schema number)" in err
