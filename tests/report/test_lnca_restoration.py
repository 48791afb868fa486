"""LNCA's tables 1 and 2: every printed cell stands in a suite, and what cells say of claims."""

from pathlib import Path

import pytest

from ncabench.papers import ledger
from ncabench.plan import planner
from ncabench.report.as_printed import as_printed
from ncabench.report.contexts import expand
from ncabench.suite import document

SUITES = Path(__file__).parents[2] / "suites"
TABLES = {"1": "lnca_denoising", "2": "lnca_deblurring"}
CONTRADICTED = {
    "classical-best": "contradicted by the paper's own table 1 "
    "(tiny_imagenet: ViTCA 0.852 > NAFNet 0.837)",
    "vitca-third": "contradicted by the paper's own table 1 "
    "(sid: LatentNAFCA 0.652 > ViTCA 0.647)",
}


def made(number):
    return planner.make(document.load(SUITES / f"{TABLES[number]}.toml", preset="paper"))


def claims(number):
    plan = made(number)
    return {one.id: as_printed(plan.suite, expand(plan, one)) for one in plan.suite.claims}


@pytest.mark.parametrize("number", TABLES)
def test_every_printed_cell_is_joined_and_nothing_else(number):
    rows = ledger.load("lnca").cells[number]
    printed = {(row, column) for row, cells in rows.items() for column in cells}
    found = {
        (row.printed, column.printed)
        for table in made(number).suite.tables
        for row in table.rows
        for column in table.columns
        if table.paper_table == number and row.printed and column.printed
    }
    assert found == printed
    assert len(found) == 25


def test_two_sentences_on_denoising_are_not_what_the_table_has():
    found = claims("1")
    unlike = {name: one.text for name, one in found.items() if one.word == "contradicted"}
    assert unlike == CONTRADICTED


def test_the_other_sentences_hold_as_printed_but_for_what_is_not_printed():
    words = {
        f"{number}/{name}": one.word
        for number in TABLES
        for name, one in claims(number).items()
    }
    left = {name: word for name, word in words.items() if word not in ("holds", "contradicted")}
    assert left == {f"{number}/latent-models-restore": "not printed" for number in TABLES}
    assert list(words.values()).count("holds") == 8
