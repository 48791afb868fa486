import re
from dataclasses import replace

from ncabench.report.formats.latex import macros
from ncabench.report.view import CellView, Head, RowView, TableView, VerdictView

EXACT = {"n": 2, "interval_low": 0.1, "interval_high": 0.35}


def macro(view, *, name="s", counts=None, claims=()):
    """Return the value of every key of a file of macros."""
    text = macros.render(name, [("t", view)], counts=counts or {}, claims=claims)
    return dict(re.findall(r"^\\ncabset\{([^{}]*)\}\{(.*)\}$", text, re.MULTILINE))


def table(*cells, labels=None):
    heads = tuple(Head(label="Reg. (%)", group="Damage") for _ in cells[0])
    rows = tuple(
        RowView(label=label, cells=line)
        for label, line in zip(labels or ["U-Net"] * len(cells), cells, strict=True)
    )
    return TableView(id="t", title="T", captions=(), row_head="", heads=heads, rows=rows)


def test_a_cell_has_its_numbers_the_printed_one_and_the_verdict():
    verdict = VerdictView(word="not comparable")
    cell = CellView(
        measured="-0.20 ± 0.14 (n=2)", printed="-95 %", verdict=verdict, exact=EXACT
    )
    key = "s/t/u-net/damage-reg-percent"
    assert macro(table([cell])) == {
        f"{key}/measured": r"$-$0.20 $\pm$ 0.14",
        f"{key}/mean": "$-$0.20",
        f"{key}/sd": "0.14",
        f"{key}/half": "0.12",
        f"{key}/n": "2",
        f"{key}/printed": r"$-$95 \%",
        f"{key}/verdict": "not comparable",
    }


def test_what_failed_has_its_word_and_no_number():
    cell = CellView(measured="OOM (24 GB emulated)", exact={"n": 0})
    found = macro(table([cell]))
    assert {key.rpartition("/")[2]: value for key, value in found.items()} == {
        "measured": "OOM (24 GB emulated)",
        "n": "0",
    }


def test_lost_rng_seeds_stay_beside_the_value():
    cell = CellView(measured="0.10 (1/3 seeds; 2 OOM)", exact={"n": 1})
    found = macro(table([cell]))
    assert found["s/t/u-net/damage-reg-percent/measured"] == "0.10 (1/3 seeds; 2 OOM)"
    assert found["s/t/u-net/damage-reg-percent/mean"] == "0.10"


def test_rows_and_columns_of_one_label_have_numbers():
    cell = CellView(measured="OOM")
    reg = "damage-reg-percent"
    assert list(macro(table([cell, cell], [cell, cell]))) == [
        f"s/t/u-net/{reg}/measured",
        f"s/t/u-net/{reg}-2/measured",
        f"s/t/u-net-2/{reg}/measured",
        f"s/t/u-net-2/{reg}-2/measured",
    ]


def test_verdicts_and_claims_are_counted_and_named_too(document):
    found = macro(
        table([CellView(measured="x")]),
        counts={"not comparable": 7},
        claims=[replace(document.claims[0], id="a_b")],
    )
    assert found["s/cells/not-comparable"] == "7"
    assert found["s/claims/a-b/verdict"] == "refuted"


def test_the_head_is_comment_and_its_example_names_a_key_that_exists():
    text = macros.render("s", [("t", table([CellView(measured="1")]))], counts={}, claims=())
    head = text.split("\n\\providecommand")[0]
    assert all(line.startswith("%") for line in head.splitlines() if line)
    assert r"We measured \ncab{s/t/u-net/damage-reg-percent/measured}." in head
    assert r"\caption{...} \input{tables/t} \input{tables/t-notes}" in head
