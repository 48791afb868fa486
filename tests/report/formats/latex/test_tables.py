from dataclasses import replace

import pytest

from ncabench.report.formats.latex import tables
from ncabench.report.view import SPREAD, CellView, Head, RowView, TableView, VerdictView


def table(*columns, groups=(), labels=None, **given):
    """Return a table of columns of measured texts."""
    names = labels or [f"r{at}" for at in range(len(columns[0]))]
    heads = [
        Head(label=f"h{at}", group=groups[at] if groups else "") for at in range(len(columns))
    ]
    rows = [
        RowView(label=name, cells=tuple(CellView(measured=one[at]) for one in columns))
        for at, name in enumerate(names)
    ]
    plain = {"id": "t", "title": "T", "captions": (), "row_head": "Row"}
    return TableView(**{**plain, "heads": tuple(heads), "rows": tuple(rows), **given})


def panels(view):
    return [part.split("\n") for part in tables.body(view).split("\n\\par\\medskip\n")]


def test_a_body_is_a_booktabs_table_with_signs_behind_the_papers_values(document):
    [found] = panels(document.tables[0])
    assert found == [
        r"\ncabfit{%",
        r"\begin{tabular}{@{}lr@{}lr@{}lc@{}}",
        r"\toprule",
        r" & \multicolumn{4}{c}{Damage} &  \\",
        r"\cmidrule(lr){2-5}",
        r"Model & \multicolumn{2}{c}{MSE\textsuperscript{2}} & "
        r"\multicolumn{2}{c}{paper} & Params. \\",
        r"\midrule",
        r"a\_1 & 0.300 & ~(n=1) & 0.25 & \,?$_{7}$\textsuperscript{5} & \ncabbest{8,096} \\",
        r"b\textsuperscript{3} & \multicolumn{2}{c}{OOM\textsuperscript{4}} & "
        r"\multicolumn{2}{c}{-\,n/c} & not run \\",
        r"\bottomrule",
        r"\end{tabular}}",
    ]


def test_the_caption_says_what_stands_behind_plus_or_minus_and_how_many_rng_seeds():
    view = table(
        ["1.0 ± 0.1 (n=3)", "2.0 ± 0.1 (n=3)", "3.0 (n=1)"], marks=(1, 2), captions=(SPREAD,)
    )
    assert tables.caption(view) == (
        r"T\textsuperscript{1,2}. Mean $\pm$ standard deviation over rng\_seeds (ddof 1). "
        r"$n = 3$ rng\_seeds, unless a cell says otherwise."
    )
    assert r"3.0\phantom{\,$\pm$\,0.1} & ~(n=1) \\" in tables.body(view)
    assert "n=3" not in tables.body(view)


def test_what_is_no_number_of_rng_seeds_stays_in_the_cells():
    view = table(["1.5 (n=2)", "2.5 (n=2)"])
    assert tables.caption(view) == "T."
    assert tables.body(view).count("& ~(n=2)") == 2


def test_a_wide_table_is_divided_where_groups_end():
    wide = ["x" * 30]
    found = panels(table(wide, wide, wide, wide, groups=("A", "A", "B", "B")))
    assert [lines[3] for lines in found] == [
        r" & \multicolumn{2}{c}{A} \\",
        r" & \multicolumn{2}{c}{B} \\",
    ]
    assert all(lines[7].startswith("r0 & xxx") for lines in found)


def test_a_group_that_is_too_wide_is_divided_with_its_head_on_both():
    found = panels(table(*[["x" * 30]] * 4, groups=("A",) * 4))
    heads = [lines[3] for lines in found]
    assert heads == [r" & \multicolumn{3}{c}{A} \\", r" & A \\"]


def test_a_printed_value_stays_beside_the_measured_one():
    cell = CellView(measured="x" * 50, printed="0.5")
    head = Head(label="h", paired=True)
    row = RowView(label="r", cells=(cell,) * 3)
    view = replace(table(["x"]), heads=(head,) * 3, rows=(row,))
    assert [lines[5].count("0.5") for lines in panels(view)] == [1, 1, 1]


def test_a_long_table_is_divided_into_parts_of_one_length_with_heads_on_each():
    found = panels(table([str(at) for at in range(80)]))
    rows = [[line for line in lines if line.startswith("r")] for lines in found]
    assert [len(one) for one in rows] == [26, 27, 27]
    assert all(lines[3] == r"Row & h0 \\" for lines in found)
    assert rows[1][0].startswith("r26 &")


def test_a_long_label_is_broken_and_its_marks_stand_at_its_end():
    view = table(["1"], labels=["a label of more than thirty-four letters"])
    row = replace(view.rows[0], marks=(2,))
    assert (
        r"\begin{tabular}[t]{@{}l@{}}a label of more than thirty-four\\"
        r"~~letters\textsuperscript{2}\end{tabular} & 1"
    ) in tables.body(replace(view, rows=(row,)))


def test_the_notes_have_conditions_what_bold_means_signs_and_footnotes(document):
    view = replace(document.tables[0], captions=("PRESET 'a_b'.", SPREAD))
    assert tables.notes(view).split("\n") == [
        r"{\footnotesize\raggedright\setlength{\parindent}{0pt}%",
        r"PRESET 'a\_b'.\par",
        r"Bold: the best\_mean.\par",
        r"After the paper's values: ? undecided, n/c not comparable, "
        r"below it the rng\_seeds that would decide.\par",
        r"\textsuperscript{1} all\par",
        r"\textsuperscript{2} 50 \% of it\par",
        r"\textsuperscript{3} b only\par",
        r"\textsuperscript{4} OOM: too $|$ big\par",
        r"\textsuperscript{5} Undecided: one\_rng\_seed.\par",
        "}",
    ]


@pytest.mark.parametrize(
    ("verdict", "sign"),
    [
        (VerdictView(word="differs"), r"0.5 & \,$\neq$"),
        (VerdictView(word="reproduced", ratio="2 for 3"), r"0.5 & \,= {\scriptsize (2 for 3)}"),
        (VerdictView(word="undecided", needs="12"), r"0.5 & \,?$_{12}$"),
    ],
)
def test_a_sign_has_the_ratio_or_the_rng_seeds_that_it_is_about(verdict, sign):
    cell = CellView(measured="1", printed="0.5", verdict=verdict)
    head = Head(label="h", paired=True)
    view = replace(table(["1"]), heads=(head,), rows=(RowView(label="r", cells=(cell,)),))
    assert rf"r & 1 & {sign} \\" in tables.body(view)


@pytest.mark.parametrize(
    ("label", "head"),
    [
        ("SSIM", "SSIM"),
        ("Batch PSNR of the answer", r"\shortstack{Batch PSNR of the\\answer}"),
        (
            "MSE, photo_tiles (substitute for CelebA), "
            "the VAE's loss (substitute for VGG-19's)",
            r"\shortstack{MSE, photo\_tiles\\(substitute for CelebA),\\"
            r"the VAE's loss\\(substitute for VGG-19's)}",
        ),
    ],
)
def test_a_head_is_broken_and_a_very_long_one_later(label, head):
    view = replace(table(["1"]), heads=(Head(label=label),))
    assert f"Row & {head} \\\\" in tables.body(view)
