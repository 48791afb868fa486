"""Components from outside: which are found, what they are called, and what is refused."""

import pytest

from ncabench import catalog, outside
from ncabench.errors import RecordError, SuiteError
from ncabench.plan import planner
from ncabench.suite import document

RINGS = '''
"""A perception of another package."""

import torch

from ncabench.nca.perception import Perception


class Rings(Perception):
    """The cell, and the one above it. Source: none; for these tests."""

    version = 4

    def __init__(self, channels: int, *, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = scale
        self.out_channels = 2 * channels

    def forward(self, state):
        return torch.cat([state, state.roll(1, dims=2) * self.scale], dim=1)
'''
SUITE = """
title = "Mine"
[grid]
model = ["nca"]
perception = ["mine"]
[model.nca]
kind = "nca"
[perception.mine]
file = "parts/rings.py"
scale = 2.0
[update.mlp]
kind = "mlp"
hidden = 8
[task.emoji]
kind = "emoji"
[perturbation.damage]
kind = "disc"
[metric.mse]
kind = "mse"
[protocol.recovery]
kind = "recovery"
[train]
kind = "rollout"
iterations = 2
batch = 2
steps = [2, 3]
optimiser = { kind = "adam", learning_rate = 1e-3 }
schedule = { kind = "constant" }
[train.pool]
kind = "fifo"
size = 4
"""


@pytest.fixture
def suite(tmp_path, monkeypatch):
    """Writes the suite and its file; returns the plan of it."""
    monkeypatch.setattr(outside, "_texts", {})

    def suite(text=RINGS, *, toml=SUITE, folder="here"):
        home = tmp_path / folder
        (home / "parts").mkdir(parents=True, exist_ok=True)
        (home / "parts" / "rings.py").write_text(text)
        (home / "mine.toml").write_text(toml)
        return planner.make(document.load(home / "mine.toml"))

    yield suite
    for cached in (catalog.describe, catalog.find):
        cached.cache_clear()


def refused(suite, *given, **named):
    with pytest.raises(SuiteError) as caught:
        suite(*given, **named)
    return str(caught.value)


def test_a_file_beside_a_suite_is_a_component_named_by_its_text(suite):
    spec = suite().of("training")[0].spec
    kind = spec["parts"]["perception"]["kind"]
    assert kind == f"rings@{outside.digest(RINGS)[:12]}"
    assert spec["parts"]["perception"]["scale"] == 2.0
    assert spec["versions"][f"perception/{kind}"] == 4
    assert catalog.build("perception", spec["parts"]["perception"], 3).out_channels == 6


def test_a_record_carries_the_source(suite, tmp_path):
    plan = suite()
    training, evaluation = plan.of("training")[0].spec, plan.of("evaluation")[0].spec
    (found,) = training["outside"].values()
    assert (found["from"], found["source"]) == ("rings.py", RINGS)
    assert found["sha256"] == outside.digest(RINGS)
    assert found["file"] == str(tmp_path / "here" / "parts" / "rings.py")
    assert "outside" not in evaluation  # which has it under its training
    assert evaluation["training"] == training


def test_an_id_names_what_the_file_does_not_where_it_is_or_what_it_says_of_itself(suite):
    ids = {entry.id for entry in suite().entries}
    assert {entry.id for entry in suite(RINGS + "# a remark\n", folder="there").entries} == ids
    others = {entry.id for entry in suite(RINGS.replace("dims=2", "dims=3")).entries}
    assert others.isdisjoint(ids)


def test_a_suite_without_files_has_the_ids_that_it_had(suite):
    plain = suite(toml=SUITE.replace('file = "parts/rings.py"\nscale = 2.0', 'kind = "sobel"'))
    assert "outside" not in plain.entries[0].spec


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "parts/rings.py",
            "none.py",
            "perception.mine.file: {home}/none.py: cannot be read: No",
        ),
        ("scale", "scales", "perception.mine.scales: {kind} has no parameter 'scales'"),
        ("scale =", 'kind = "sobel"\nscale =', "perception.mine.kind: a file is its own kind"),
    ],
)
def test_what_a_suite_says_wrong_of_a_file_is_refused(suite, tmp_path, old, new, said):
    found = refused(suite, toml=SUITE.replace(old, new))
    kind = f"rings@{outside.digest(RINGS)[:12]}"
    assert said.format(home=tmp_path / "here", kind=kind) in found
    assert len(found.splitlines()) <= 4  # the one problem, and what would have been right


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def :", "rings.py: is no Python (invalid syntax, line 1)"),
        ("x = 1", "a component file has one public class, this has: none"),
    ],
)
def test_a_file_that_is_no_component_is_refused(suite, text, said):
    assert said in refused(suite, text)


def test_a_file_with_the_name_of_a_kind_is_refused(suite, tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "sobel.py").write_text(RINGS)
    assert "there is a perception 'sobel' already; name the file otherwise" in refused(
        suite, toml=SUITE.replace("parts/rings.py", "sobel.py")
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"import no_such_package\n{RINGS}", "ModuleNotFoundError: No module named"),
        (f"{RINGS}\n1 / 0\n", "ZeroDivisionError: division by zero"),
        (RINGS.replace("(Perception)", "(torch.nn.Module)"), "Rings is no Perception"),
    ],
)
def test_what_goes_wrong_when_a_file_is_imported_is_told(suite, text, said):
    spec = suite(text).entries[0].spec["parts"]["perception"]
    with pytest.raises(SuiteError) as caught:
        catalog.find("perception", spec["kind"])
    assert f"{spec['kind']} of rings.py cannot be used: {said}" in str(caught.value)
    assert catalog.find("perception", "sobel")  # the others are not taken down


