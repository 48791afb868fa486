import json
import subprocess
import sys
from pathlib import Path

import pytest

from ncabench.errors import SuiteError
from ncabench.plan import counts, planner
from ncabench.suite import document

SUITE = Path(__file__).parents[2] / "suites" / "perception_ablation.toml"
COUNT = """
import sys
from pathlib import Path
from ncabench.plan import counts, planner
from ncabench.suite import document
made = planner.make(document.load(Path(sys.argv[1])))
counts.count(made, root=None, cache=Path(sys.argv[2]))
assert "torch" not in sys.modules, "torch was imported"
"""

PRINTED = {  # table 1; deformable and conv5x5 as the shapes give them
    "sobel": 8_096,
    "conv3x3": 22_976,
    "deformable3x3": 28_026,
    "conv5x5": 49_856,
    "combined": 71_456,
    "attention3x3": 79_840,
}
BASELINES = [24_946, 44_060, 68_574]


@pytest.fixture(scope="module")
def ablation():
    """Table 1's plan, its counts, and where they were remembered."""
    return planner.make(document.load(SUITE))


@pytest.fixture(scope="module")
def counted(ablation):
    return counts.count(ablation, root=None)


@pytest.mark.parametrize(("perception", "expected"), PRINTED.items(), ids=PRINTED)
def test_perceptions_have_the_papers_counts(ablation, counted, perception, expected):
    served = [one for one in ablation.entries if one.serves({"perception": perception})]
    assert {one.role for one in served} >= {"training", "evaluation"}
    assert {counted[one.id] for one in served} == {expected}


def test_baselines_have_the_papers_counts(ablation, counted):
    baselines = [one for one in ablation.trainings() if "perception" not in one.labels[0]]
    assert sorted({counted[one.id] for one in baselines}) == BASELINES


def test_every_entry_is_counted(ablation, counted):
    assert list(counted) == [one.id for one in ablation.entries]


def test_a_second_count_needs_no_torch(plan, tmp_path):
    made = plan()
    cache = tmp_path / "cache" / "counts.json"
    counts.count(made, root=None, cache=cache)
    line = [sys.executable, "-c", COUNT, "small.toml", str(cache)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_remembered_count_is_the_same(plan, tmp_path):
    made = plan()
    first = counts.count(made, root=None, cache=tmp_path / "counts.json")
    assert counts.count(made, root=None, cache=tmp_path / "counts.json") == first
    assert first[made.trainings()[0].id] == 8096


def test_another_plan_is_counted_anew(plan, tmp_path):
    cache = tmp_path / "counts.json"
    counts.count(plan(), root=None, cache=cache)
    other = plan(sets=["perception.conv3x3.kernel_size=5"])
    wide = other.trainings({"perception": "conv3x3"})[0]
    assert counts.count(other, root=None, cache=cache)[wide.id] > 22_976


@pytest.mark.parametrize("text", ["", "{", "[]", "\udc80"])
def test_a_damaged_cache_is_made_anew(plan, tmp_path, text):
    cache = tmp_path / "counts.json"
    cache.write_text(text, errors="surrogateescape")
    first = counts.count(plan(), root=None, cache=cache)
    assert first in json.loads(cache.read_text()).values()


def test_only_the_latest_plans_are_remembered(plan, tmp_path):
    cache = tmp_path / "counts.json"
    cache.write_text(json.dumps({str(i): {} for i in range(counts.KEPT)}))
    counts.count(plan(), root=None, cache=cache)
    known = list(json.loads(cache.read_text()))
    assert (len(known), known[0]) == (counts.KEPT, "1")


def test_a_cache_that_cannot_be_written_is_no_error(plan, tmp_path):
    (tmp_path / "file").write_text("")
    made = plan()
    found = counts.count(made, root=None, cache=tmp_path / "file" / "counts.json")
    assert found[made.trainings()[0].id] == 8096


def test_a_refusal_names_the_component_and_is_not_remembered(plan, tmp_path):
    cache = tmp_path / "counts.json"
    made = plan(sets=["model.nca.fire_rate=2.0"])
    for _ in range(2):
        with pytest.raises(SuiteError) as caught:
            counts.count(made, root=None, cache=cache)
        assert str(caught.value) == (
            "small.toml:\nmodel.nca: fire_rate must be above 0 and at most 1, not 2.0"
        )
    assert not cache.exists()


def test_few_large_plans_are_remembered_and_the_last_one_whatever_its_size(monkeypatch):
    monkeypatch.setattr(counts, "ENTRIES", 5)
    known = {"old": {"a": 1}, "large": dict.fromkeys("abcd", 1), "last": dict.fromkeys("ab", 1)}
    assert list(counts._latest(known)) == ["last"]
    assert list(counts._latest({"old": {"a": 1}, "last": dict.fromkeys("abcd", 1)})) == [
        "old",
        "last",
    ]
    assert list(counts._latest({"last": dict.fromkeys("abcdefg", 1)})) == ["last"]
