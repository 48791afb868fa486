import pytest

from ncabench.errors import SuiteError
from ncabench.papers import ledger
from ncabench.papers.ledger import Printed
from ncabench.papers.printed import Table

CELLS = {  # paper: printed cells of each of its tables
    "cells2pixels": {"1": 48},
    "lnca": {"1": 25, "2": 25, "3": 45, "4": 45, "5": 45, "6": 45},
    "ncatorch": {
        **dict(zip("123456", (108, 30, 15, 6, 4, 20), strict=True)),
        "section 3.2": 2,
        "section A.5": 4,
    },
    "vitca": {
        **dict(zip("12345678", (240, 128, 78, 56, 9, 24, 24, 6), strict=True)),
        "section A.3": 6,
    },
}


@pytest.mark.parametrize(
    ("text", "value", "half_unit"),
    [
        ("0.152", 0.152, 0.0005),
        ("100", 100.0, 0.5),
        ("-196.18", -196.18, 0.005),
        ("+12.3", 12.3, 0.05),
        ("8k", 8000.0, 500.0),
        ("92.5K", 92500.0, 50.0),
        ("1.5M", 1.5e6, 5e4),
        ("2,768,772", 2768772.0, 0.5),
        ("1e-3", 0.001, 0.0005),
        ("2.5e3", 2500.0, 50.0),
        ("-", None, None),
        ("OOM", None, None),
        ("~40k", None, None),
        ("32+4", None, None),
        ("96^2", None, None),
        ("32-96", None, None),
        ("256x256", None, None),
    ],
)
def test_a_printed_string_has_a_value_and_a_rounding(text, value, half_unit):
    cell = Printed(text=text, metric="any")
    assert (cell.value, cell.half_unit) == (value, half_unit)


@pytest.mark.parametrize(
    ("metric", "text", "low", "high"),
    [
        ("LPIPS", "0.152", 0.1515, 0.1525),
        ("parameters", "8k", 7500.0, 8500.0),
        ("parameters", "19,376", 19376.0, 19376.0),
        ("steps", "64", 64.0, 64.0),
        ("memory", "64", 63.5, 64.5),
    ],
)
def test_a_cell_stands_for_all_that_rounds_to_it_and_a_whole_count_for_itself(
    metric, text, low, high
):
    found = Printed(text=text, metric=metric).interval
    assert (float(found.low), float(found.high)) == (low, high)


@pytest.mark.parametrize(
    ("text", "dash", "told"),
    [
        ("OOM", "", True),
        ("Out of Memory", "", True),
        ("-", "out of memory", True),
        ("-", "", False),
        ("8.7", "out of memory", False),
        ("N/A", "", False),
    ],
)
def test_out_of_memory_is_a_word_or_a_dash_that_means_it(text, dash, told):
    assert Printed(text=text, metric="memory", dash=dash).out_of_memory is told


def test_every_paper_has_all_its_cells():
    found = {
        paper: {
            number: sum(map(len, rows.values()))
            for number, rows in ledger.load(paper).cells.items()
        }
        for paper in ledger.papers()
    }
    assert found == CELLS
    assert sum(sum(tables.values()) for tables in found.values()) == 1038


@pytest.mark.parametrize(
    ("paper", "out_of_memory"),
    [("cells2pixels", 0), ("lnca", 10), ("ncatorch", 8), ("vitca", 0)],
)
def test_every_cell_is_a_number_or_a_known_word(paper, out_of_memory):
    tables = ledger.load(paper).cells.values()
    cells = [cell for rows in tables for row in rows.values() for cell in row.values()]
    words = {cell.text for cell in cells if cell.value is None and cell.metric != "setting"}
    sizes = {text for text in words if "^" in text or text[0].isdigit()}
    assert words - sizes <= {"-", "N/A", "Out of Memory"}
    assert sum(cell.out_of_memory for cell in cells) == out_of_memory


def test_table_1_has_twelve_rows_of_nine_cells_in_the_papers_order():
    rows = ledger.load("ncatorch").cells["1"]
    first, last = list(rows)[:4], list(rows)[-3:]
    assert first == ["sobel", "conv3x3", "unet_25k", "gan_25k"]
    assert last == ["gan_69k", "combined", "attention3x3"]
    assert (len(rows), {len(row) for row in rows.values()}) == (12, {9})


