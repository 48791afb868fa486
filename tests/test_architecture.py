"""The shape of the code itself: who may import whom, how long a file may be, what it says."""

import ast
import inspect
import subprocess
import sys
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from ncabench import catalog

HERE = Path(__file__).parents[1]
ROOT = HERE / "ncabench"

ALLOWED = {  # part: the other parts of ncabench that it may import
    "errors": set(),
    "outside": {"errors"},
    "catalog": {"outside", "errors"},
    "schema": {"catalog", "errors"},
    "nca": {"errors"},
    "suite": {"outside", "catalog", "schema", "relation", "errors"},
    "stats": set(),
    "interval": set(),
    "relation": set(),
    "papers": {"interval", "relation", "errors"},
    "plan": {"suite", "catalog", "outside", "schema", "nca", "errors"},
    "run": {"plan", "nca", "catalog", "outside", "schema", "errors"},
    "record": {"run", "outside", "errors"},
    "report": {
        *("record", "plan", "papers", "suite", "catalog", "schema", "errors"),
        *("stats", "interval", "relation"),
    },
    "gate": {"record", "run", "plan", "suite", "catalog", "stats", "errors"},
    "console": {"run"},
    "remembered": {"run", "plan", "suite"},
    "tune": {"pipeline", "compare", "report", "run", "plan", "suite", "errors"},
}
TOGETHER = {  # may see all
    *("__init__", "__main__", "cli", "pipeline", "overview", "checking", "compare", "doctor"),
    *("deciding", "loading", "offered", "verifying"),
}
NARROW = {  # (part, other part): the only files of the other that it may import
    ("record", "run"): {"outcome", "folder"},
    ("report", "record"): {"stored"},
    ("gate", "record"): {"stored"},
    ("gate", "run"): {"outcome"},
    ("console", "run"): {"job", "outcome", "progress", "scheduler"},
}
CONFINED = {  # package: the only places that may import it, and then at the top of a file
    "torch": ("nca/", "run/", "plan/assemble.py", "doctor.py"),
    "mlflow": ("record/tracking.py",),
    "pynvml": ("run/nvml.py",),
    "typer": ("cli/",),
    "rich": ("console.py",),
    "matplotlib": ("report/drawn/",),
    "optuna": ("tune/study.py",),
    "lpips": ("nca/metric/", "run/preload.py"),
    "torchvision": ("nca/", "run/preload.py"),
    "skimage": ("nca/metric/", "nca/data/"),
    "scipy": ("stats/",),
}
LIGHT = (  # what the parent process and every command that only looks may load without torch
    "catalog",
    "checking",
    "cli",
    "compare",
    "console",
    "deciding",
    "gate",
    "interval",
    "loading",
    "outside",
    "overview",
    "pipeline",
    "schema",
    "nca.data",
    "offered",
    "papers",
    "plan",
    "record",
    "relation",
    "remembered",
    "report",
    "stats",
    "suite",
    "verifying",
    *(f"run.{name}" for name in ("device", "entrance", "folder", "job", "nvml", "outcome")),
    *(f"run.{name}" for name in ("execution", "progress", "resolution", "result", "scheduler")),
)
CHANCE = {  # calls that read a global generator
    *("bernoulli", "dropout", "manual_seed", "multinomial", "normal", "rand", "rand_like"),
    *("randint", "randint_like", "randn", "randn_like", "randperm", "seed"),
}
OUTSIDE = {"datetime", "getpass", "logging", "platform", "random", "socket", "subprocess"}
FILES = sorted(ROOT.rglob("*.py"))
COMPONENTS = [(family, kind) for family in catalog.FAMILIES for kind in catalog.kinds(family)]
NAMES = [f"{family}/{kind}" for family, kind in COMPONENTS]


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(nodes: Iterator[ast.AST]) -> set[str]:
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def heads(path: Path) -> set[str]:
    """The packages that a file imports, at its top or inside its functions."""
    return {name.partition(".")[0] for name in imports(ast.walk(tree(path)))}


