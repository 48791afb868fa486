"""A tenth of ten thousand records: what a plan and a report of them may cost at most.

``python tests/scale.py 10000 FOLDER`` measures all of them. Times are of a core, and three
times what they should be, since other work slows a core as well.
"""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

scale = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("scale.py"))))
pytestmark = pytest.mark.clock
ENTRIES = 1000


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("scale")
    scale.index(scale.write(home, entries=ENTRIES)[1])
    return home


def cost(home, *words):
    return scale.measured(*words, scale.SUITE.name, "--results", home / "results", cwd=home)


def test_a_plan_takes_a_tenth_of_two_seconds_besides_what_any_takes(home):
    cost(home, "plan", "--device", "cpu")  # counts the weights, with torch
    busy_s, _, peak_mib = cost(home, "plan", "--device", "cpu")
    assert busy_s < 3 * (0.2 + 0.4)
    assert peak_mib < 200


def test_a_report_takes_little_more_from_the_cache_and_not_much_more_without_it(home):
    (home / "results" / "cache" / "mlflow.json").unlink(missing_ok=True)
    cold_s, _, cold_mib = cost(home, "report")
    warm_s, _, warm_mib = cost(home, "report")
    assert warm_s < cold_s < 3 * (6.0 + 5.0)
    assert warm_s < 3 * (1.0 + 3.0)
    assert max(cold_mib, warm_mib) < 600