def test_what_only_a_record_holds_is_read_and_never_run(suite, tmp_path, monkeypatch):
    spec = suite().entries[0].spec
    (tmp_path / "here" / "parts" / "rings.py").write_text("print('another')")
    monkeypatch.setattr(outside, "_texts", {})
    with pytest.raises(RecordError) as caught:
        outside.refuse_absent(spec, role="training", id="ab12")
    path = tmp_path / "here" / "parts" / "rings.py"
    assert str(caught.value) == (
        f"training ab12: was made with {path}, which is not here, or is not "
        "what it was; its text is in the record, under spec.outside"
    )
    kind = spec["parts"]["perception"]["kind"]
    assert catalog.describe("perception", kind).name == "Rings"
    with pytest.raises(
        SuiteError, match="it came with a record, and the same file is not here"
    ):
        catalog.find("perception", kind)


def test_a_record_made_with_a_file_that_is_still_here_can_be_used(suite, monkeypatch):
    spec = suite().entries[0].spec
    monkeypatch.setattr(outside, "_texts", {})
    outside.refuse_absent(spec, role="training", id="ab12")
    assert catalog.find("perception", spec["parts"]["perception"]["kind"]).version == 4


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs a package of some modules and entry points, as pip would."""
    caches = (catalog.kinds, catalog.describe, catalog.find, catalog._installed)

    def install(points, files, *, name="theirs"):
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        about = tmp_path / f"{name}-2.1.dist-info"
        about.mkdir(exist_ok=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.1\n")
        lines = "".join(f"{point} = {value}\n" for point, value in points.items())
        (about / "entry_points.txt").write_text(f"[ncabench.components]\n{lines}")
        monkeypatch.syspath_prepend(tmp_path)
        for cached in caches:
            cached.cache_clear()

    yield install
    monkeypatch.undo()
    for cached in caches:
        cached.cache_clear()


def test_a_package_is_found_without_importing_it(install):
    files = {"theirs/__init__.py": "raise RuntimeError('imported')", "theirs/parts.py": RINGS}
    install({"perception.rings": "theirs.parts:Rings"}, files)
    described = catalog.describe("perception", "rings")
    assert (described.origin, described.version) == ("theirs 2.1", 4)
    with pytest.raises(SuiteError) as caught:
        catalog.find("perception", "rings")
    said = "rings of theirs 2.1 cannot be used: RuntimeError: imported"
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("point", "value", "said"),
    [
        ("perception.sobel", "theirs:Rings", "ncabench has a perception of this name"),
        ("perceptions.rings", "theirs:Rings", "its name must be FAMILY.KIND, such as percept"),
        ("perception.rings", "absent:Rings", "there is no module 'absent'"),
        ("perception.rings", "theirs.no:Rings", "there is no module 'theirs.no'"),
        ("perception.rings", "wrong:Rings", "never closed"),
    ],
)
def test_what_cannot_be_used_is_told_and_takes_nothing_down(install, point, value, said):
    install({point: value, "update.own": "theirs:Rings"}, {"theirs.py": RINGS, "wrong.py": "("})
    (trouble,) = catalog.troubles().values()
    assert trouble.startswith(f"{point} of theirs 2.1 cannot be used: ")
    assert said in trouble
    assert "own" in catalog.kinds("update")
    assert catalog.describe("perception", "sobel").origin == "ncabench"


def test_a_suite_that_names_what_cannot_be_used_is_told_why(install, suite):
    install({"perception.rings": "absent:Rings"}, {})
    text = SUITE.replace('file = "parts/rings.py"', 'kind = "rings"')
    assert (
        "perception.mine.kind: perception.rings of theirs 2.1 cannot be used: "
        "there is no module 'absent'"
    ) in refused(suite, toml=text)


def test_two_packages_with_one_name_are_both_refused(install):
    install({"perception.rings": "theirs:Rings"}, {"theirs.py": RINGS})
    install({"perception.rings": "theirs:Rings"}, {}, name="others")
    assert "rings" not in catalog.kinds("perception")
    assert "several packages have one of this name" in catalog.troubles()["perception", "rings"]


def test_an_id_counts_all_that_a_package_imports_of_itself(install, suite):
    parts = {"theirs/__init__.py": "", "theirs/size.py": "SIZE = 1\n"}
    text = SUITE.replace('file = "parts/rings.py"', 'kind = "rings"')
    ids = []
    for change in ({}, {"theirs/size.py": "SIZE = 2\n"}, {"theirs/unused.py": "x = 1\n"}):
        parts = {**parts, **change}
        rings = f"from theirs.size import SIZE\n{RINGS}"
        install({"perception.rings": "theirs.parts:Rings"}, {**parts, "theirs/parts.py": rings})
        ids.append(suite(toml=text).entries[0].id)
    assert ids[0] != ids[1]
    assert ids[1] == ids[2]
