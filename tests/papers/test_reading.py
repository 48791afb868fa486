"""A paper's files are refused, with what would have been right, before they are believed."""

import pytest

from ncabench.errors import SuiteError
from ncabench.papers import ledger, printed

PAPER = """
title = "Growing"
version = "v1"
seeds = "not stated"
hardware = "a laptop"

[[same]]
what = "one thing"
source = "table 1, twice"
cells = [["1", "a", "before"], ["1", "b", "before"]]

[[statement]]
id = "a-leads"
says = "A is best."
source = "section 1"
table = "1"
columns = ["before"]
rows = []
relation = "a < every other row"
"""
TABLE = """
title = "Scores"
source = "table 1"

[[column]]
name = "before"
label = "Before"
metric = "LPIPS"
unit = ""

[[column]]
name = "final"
label = "After"
metric = "LPIPS"
unit = ""
note = "at the end"

[[column]]
name = "recovery"
label = "Reg."
metric = "LPIPS recovery"
unit = "%"
dash = "out of memory"

[[recovery]]
before = "before"
final = "final"
recovery = "recovery"

[[row]]
name = "a"
label = "A"
cells = ["0.1", "0.2", "-"]

[[row]]
name = "b"
label = "B"
cells = ["0.3", "", "50.0"]
seeds = "three"
note = "of another run"
"""


@pytest.fixture
def folder(tmp_path):
    """Writes a paper with one change in one of its files, and returns its folder."""

    def folder(old="", new="", *, name="table_1.toml"):
        place = tmp_path / "growing"
        place.mkdir(exist_ok=True)
        for file, text in (("paper.toml", PAPER), ("table_1.toml", TABLE)):
            changed = text.replace(old, new, 1) if file == name and old else text
            assert changed != text or file != name or not old
            (place / file).write_text(changed, encoding="utf-8")
        return place

    return folder


def test_a_paper_is_read_as_it_is_written(folder):
    book = ledger.read(folder())
    cell = book.printed("1", "b", "recovery")
    assert (book.paper, book.title, book.version) == ("growing", "Growing", "v1")
    assert (cell.text, cell.unit, cell.seeds, cell.hardware) == (
        "50.0",
        "%",
        "three",
        "a laptop",
    )
    assert (cell.note, cell.source, cell.row_label) == ("of another run", "table 1", "B")
    assert book.printed("1", "a", "final").note == "at the end"
    assert book.printed("1", "a", "recovery").out_of_memory
    assert book.printed("1", "b", "final") is None
    assert book.one("1").notes == ("After: at the end", "B: of another run")


def test_tables_stand_in_the_order_of_their_numbers(folder):
    place = folder()
    for number in ("10", "2"):
        (place / f"table_{number}.toml").write_text(TABLE, encoding="utf-8")
    assert list(ledger.read(place).tables) == ["1", "2", "10"]