def part(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def own(path: Path) -> set[tuple[str, ...]]:
    """The modules of ncabench that a file imports, as paths from the package down."""
    return {
        tuple(name.split(".")[1:])
        for name in imports(ast.walk(tree(path)))
        if name.startswith("ncabench.")
    }


@pytest.mark.parametrize("path", FILES, ids=short)
def test_imports_point_up_the_flow(path):
    here = part(path)
    if here in TOGETHER:
        return
    used = {name[0] for name in own(path)}
    assert used - {here} <= ALLOWED[here]


@pytest.mark.parametrize("path", FILES, ids=short)
def test_some_parts_show_others_a_few_files_alone(path):
    for (here, other), files in NARROW.items():
        seen = {name[1] for name in own(path) if name[0] == other}
        assert part(path) != here or seen <= files


def test_nothing_but_the_assembly_of_a_plan_knows_the_science():
    knowing = [short(path) for path in FILES if ("nca",) in {name[:1] for name in own(path)}]
    outside = [name for name in knowing if not name.startswith(("nca/", "run/"))]
    assert outside == ["plan/assemble.py"]


@pytest.mark.parametrize("path", FILES, ids=short)
def test_heavy_packages_stay_where_they_belong(path):
    used = heads(path) & set(CONFINED)
    assert [one for one in used if not short(path).startswith(CONFINED[one])] == []


def test_data_sets_import_no_torch():
    assert [
        short(path)
        for path in FILES
        if short(path).startswith("nca/data/") and "torch" in heads(path)
    ] == []


def test_the_light_parts_load_no_heavy_package():
    names = [
        ".".join(path.relative_to(HERE).with_suffix("").parts).removesuffix(".__init__")
        for path in FILES
    ]
    light = tuple(f"ncabench.{name}" for name in LIGHT)
    chosen = [
        name
        for name in names
        if name != "ncabench.plan.assemble"
        and any(name == one or name.startswith(f"{one}.") for one in light)
    ]
    code = f"import importlib; [importlib.import_module(name) for name in {chosen}]"
    assert len(chosen) > 40
    assert loaded(code) == set()


def loaded(code: str) -> set[str]:
    """The heavy packages that a fresh interpreter has loaded after ``code``."""
    heavy = ("torch", "torchvision", "lpips", "mlflow", "matplotlib", "pandas", "optuna")
    ending = f"import sys; print(*sorted(set({heavy}) & set(sys.modules)), file=sys.stderr)"
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}\n{ending}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=HERE,
    )
    return set(ran.stderr.split())


def command(*words: str) -> str:
    return (
        f"import sys; sys.argv = {['ncabench', *words]}\n"
        "from ncabench.cli.main import main\n"
        "try:\n    main()\n"
        "except SystemExit as ended:\n    assert not ended.code, ended.code"
    )


@pytest.mark.parametrize(
    "words",
    [
        *(["--help"], ["list"], ["run", "--help"], ["papers"], ["papers", "--check"]),
        ["tune", "--help"],
        *(["data", "list"], ["data", "verify", "photo_tiles"]),
    ],
    ids=" ".join,
)
def test_looking_loads_neither_torch_nor_mlflow(words):
    assert loaded(command(*words)) == set()


def test_planning_loads_no_mlflow(tmp_path):
    words = ("plan", "suites/smoke.toml", "--results", str(tmp_path / "results"))
    assert "mlflow" not in loaded(command(*words))


@pytest.mark.parametrize("path", [one for one in FILES if part(one) == "nca"], ids=short)
def test_the_science_reads_no_global_chance_clock_or_process(path):
    assert heads(path) & (OUTSIDE | {"time"}) == set()
    calls = {
        ast.unparse(node.func)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    owners = ("torch", "np.random", "numpy.random", "F")
    assert calls & {f"{owner}.{name}" for owner in owners for name in CHANCE} == set()


def test_no_file_is_longer_than_400_lines():
    files = [*FILES, *(HERE / "tests").rglob("*.py")]
    long = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: lines for name, lines in long.items() if lines > 400} == {}


def test_no_file_is_named_for_what_is_left_over():
    files = [*FILES, *(HERE / "tests").rglob("*.py")]
    assert [one for one in files if one.stem in {"utils", "helpers", "misc", "common"}] == []


@pytest.mark.parametrize("path", [one for one in FILES if one.name == "__init__.py"], ids=short)
def test_a_folder_holds_its_docstring_and_its_contract(path):
    docstring, *rest = tree(path).body
    assert isinstance(docstring, ast.Expr)
    assert isinstance(docstring.value, ast.Constant)
    for node in rest:
        private = isinstance(node, ast.FunctionDef) and node.name.startswith("_")
        assert private or isinstance(node, ast.Import | ast.ImportFrom | ast.ClassDef)
    chosen = {*catalog.FAMILIES, "engine"}  # an engine is named by [execution]
    chosen.add("ncabench")  # `ncabench.load`
    assert not rest or path.parent.name in chosen


@pytest.mark.parametrize(("family", "kind"), COMPONENTS, ids=NAMES)
def test_every_component_cites_its_source_and_shows_a_worked_value(family, kind):
    doc = inspect.getdoc(catalog.find(family, kind)) or ""
    assert "Source:" in doc, "say which paper and where in it, or 'Source: none' and why"
    assert ">>>" in doc, "show one value that a reader can check by hand"


@pytest.mark.parametrize(("family", "kind"), COMPONENTS, ids=NAMES)
def test_every_component_can_be_described_without_importing_it(family, kind):
    found, described = catalog.find(family, kind), catalog.describe(family, kind)
    hints = typing.get_type_hints(found.__init__)
    assert {one.name for one in described.parameters} <= set(hints)
    assert type(found.version) is int
    assert found.version == described.version >= 1


@pytest.mark.parametrize("path", FILES, ids=short)
def test_every_module_says_what_it_is_for(path):
    first = (ast.get_docstring(tree(path)) or "").partition("\n")[0]
    assert first.endswith((".", ":")) or short(path) == "pipeline.py"