def test_the_combined_perception_has_the_papers_best_row():
    row = ledger.load("ncatorch").cells["1"]["combined"]
    texts = " ".join(cell.text for cell in row.values())
    assert texts == "0.003 0.001 0.005 98.32 0.003 0.001 0.003 99.64 71k"


def test_the_sums_of_table_1s_columns_are_those_of_the_paper():
    rows = ledger.load("ncatorch").cells["1"].values()
    sums = {
        column: round(sum(row[column].value or 0.0 for row in rows), 3)
        for column in ("damage/stage_1", "damage/stage_3", "mutation/recovery", "parameters")
    }
    assert sums == {
        "damage/stage_1": 0.301,
        "damage/stage_3": 0.569,
        "mutation/recovery": 1180.01,
        "parameters": 536000.0,
    }


def test_table_5_prints_the_pools_recoveries():
    book = ledger.load("ncatorch")
    texts = [
        book.printed("5", row, f"{what}/recovery").text
        for row in ("without_sp", "with_sp")
        for what in ("damage", "mutation")
    ]
    assert texts == ["-196.18", "-125.05", "58.74", "95.75"]


def test_a_dash_is_a_printed_cell_without_a_value():
    cell = ledger.load("ncatorch").printed("1", "unet_25k", "damage/stage_1")
    assert (cell.text, cell.value, cell.metric) == ("-", None, "LPIPS")
    assert not cell.out_of_memory


def test_a_cell_knows_its_heads_its_source_and_its_machine():
    cell = ledger.load("lnca").printed("3", "vitca", "64x64/batch_32")
    assert (cell.row_label, cell.column_label) == ("ViTCA", "Batch size 32")
    assert cell.source == "table 3, section Efficiency Results"
    assert cell.hardware == "an Nvidia A100 with 80 GB, in a cloud"
    assert "a dash: more than the 80 GB" in cell.note
    assert cell.out_of_memory


def test_a_rows_own_word_wins_over_its_columns():
    row = ledger.load("cells2pixels").table("1")["nca_parameters"]
    assert {cell.metric for cell in row.values()} == {"parameters"}


def test_a_row_that_is_printed_elsewhere_says_where():
    book = ledger.load("vitca")
    assert book.printed("4", "pool/4096", "psnr").source == "table 4, appendix A.2"
    assert "separate appendix" in book.printed("4", "pool/8192", "psnr").source


def test_a_cell_that_the_table_leaves_empty_is_none():
    heads = {"rows": {"a": "A", "b": "B"}, "columns": {"x": "X"}}
    cells = {"a": {"x": Printed(text="1", metric="m")}, "b": {}}
    table = Table(number="9", cells=cells, **heads)
    book = ledger.Ledger(paper="any", version="1", tables={"9": table})
    assert book.printed("9", "b", "x") is None
    assert book.printed("9", "a", "x").text == "1"


def test_a_head_that_stands_twice_is_told_apart():
    table = ledger.load("ncatorch").one("1")
    assert table.row_head("sobel") == "Sobel"
    assert table.row_head("unet_44k") == "U-Net [unet_44k]"
    assert table.column_head("mutation/recovery") == "mutation: Reg. (%)"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (
            ("7", "sobel", "parameters"),
            "papers.ncatorch: no table is called '7'\n"
            "  accepted: 1, 2, 3, 4, 5, 6, section 3.2, section A.5",
        ),
        (
            ("5", "with_ps", "damage/recovery"),
            "papers.ncatorch.5: no row is called 'with_ps'\n"
            "  accepted: with_sp, without_sp\n  did you mean 'with_sp'?",
        ),
        (
            ("5", "with_sp", "damage/recovry"),
            "papers.ncatorch.5: no column is called 'damage/recovry'\n"
            "  accepted: damage/recovery, mutation/recovery\n"
            "  did you mean 'damage/recovery'?",
        ),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest(key, message):
    with pytest.raises(SuiteError) as caught:
        ledger.load("ncatorch").printed(*key)
    assert str(caught.value) == message


def test_an_unknown_paper_is_named_with_the_nearest():
    with pytest.raises(SuiteError) as caught:
        ledger.load("ncatroch")
    assert str(caught.value) == (
        "paper: no paper is called 'ncatroch'\n"
        "  accepted: cells2pixels, lnca, ncatorch, vitca\n"
        "  did you mean 'ncatorch'?"
    )
