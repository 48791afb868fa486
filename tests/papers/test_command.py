"""`ncabench papers` as it is typed."""

import json
import subprocess
import sys

import pytest

from ncabench.papers import ledger, view

LIGHT = """
import sys
from ncabench.cli import main as cli
sys.argv = ["ncabench", *sys.argv[1:]]
try:
    cli.main()
except SystemExit as ended:
    assert not ended.code, ended.code
print([name for name in ("torch", "mlflow", "scipy", "pandas") if name in sys.modules])
"""


def test_papers_are_listed_with_what_they_print(ncabench):
    code, out, err = ncabench("papers")
    lines = [line.split("\t") for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert lines[0] == ["paper", "version", "tables", "cells", "title"]
    assert [line[0] for line in lines[1:]] == list(ledger.papers())
    assert sum(int(line[3]) for line in lines[1:]) == 1038


def test_a_table_is_printed_as_the_paper_prints_it(ncabench):
    code, out, err = ncabench("papers", "ncatorch", "--table", "4")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "Table 4. CIFAR-10 classified by three automata, early and late "
        "(table 4, section 3.3.2)",
        "\tAcc. (32-64) (%)\tAcc. (300) (%)",
        "Conv 3x3\t43.83\t8.14",
        "Conv 3x3 + SP\t41.11\t46.13",
        "Residual + Dilated 5x5 Conv\t72.98\t54.37",
        "  Acc. (32-64): over steps 32 to 64",
    ]


def test_a_paper_is_printed_table_after_table(ncabench):
    _, out, _ = ncabench("papers", "vitca")
    heads = [line.partition(".")[0] for line in out.splitlines() if line.startswith("Table ")]
    assert heads == [f"Table {number}" for number in range(1, 9)]


def test_numbers_of_the_text_are_printed_by_their_section(ncabench):
    code, out, err = ncabench("papers", "ncatorch", "--table", "section 3.2")
    assert (code, err) == (0, "")
    assert out.splitlines()[0].startswith("Section 3.2. A texture of 168 x 168 px")
    assert out.splitlines()[2:4] == [
        "standard 3x3 convolution\t96.38",
        "Combined perception\t99.88",
    ]


@pytest.mark.parametrize("paper", ledger.papers())
def test_json_has_every_cell_with_its_place_and_number(ncabench, paper):
    code, out, err = ncabench("papers", paper, "--json")
    book, found = ledger.load(paper), json.loads(out)
    expected = [
        (number, row, column, cell.text, cell.value, cell.half_unit)
        for number, rows in book.cells.items()
        for row, cells in rows.items()
        for column, cell in cells.items()
    ]
    keys = ("table", "row", "column", "printed", "value", "half_unit")
    assert (code, err) == (0, "")
    assert [tuple(one[key] for key in keys) for one in found] == expected


def test_a_cell_as_json_says_all_that_is_known_of_it(ncabench):
    _, out, _ = ncabench("papers", "lnca", "--table", "3", "--json")
    assert json.loads(out)[23] == {
        "paper": "lnca",
        "version": "arXiv 2403.15525, revision not stated (not v1)",
        "table": "3",
        "row": "vitca",
        "row_label": "ViTCA",
        "column": "64x64/batch_32",
        "column_label": "Batch size 32",
        "metric": "memory",
        "unit": "GB",
        "printed": "-",
        "value": None,
        "half_unit": None,
        "out_of_memory": True,
        "seeds": "not stated",
        "hardware": "an Nvidia A100 with 80 GB, in a cloud",
        "source": "table 3, section Efficiency Results",
        "note": "highest need, once stable after a warm-up; "
        "a dash: more than the 80 GB of the GPU",
    }


def test_a_check_prints_what_the_numbers_say_of_each_other(ncabench):
    code, out, err = ncabench("papers", "ncatorch", "--check", "--table", "5")
    lines = [line.split("\t") for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert lines[0] == ["paper", "table", "what", "verdict", "finding"]
    assert lines[1] == [
        *("ncatorch", "1, 5", "same", "agrees"),
        "recovery from damage of the 3x3 convolution trained with the pool: "
        "58.74 in table 1 (Conv 3x3, damage: Reg. (%)), table 5 (With SP, Damage Regen. (%))",
    ]
    assert [line[3] for line in lines[2:]] == ["agrees", "holds", "holds", "holds"]


def test_a_check_of_every_paper_as_json_has_every_finding(ncabench):
    _, out, _ = ncabench("papers", "--check", "--json")
    found = json.loads(out)
    assert found == view.findings(None)
    assert {one["paper"] for one in found} == set(ledger.papers())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("vitcaa",),
            "paper: no paper is called 'vitcaa'\n"
            "  accepted: cells2pixels, lnca, ncatorch, vitca\n  did you mean 'vitca'?\n",
        ),
        (
            ("lnca", "--table", "7"),
            "papers.lnca: no table is called '7'\n  accepted: 1, 2, 3, 4, 5, 6\n",
        ),
        (
            ("--table", "1"),
            "--table: a table is one of a paper's, and no paper is named\n"
            "  accepted: cells2pixels, lnca, ncatorch, vitca\n",
        ),
    ],
)
def test_an_unknown_paper_or_table_ends_with_exit_code_2(ncabench, words, message):
    assert ncabench("papers", *words) == (2, "", message)


@pytest.mark.parametrize("words", [["vitca"], ["--check"]], ids=" ".join)
def test_papers_load_nothing_heavy(words):
    line = [sys.executable, "-c", LIGHT, "papers", *words]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[]"