def said(place):
    with pytest.raises(SuiteError) as caught:
        ledger.read(place)
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'label = "A"',
            'label = "A"\nnotes = "x"',
            "row[0].notes: no key is called 'notes'\n"
            "  accepted: cells, hardware, label, metric, name, note, seeds, source, unit\n"
            "  did you mean 'note'?",
        ),
        ('label = "A"\n', "", "row[0].label: expected a string that is not empty, found none"),
        (
            'cells = ["0.1", "0.2", "-"]',
            'cells = ["0.1", "0.2"]',
            "row[0].cells: expected 3 cells, one for each column, found 2",
        ),
        (
            'cells = ["0.1", "0.2", "-"]',
            'cells = ["0.1", 0.2, "-"]',
            "row[0].cells: expected a list of strings, found ['0.1', 0.2, '-']",
        ),
        ('name = "b"\n', 'name = "a"\n', "row[1].name: 'a' is already the name of row[0]"),
        (
            'name = "final"\nlabel',
            'name = "before"\nlabel',
            "column[1].name: 'before' is already the name of column[0]\n"
            "recovery[0].final: no column is called 'final'\n"
            "  accepted: before, recovery",
        ),
        (
            'metric = "LPIPS"\n',
            'metric = ""\n',
            "column[0].metric: expected a string that is not empty, found ''",
        ),
        (
            'name = "a"\n',
            'name = "A b"\n',
            "row[0].name: expected a name of a-z, 0-9 and _/.+-, found 'A b'",
        ),
        (
            'metric = "LPIPS recovery"',
            'metric = "accuracy recovery"',
            "recovery[0]: expected columns of 'LPIPS', 'LPIPS' and 'LPIPS recovery', "
            "found 'LPIPS', 'LPIPS' and 'accuracy recovery'",
        ),
        (
            'metric = "LPIPS"\n',
            'metric = "memory"\n',
            "recovery[0].before: expected a column of a metric that can recover, "
            "found 'memory'\n  accepted: L1, LPIPS, MSE, PSNR, SSIM, accuracy",
        ),
    ],
)
def test_a_table_that_is_wrong_is_refused(folder, old, new, message):
    assert said(folder(old, new)) == f"papers/growing/table_1.toml:\n{message}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "version",
            "versions",
            "versions: no key is called 'versions'\n"
            "  accepted: hardware, same, seeds, statement, title, version\n"
            "  did you mean 'version'?\n"
            "version: expected a string that is not empty, found none",
        ),
        (
            '["1", "a", "before"]',
            '["7", "a", "before"]',
            "same[0].cells: no table is called '7'\n  accepted: 1",
        ),
        (
            '["1", "a", "before"]',
            '["1", "c", "befor"]',
            "same[0].cells: no row of table 1 is called 'c'\n  accepted: a, b\n"
            "same[0].cells: no column of table 1 is called 'befor'\n"
            "  accepted: before, final, recovery\n  did you mean 'before'?",
        ),
        (
            '["1", "a", "before"]',
            '["1", "b", "final"]',
            "same[0].cells: 1, b, final holds no number",
        ),
        (
            ', ["1", "b", "before"]]',
            "]",
            "same[0].cells: expected two or more of [table, row, column], "
            "found [['1', 'a', 'before']]",
        ),
        (
            'table = "1"',
            'table = "2"',
            "statement[0].table: no table is called '2'\n  accepted: 1",
        ),
        (
            "a < every other row",
            "a < every other model",
            "statement[0].relation: 'every', 'most' and 'some' speak of row, found 'model'",
        ),
        (
            "a < every other row",
            "a & b < 1",
            "statement[0].relation: expected one row, found 'a & b'",
        ),
        (
            "a < every other row",
            "c < finl of b",
            "statement[0].relation: no column of table 1 is called 'finl'\n"
            "  accepted: before, final, recovery\n  did you mean 'final'?\n"
            "statement[0].relation: no row of table 1 is called 'c'\n  accepted: a, b",
        ),
        (
            "a < every other row",
            "a = b",
            "statement[0].relation: 'a = b': expected <, >, <=, >=, and, or the end, found '='",
        ),
        (
            'columns = ["before"]',
            "columns = []",
            "statement[0].columns: expected one or more strings, found []",
        ),
    ],
)
def test_what_a_paper_is_said_to_say_must_speak_of_its_tables(folder, old, new, message):
    place = folder(old, new, name="paper.toml")
    assert said(place) == f"papers/growing/paper.toml:\n{message}"


def test_a_statement_has_its_own_id(folder):
    again = PAPER[PAPER.index("[[statement]]") :]
    place = folder("[[statement]]", f"{again}\n[[statement]]", name="paper.toml")
    assert said(place) == (
        "papers/growing/paper.toml:\n"
        "statement[1].id: 'a-leads' is already the id of statement[0]"
    )


def test_a_file_that_is_not_toml_is_named(folder):
    place = folder('title = "Scores"', "title = Scores")
    assert said(place).startswith("papers/growing/table_1.toml:\nnot TOML: Invalid value")


def test_a_file_that_nobody_would_read_is_refused(folder):
    place = folder()
    (place / "tabel_2.toml").write_text(TABLE, encoding="utf-8")
    assert said(place) == (
        "papers/growing:\ntabel_2.toml: "
        "expected paper.toml, table_<number>.toml or section_<number>.toml"
    )


def test_numbers_of_a_text_come_after_the_tables_and_are_called_by_their_section(folder):
    place = folder()
    for name in ("section_2.1.toml", "table_10.toml"):
        (place / name).write_text(TABLE, encoding="utf-8")
    book = ledger.read(place)
    assert list(book.tables) == ["1", "10", "section 2.1"]
    assert printed.called(*book.tables) == "tables 1 and 10 and section 2.1"
