import importlib
import inspect
import subprocess
import sys

import pytest

from ncabench import catalog
from ncabench.errors import SuiteError

COMPONENTS = [(family, kind) for family in catalog.FAMILIES for kind in catalog.kinds(family)]


@pytest.mark.parametrize(("family", "kind"), COMPONENTS, ids="/".join)
def test_what_the_source_says_is_what_the_class_has(family, kind):
    described, found = catalog.describe(family, kind), catalog.find(family, kind)
    parameters = inspect.signature(found.__init__).parameters.values()
    keyword_only = [one for one in parameters if one.kind is one.KEYWORD_ONLY]
    assert [one.name for one in described.parameters] == [one.name for one in keyword_only]
    for read, real in zip(described.parameters, keyword_only, strict=True):
        default = catalog.REQUIRED if real.default is real.empty else real.default
        assert read.default == default
    for name, value in described.attributes.items():
        assert getattr(found, name) == value


@pytest.mark.parametrize(("family", "kind"), COMPONENTS, ids="/".join)
def test_every_component_keeps_its_familys_contract(family, kind):
    found = catalog.find(family, kind)
    bases = [base.__name__ for base in found.__mro__]
    assert catalog.FAMILIES[family] in bases
    assert catalog.describe(family, kind).summary.endswith(".")


def test_listing_imports_no_torch():
    code = (
        "import sys; from ncabench import catalog\n"
        "[catalog.describe(f, k) for f in catalog.FAMILIES for k in catalog.kinds(f)]\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_unknown_kind_lists_those_there_are():
    with pytest.raises(SuiteError) as caught:
        catalog.describe("update", "mpl")
    assert str(caught.value) == (
        "update.kind: no update is called 'mpl'\n"
        "  accepted: mlp, relu_mlp, resnet\n  did you mean 'mlp'?"
    )


def test_a_component_is_built_with_its_nested_ones():
    branches = [
        {"family": "perception", "kind": "sobel"},
        {"family": "perception", "kind": "conv"},
    ]
    built = catalog.build("perception", {"kind": "combined", "branches": branches}, 3)
    assert built.out_channels == 4 * 3 + 80


PLUGIN = '''
"""A perception of another package."""

from ncabench.nca.perception import Perception


class Rings(Perception):
    """What lies around, in rings."""

    version = 4

    def __init__(self, channels: int, *, rings: int = 2) -> None:
        super().__init__()
        self.rings = rings
        self.out_channels = channels * rings

    def forward(self, state):
        return state.repeat(1, self.rings, 1, 1)
'''


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Makes another package's entry point known, as pip would."""

    def install(name, value):
        (tmp_path / "their_package.py").write_text(PLUGIN)
        about = tmp_path / "their_package-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: their-package\nVersion: 1\n"
        )
        (about / "entry_points.txt").write_text(f"[ncabench.components]\n{name} = {value}\n")
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()
        forget()

    def forget():
        for cached in (catalog.kinds, catalog.describe, catalog.find, catalog._installed):
            cached.cache_clear()

    yield install
    monkeypatch.undo()
    forget()


def test_another_package_adds_a_component_by_its_entry_point(install):
    install("perception.rings", "their_package:Rings")
    described = catalog.describe("perception", "rings")
    assert (described.version, described.parameters[0].default) == (4, 2)
    assert catalog.build("perception", {"kind": "rings", "rings": 3}, 5).out_channels == 15
