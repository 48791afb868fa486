"""One thing printed twice, prose held against its table, and the findings of each paper."""

from collections import Counter

import pytest

from ncabench.errors import SuiteError
from ncabench.interval import Interval
from ncabench.papers import arithmetic, ledger, prose
from ncabench.papers.arithmetic import findings
from ncabench.papers.finding import Finding
from ncabench.papers.printed import Printed, Table
from ncabench.papers.said import Same, Statement
from ncabench.relation import parse

ROWS = {  # name: two columns
    "a": ("0.152", "10"),
    "b": ("0.151", "20"),
    "c": ("0.151", "-"),
    "d": ("0.30", "40"),
}


def table():
    cells = {
        row: {
            column: Printed(text=text, metric="memory")
            for column, text in zip("xy", texts, strict=True)
        }
        for row, texts in ROWS.items()
    }
    heads = {"rows": {row: row.upper() for row in ROWS}, "columns": {"x": "X", "y": "Y"}}
    return Table(number="1", source="table 1", cells=cells, **heads)


def judge(relation, *, columns=("x",), rows=()):
    statement = Statement(
        id="one",
        says="It is so.",
        source="section 2",
        table="1",
        columns=columns,
        rows=rows,
        relation=parse(relation),
    )
    return prose.judge(statement, table())


@pytest.mark.parametrize(
    ("relation", "verdict"),
    [
        ("a > b", "holds"),  # 0.152 rounds from more than 0.151 does
        ("b > a", "contradicted"),
        ("b > c", "within rounding"),
        ("b >= c", "within rounding"),
        ("a < d", "holds"),
        ("d > 1.9 * a", "holds"),
        ("d > 2 * b", "within rounding"),  # 0.295 to 0.305 against 0.301 to 0.303
        ("d > 2.1 * b", "contradicted"),
        ("d - a > 0.1", "holds"),
        ("b < a < d", "holds"),
        ("a < d and b > a", "contradicted"),
        ("d > every other row", "holds"),
        ("a > every other row", "contradicted"),
        ("b < every other row", "within rounding"),
        ("some row > 0.2", "holds"),
        ("some row > 0.4", "contradicted"),
        ("some other row > d", "contradicted"),
        ("most row < 0.2", "holds"),
        ("most row > 0.2", "contradicted"),
        ("y of a < y of b", "holds"),
        ("y of c > 1", "not printed"),
    ],
)
def test_a_relation_is_judged_on_what_the_printed_numbers_may_have_been(relation, verdict):
    assert judge(relation).verdict == verdict


def test_a_contradiction_names_its_rows_columns_and_numbers():
    found = judge("a > every other row", columns=("x", "y"), rows=("b", "d"))
    assert found.text == (
        "It is so; a > d in x: A 0.152, D 0.30; a > b in y: A 10, B 20; a > d in y: A 10, D 40"
    )
    assert (found.rows, found.columns) == (("a", "d", "b"), ("x", "y"))
    assert (found.kind, found.id, found.source) == ("statement", "one", "section 2")


def test_a_row_without_a_number_is_left_out_and_told():
    found = judge("d > every other row", columns=("y",))
    assert (found.verdict, found.text) == ("holds", "It is so; not printed: d > c in y")


def same(*cells):
    book = ledger.Ledger(
        paper="any",
        version="1",
        tables={"1": table()},
        same=(Same(what="one thing", source="twice", cells=cells),),
    )
    [found] = arithmetic.of_ledger(book)
    return found


def test_one_thing_printed_twice_agrees_where_both_may_round_the_same_number():
    found = same(("1", "b", "x"), ("1", "c", "x"))
    assert (found.kind, found.verdict) == ("same", "agrees")
    assert found.text == "one thing: 0.151 in table 1 (B, X), table 1 (C, X)"


def test_one_thing_printed_as_neighbouring_numbers_differs():
    found = same(("1", "a", "x"), ("1", "b", "x"), ("1", "c", "x"))
    assert (found.verdict, found.rows) == ("differs", ("a", "b", "c"))
    assert found.text == (
        "one thing: 0.152 in table 1 (A, X); 0.151 in table 1 (B, X), table 1 (C, X)"
    )


@pytest.mark.parametrize(
    ("paper", "counts"),
    [
        ("cells2pixels", {("statement", "within rounding"): 1}),
        (
            "lnca",
            {
                ("statement", "holds"): 12,
                ("statement", "contradicted"): 4,
                ("statement", "within rounding"): 6,
            },
        ),
        (
            "ncatorch",
            {
                ("recovery", "consistent"): 20,
                ("recovery", "clipped"): 5,
                ("recovery", "impossible"): 1,
                ("shared", "no one score fits"): 2,
                ("shared", "one score fits"): 1,
                ("same", "agrees"): 12,
                ("same", "differs"): 2,
                ("statement", "holds"): 26,
                ("statement", "contradicted"): 1,
            },
        ),
        (
            "vitca",
            {
                ("same", "agrees"): 21,
                ("same", "differs"): 3,
                ("statement", "holds"): 32,
                ("statement", "contradicted"): 7,
                ("statement", "within rounding"): 3,
            },
        ),
    ],
)
def test_each_papers_findings_are_counted(paper, counts):
    assert Counter((one.kind, one.verdict) for one in findings(paper)) == counts


def test_ncatorchs_learned_kernels_recover_worse_than_sobel_against_its_prose():
    [found] = [one for one in findings("ncatorch") if one.verdict == "contradicted"]
    assert (found.rows, found.columns) == (("sobel", "conv3x3"), ("damage/recovery",))
    assert found.text.endswith("in damage/recovery: Sobel 84.92, Conv 3x3 58.74")


def test_vitca_prints_one_configuration_as_two_numbers():
    found = [one for one in findings("vitca", ["5"]) if one.verdict == "differs"]
    texts = ["23.25 in table 5 (3x3, PSNR)", "0.827 in table 5", "0.145 in table 5"]
    assert len(found) == 3
    assert all(text in one.text for text, one in zip(texts, found, strict=True))


def test_findings_can_be_asked_for_some_tables_alone():
    assert {one.tables for one in findings("ncatorch", ["5"])} == {("5",), ("1", "5")}
    assert findings("ncatorch", []) == ()


def test_findings_on_an_unknown_table_are_refused():
    with pytest.raises(SuiteError) as caught:
        findings("vitca", ["9"])
    assert str(caught.value) == (
        "papers.vitca: no table is called '9'\n  accepted: 1, 2, 3, 4, 5, 6, 7, 8, section A.3"
    )


def test_json_has_null_for_an_end_that_is_not_bounded():
    found = Finding(
        kind="recovery",
        verdict="consistent",
        text="so",
        tables=("1",),
        rows=("a",),
        columns=("x",),
        source="table 1",
        interval=Interval(0.25, float("inf")),
    )
    assert found.as_json() == {
        "kind": "recovery",
        "id": "",
        "verdict": "consistent",
        "tables": ["1"],
        "rows": ["a"],
        "columns": ["x"],
        "source": "table 1",
        "text": "so",
        "implied_low": 0.25,
        "implied_high": None,
    }
