"""What `[[figure]]` says, and each message that a wrong one gets, whole."""

import pytest

from ncabench.errors import SuiteError
from ncabench.suite.document import load
from ncabench.suite.figure import FigureLine, FigurePanel
from ncabench.suite.figure_points import places

ROWS = """\
[[table]]
id = "sizes"
title = "Sizes"
row = [
    { label = "Sobel", where = { perception = "sobel" } },
    { label = "Conv", where = { perception = "conv3x3" } },
]
column = [
    { label = "a", value = "parameters" },
    { group = "B", label = "a", value = "parameters" },
]
"""
FIGURE = """\
[[figure]]
id = "by_size"
title = "By size"
table = "sizes"
along = "side (px)"
at = [32, 64]
line = [{ label = "Both", rows = ["Sobel", "Conv"] }]
panel = [{ label = "Memory", columns = ["B a"] }]
"""


def test_a_figure_is_read_with_its_lines_and_panels(write):
    (figure,) = load(write(added=ROWS + FIGURE)).figures
    assert figure.lines == (FigureLine(label="Both", rows=("Sobel", "Conv")),)
    assert figure.panels == (FigurePanel(label="Memory", columns=("B a",)),)
    assert (figure.at, figure.value, figure.scale) == ((32.0, 64.0), "", "log")


def test_points_are_cells_by_rows_or_by_columns_or_by_both(write):
    suite = load(write(added=ROWS + FIGURE))
    (figure,), (table,) = suite.figures, suite.tables
    by_row, by_column = FigureLine(label="", rows=("Sobel", "Conv")), ("a", "B a")
    one_row = FigureLine(label="", rows=("Conv",))
    one, both = (
        FigurePanel(label="", columns=("B a",)),
        FigurePanel(label="", columns=by_column),
    )
    assert places(figure, table, line=by_row, panel=one) == ((0, 1), (1, 1))
    assert places(figure, table, line=one_row, panel=both) == ((1, 0), (1, 1))
    assert places(figure, table, line=by_row, panel=both) == ((0, 0), (1, 1))


def test_a_preset_may_leave_figures_out(write):
    path = write(added=ROWS + FIGURE + "[preset.smoke]\nfigure = []\n")
    assert (len(load(path).figures), load(path, preset="smoke").figures) == (1, ())


WRONG = {
    "no such table": (
        ('table = "sizes"', 'table = "size"'),
        "figure[0].table: no table is called 'size'\n"
        "  accepted: sizes\n"
        "  did you mean 'sizes'?",
    ),
    "no such row": (
        ('["Sobel", "Conv"]', '["Sobel", "Con"]'),
        "figure[0].line[0].rows[1]: table 'sizes' has no row 'Con'\n"
        "  accepted: Conv, Sobel\n"
        "  did you mean 'Conv'?",
    ),
    "no such column": (
        ('["B a"]', '["B b"]'),
        "figure[0].panel[0].columns[0]: table 'sizes' has no column 'B b'\n"
        "  accepted: B a, a\n"
        "  did you mean 'B a'?",
    ),
    "rows that are not as many as places": (
        ("at = [32, 64]", "at = [32, 64, 128]"),
        "figure[0].line[0].rows: expected one row for all points, or 3, found 2",
    ),
    "points that are one cell": (
        ('["Sobel", "Conv"]', '["Conv"]'),
        "figure[0].line[0].rows: has one row, and a panel one column, "
        "so all points would be one cell",
    ),
    "places that do not rise": (
        ("at = [32, 64]", "at = [64, 32]"),
        "figure[0].at: expected rising places, found [64.0, 32.0]",
    ),
    "a place without a logarithm": (
        ("at = [32, 64]", "at = [0, 64]"),
        "figure[0].at: expected more than 0, for the sake of log, found [0.0, 64.0]",
    ),
    "one place": (
        ("at = [32, 64]", "at = [32]"),
        "figure[0].at: expected two or more places, found 1\n"
        "figure[0].line[0].rows: expected one row for all points, or 1, found 2",
    ),
    "no line": (
        ('line = [{ label = "Both", rows = ["Sobel", "Conv"] }]', ""),
        "figure[0].line: a figure needs at least one, and there is none",
    ),
    "an unknown key": (
        ('along = "side (px)"', 'along = "side (px)"\nalogn = "x"'),
        "figure[0].alogn: there is no such key\n"
        "  accepted: along, at, id, scale, table, title, value\n"
        "  did you mean 'along'?",
    ),
    "an unknown scale": (
        ("at = [32, 64]", 'at = [32, 64]\nscale = "lin"'),
        "figure[0].scale: expected Literal['log', 'linear'], found 'lin'\n"
        "  accepted: linear, log\n"
        "  did you mean 'linear'?",
    ),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_a_figure_is_said(write, change, message):
    old, new = change
    assert FIGURE.count(old) == 1
    with pytest.raises(SuiteError) as caught:
        load(write(added=ROWS + FIGURE.replace(old, new)))
    assert str(caught.value).partition("\n")[2] == message


def test_a_name_that_two_rows_have_names_none(write):
    rows = ROWS.replace('label = "Conv"', 'label = "Sobel"')
    figure = FIGURE.replace('["Sobel", "Conv"]', '["Sobel"]').replace('["B a"]', '["a", "B a"]')
    with pytest.raises(SuiteError) as caught:
        load(write(added=rows + figure))
    assert str(caught.value).partition("\n")[2] == (
        "figure[0].line[0].rows[0]: table 'sizes' has 2 rows 'Sobel'"
    )


def test_an_id_stands_once(write):
    with pytest.raises(SuiteError) as caught:
        load(write(added=ROWS + FIGURE + FIGURE))
    assert str(caught.value).partition("\n")[2] == "figure[1].id: 'by_size' stands here twice"
