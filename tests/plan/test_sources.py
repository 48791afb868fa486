import hashlib
from pathlib import Path

import pytest

from ncabench import outside
from ncabench.plan import planner, sources
from ncabench.suite import document

SUITES = Path(__file__).parents[2] / "suites"

CODE = 'def f(x):\n    """Double."""\n    return 2 * x\n'


def test_a_comment_or_a_docstring_changes_no_digest():
    edited = '"""A module."""\n' + CODE.replace('"""Double."""', '"""Twice."""  # two')
    assert outside.digest(edited) == outside.digest(CODE)


def test_code_changes_the_digest():
    assert outside.digest(CODE.replace("2 *", "3 *")) != outside.digest(CODE)


def test_a_training_depends_on_its_components_and_what_they_import(plan):
    made = plan()
    found = sources.digests(made.trainings({"perception": "conv3x3"})[0].spec)
    assert {"nca/perception/conv.py", "nca/trainer/rollout.py", "nca/draws.py"} <= found.keys()
    assert "nca/weights.py" in found
    assert "nca/perception/sobel.py" not in found
    assert not any(path.startswith(("plan", "run", "suite")) for path in found)


def test_an_evaluation_depends_on_its_training_and_on_what_measures(plan):
    made = plan()
    training, evaluation = (
        made.trainings()[0],
        made.evaluations(made.trainings()[0].labels[0])[0],
    )
    found = sources.digests(evaluation.spec)
    assert sources.digests(training.spec).items() <= found.items()
    assert {
        "nca/metric/mse.py",
        "nca/protocol/recovery.py",
        "nca/perturbation/disc.py",
    } <= found.keys()


def test_a_profile_of_engines_depends_on_them():
    made = planner.make(document.load(SUITES / "engine.toml", preset="fused"))
    kernels, compiled = "nca/engine/kernels/backward.py", "nca/engine/compiled.py"
    measured = set()
    for one in made.entries:
        found, engines = sources.digests(one.spec), one.spec["profile"]["engines"]
        assert compiled in found
        assert (kernels in found) == ("fused" in engines)
        measured.add("fused" in engines)
    assert measured == {True, False}


@pytest.mark.parametrize("change", [{"nca/draws.py": "0"}, {"nca/gone.py": "0"}])
def test_stale_names_the_files_that_differ(plan, change):
    entry = plan().entries[0]
    recorded = sources.digests(entry.spec)
    assert sources.stale(entry, recorded) == []
    assert sources.stale(entry, recorded | change) == list(change)


def test_a_digest_is_of_the_tree_as_python_3_12_writes_it():
    tree = (
        "Module(body=[FunctionDef(name='f', args=arguments(posonlyargs=[], args=[], "
        "kwonlyargs=[], kw_defaults=[], defaults=[]), body=[Return(value=Constant(value=1))], "
        "decorator_list=[], type_params=[])], type_ignores=[])"
    )
    wanted = hashlib.sha256(tree.encode()).hexdigest()
    assert outside.digest("def f(): return 1") == wanted
