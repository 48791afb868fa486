"""Data that stands in for the paper's is loud wherever a number is shown or judged."""

from dataclasses import replace

import pytest

from ncabench.report import captions, claims, lines, obstacles
from ncabench.report.chosen import choose
from ncabench.suite.suite import Claim, Deviation

NAMED = "mnist_5k (substitute for MNIST)"
CLAIM = Claim(
    id="wider",
    statement="wider is better",
    source="nowhere",
    relation="conv3x3 < sobel",
    value="perceptual/before",
)


@pytest.fixture
def elsewhere(plan):
    """The plan on other data, at the paper's own setting."""
    deviation = Deviation(paper="MNIST", here="mnist_5k", why="it is here", substitute=NAMED)
    return replace(plan, suite=replace(plan.suite, preset="paper", deviations=(deviation,)))


def test_it_stands_under_the_tables_title(elsewhere):
    chosen = choose(elsewhere.entries, [])
    table = elsewhere.suite.tables[0]
    found = captions.quality(elsewhere.suite, table=table, chosen=chosen)
    assert f"SUBSTITUTE DATA: {NAMED}." in found


def test_a_value_on_it_does_not_compare(elsewhere):
    table = elsewhere.suite.tables[0]
    where = {"row": table.rows[0], "column": table.columns[0]}
    found = obstacles.of_value(elsewhere.suite, [], **where, metric="LPIPS")
    assert NAMED in found


def test_a_claim_says_that_it_was_judged_on_it(elsewhere):
    suite = replace(elsewhere.suite, claims=(CLAIM,))
    (judged,) = claims.judged(replace(elsewhere, suite=suite), [])
    assert judged.label == f"on ST-LPIPS (substitute for LPIPS) and {NAMED}"


def test_it_stands_over_figures(elsewhere, runs):
    drawn = lines.drawings(elsewhere, runs)
    assert drawn
    assert all(one.title.endswith(f" · {NAMED}") for one in drawn)
