"""A worked example: perceptions of one's own, from a package and from a file, to a report.

They are listed, run in the runner's own processes, reported, and tried by the contract.
"""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ncabench import catalog, offered, outside
from ncabench.errors import SuiteError
from ncabench.pipeline import Workspace

CELL = '''
"""A perception of one's own."""

import torch
from torch import Tensor

from ncabench.nca.perception import Perception


class {name}(Perception):
    """The cell, and one beside it.

    Source: none; an example.

    >>> {name}(1)(torch.eye(2)[None, None])[0, 1].tolist()  # what is above each cell
    [[0.0, 1.0], [1.0, 0.0]]
    """

    version = 1

    def __init__(self, channels: int, *, distance: int = 1) -> None:
        super().__init__()
        self.distance = distance
        self.out_channels = 2 * channels

    def forward(self, state: Tensor) -> Tensor:
        return {what}
'''
WHAT = "torch.cat([state, state.roll(self.distance, dims=2)], dim=1)"
FILE = CELL.format(name="Above", what=WHAT)
PACKAGE = CELL.format(name="Rings", what=WHAT.replace("dims=2", "dims=3"))
TINY = (Path(__file__).parent / "tiny.toml").read_text()
SUITE = (
    TINY.replace('[perception.sobel]\nkind = "sobel"', '[perception.sobel]\nfile = "above.py"')
    .replace('kind = "conv"\nout_channels = 8', 'kind = "rings"\ndistance = 2')
    .replace('perturbation = ["damage", "mutation"]', 'perturbation = ["damage"]')
    .replace('[[include]]\nmodel = ["unet"]\nrecipe = "one_pass"\n', "")
    .replace('    { label = "U-Net", where = { model = "unet" } },\n', "")
    .replace('{ perturbation = "mutation" }', '{ perturbation = "damage" }')
)
BROKEN = {  # what a perception does, and what the check says of it
    "it draws from the global generator; chance comes from `draws` alone": (
        "torch.cat([state, state.roll(1, dims=2)], dim=1) + 0 * torch.rand(1)"
    ),
    "it changes its input, the state, in place": (
        "torch.cat([state.mul_(0.5), state.roll(1, dims=2)], dim=1)"
    ),
    "it is not local: a change is seen more than 6 cells away": (
        "torch.cat([state, state - state.mean(dim=(2, 3), keepdim=True)], dim=1)"
    ),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a suite, a file beside it, and an installed package."""
    home = tmp_path_factory.mktemp("home")
    (home / "mine.toml").write_text(SUITE)
    (home / "above.py").write_text(FILE)
    site = home / "site"
    (site / "theirs-2.1.dist-info").mkdir(parents=True)
    (site / "theirs.py").write_text(PACKAGE)
    about = {
        "METADATA": "Metadata-Version: 2.1\nName: theirs\nVersion: 2.1\n",
        "entry_points.txt": "[ncabench.components]\nperception.rings = theirs:Rings\n",
    }
    for name, text in about.items():
        (site / "theirs-2.1.dist-info" / name).write_text(text)
    return home


def typed(home, *words, check=True):
    """Type a command in that folder, where the package is installed."""
    path = os.pathsep.join([str(home / "site"), str(Path(__file__).parents[1])])
    return subprocess.run(
        [sys.executable, "-m", "ncabench", *words],
        cwd=home,
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=check,
    )


@pytest.fixture(scope="module")
def finished(home):
    done = typed(home, "run", "mine.toml", "--device", "cpu")
    assert "executed 4 of 4 entries; now 4 ok" in done.stdout
    return home


def test_components_of_ones_own_are_trained_evaluated_and_reported(finished):
    assert typed(finished, "run", "mine.toml").stdout.endswith(
        "executed 0 of 4 entries; now 4 ok\n"
    )
    shown = typed(finished, "report", "mine.toml", "--format", "csv").stdout
    rows = list(csv.DictReader(shown.partition("\n\n")[0].splitlines()))
    found = [float(row["mean"]) for row in rows if row["column"] == "MSE Damage"]
    assert [row["row"] for row in rows[::3]] == ["Sobel", "Conv 3x3"]
    assert 0 < min(found) < max(found) < 1


def test_a_record_says_which_source_it_was_made_with(finished):
    id = json.loads(typed(finished, "plan", "mine.toml", "--json").stdout)[0]["id"]
    (found,) = json.loads(typed(finished, "show", id, "--json").stdout)
    ((name, there),) = found["spec"]["outside"].items()
    assert name == f"perception/above@{outside.digest(FILE)[:12]}"
    assert there["source"] == FILE
    assert f"{name} of above.py" in found["sources"]


def test_a_model_of_ones_own_comes_back_and_repeats_its_numbers(finished):
    id = json.loads(typed(finished, "plan", "mine.toml", "--json").stdout)[0]["id"]
    assert typed(finished, "verify", id).returncode == 0
    code = f"import ncabench; print(ncabench.load({id!r}).model.perception)"
    path = os.pathsep.join([str(finished / "site"), str(Path(__file__).parents[1])])
    line = [sys.executable, "-c", code]
    env = {**os.environ, "PYTHONPATH": path}
    shown = subprocess.run(line, cwd=finished, env=env, capture_output=True, check=True).stdout
    assert shown == b"Above()\n"


def test_a_changed_file_is_another_component(finished):
    (finished / "above.py").write_text(
        FILE.replace("[state, state.roll", "[-state, state.roll")
    )
    rows = json.loads(typed(finished, "plan", "mine.toml", "--json").stdout)
    (finished / "above.py").write_text(FILE)
    assert {row["perception"]: row["status"] for row in rows} == {
        "sobel": "pending",
        "conv3x3": "ok",
    }


def test_the_list_says_where_components_are_from_and_loads_no_torch(home):
    shown = typed(home, "list", "perception").stdout
    assert "perception\trings\ttheirs 2.1\tThe cell, and one beside it." in shown.splitlines()
    code = (
        "import sys; from ncabench import offered; from ncabench.pipeline import Workspace\n"
        "from pathlib import Path; space = Workspace(results=Path('r'))\n"
        "print([one['origin'] for one in offered.components('rings', space)])\n"
        "print([one['origin'] for one in offered.components('above.py', space)])\n"
        "print('torch' in sys.modules, 'mlflow' in sys.modules)"
    )
    path = os.pathsep.join([str(home / "site"), str(Path(__file__).parents[1])])
    env = {**os.environ, "PYTHONPATH": path}
    line = [sys.executable, "-c", code]
    shown = subprocess.run(line, cwd=home, env=env, capture_output=True, check=True).stdout
    assert shown.decode().splitlines() == ["['theirs 2.1']", "['above.py']", "False False"]


@pytest.mark.parametrize("words", [[], ["rings"], ["perception"]], ids=str)
def test_a_package_is_tried_by_the_contract_and_keeps_it(home, words):
    shown = typed(home, "list", "--check", *words).stdout
    assert shown == "perception/rings of theirs 2.1: keeps 8 of 8\n"


def test_those_that_a_suite_names_are_tried_as_it_sets_them(home):
    shown = typed(home, "list", "--check", "mine.toml").stdout.splitlines()
    kind = f"above@{outside.digest(FILE)[:12]}"
    assert sorted(shown) == [
        f"perception/{kind} of above.py: keeps 8 of 8",
        "perception/rings of theirs 2.1: keeps 8 of 8",
    ]


@pytest.mark.parametrize(("said", "what"), BROKEN.items(), ids=["draws", "writes", "global"])
def test_a_broken_one_is_told_how_and_ends_with_2(home, tmp_path, said, what):
    (tmp_path / "mine.py").write_text(CELL.format(name="Mine", what=what))
    done = typed(home, "list", "--check", str(tmp_path / "mine.py"), check=False)
    head, *lines = done.stdout.splitlines()
    assert (done.returncode, "of mine.py: breaks" in head) == (2, True)
    assert said in [line.partition(": ")[2] for line in lines]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("def forward", "def backward", "it is without what its family must have: forward"),
        ("version = 1", 'version = "1"', "its version is '1', not 1 or more"),
        ("Source: none; an example.", "", "its docstring has no 'Source:', which paper and"),
    ],
)
def test_one_that_is_not_what_suites_are_told_is_told_so(tmp_path, space, old, new, said):
    (tmp_path / "mine.py").write_text(FILE.replace(old, new))
    (row,) = offered.checked(str(tmp_path / "mine.py"), space)
    assert row["checks"][0]["broken"].startswith(said)


def test_one_that_cannot_be_imported_is_told_why_and_ends_with_2(home, tmp_path):
    (tmp_path / "mine.py").write_text(f"import no_such_package\n{FILE}")
    done = typed(home, "list", "--check", str(tmp_path / "mine.py"), check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "ModuleNotFoundError: No module named 'no_such_package'" in done.stdout


@pytest.fixture
def space(tmp_path):
    return Workspace(results=tmp_path)


def test_components_are_those_of_the_catalogue(space):
    listed = [(one["family"], one["kind"]) for one in offered.components(None, space)]
    known = [(family, kind) for family in catalog.FAMILIES for kind in catalog.kinds(family)]
    assert listed == known


def test_a_component_shows_its_parameters_and_their_defaults(space):
    (sobel,) = offered.components("sobel", space)
    assert sobel["parameters"]["padding"] == "'circular'"
    assert (sobel["origin"], bool(sobel["summary"])) == ("ncabench", True)


def test_an_unknown_family_names_the_nearest(space):
    with pytest.raises(SuiteError) as caught:
        offered.components("perceptoin", space)
    assert str(caught.value) == (
        "no family or kind 'perceptoin'\n"
        "  accepted: autoencoder, critic, data, decoder, metric, model, objective, optimiser, "
        "perception, perturbation, pool, protocol, schedule, task, trainer, update\n"
        "  did you mean 'perception'?"
    )


def test_ncabenchs_own_are_tried_where_they_are_named(space):
    (row,) = offered.checked("mlp", space)
    assert offered.told(row) == "update/mlp of ncabench: keeps 8 of 8"
    assert offered.checked("update", space) == []


def test_a_family_without_a_contract_here_says_so(space):
    (row,) = offered.checked("cosine", space)
    assert offered.told(row) == (
        "schedule/cosine of ncabench: keeps 1 of 1 "
        "(of a schedule only the source and the constructor are checked)"
    )
