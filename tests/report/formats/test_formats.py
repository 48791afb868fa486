"""The same small table, exactly, in every format."""

import csv
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ncabench.report.formats import csv_table, html_page, json_document, latex, markdown, text
from ncabench.report.view import (
    CellView,
    ClaimView,
    Document,
    FindingView,
    Head,
    Picture,
    RowView,
    TableView,
    VerdictView,
)

OPEN = VerdictView(word="undecided", reason="one_rng_seed", needs="7", marks=(5,))
TOLD = VerdictView(word="not comparable", reason="preset <x>", told=True)
CLAIM = ClaimView(
    id="best",
    statement="b is best",
    source="section 1",
    word="refuted",
    reason="against it: a < b",
    label="on X",
    compared="a < b, in x/y",
    device="measured on cpu",
    as_printed="holds as printed",
    exact={"comparisons": []},
)
CLAIM_LINES = """\
  best: refuted, on X
    b is best (section 1)
    a < b, in x/y; measured on cpu
    against it: a < b
    As printed: holds as printed
"""


@pytest.fixture
def document():
    exact = {"mean": 0.1 + 0.2, "sd": None, "values": [0.30000000000000004], "failed": {}}
    table = TableView(
        id="t",
        title="A & B",
        captions=("Measured on: cpu.", "PRESET 'smoke', NOT THE PAPER'S SETTING."),
        row_head="Model",
        heads=(
            Head(label="MSE", group="Damage", paired=True, judged=True, marks=(2,)),
            Head(label="Params."),
        ),
        rows=(
            RowView(
                label="a_1",
                cells=(
                    CellView(measured="0.300 (n=1)", printed="0.25", verdict=OPEN, exact=exact),
                    CellView(measured="8,096"),
                ),
            ),
            RowView(
                label="b",
                marks=(3,),
                cells=(
                    CellView(measured="OOM", printed="-", verdict=TOLD, marks=(4,)),
                    CellView(measured="not run"),
                ),
            ),
        ),
        notes=("all", "50 % of it", "b only", "OOM: too | big", "Undecided: one_rng_seed."),
        marks=(1,),
    )
    picture = Picture(caption="a <curve>", path=Path("figures/x.png"), data=b"png")
    return Document(
        title="A & B",
        tables=(table,),
        summary=("1 printed cell: 0 reproduced.",),
        counts={"reproduced": 0, "undecided": 1},
        claims=(CLAIM,),
        findings=(
            FindingView(text="table 1: 2 > 1", kind="contradicted", exact={"verdict": "x"}),
            FindingView(text="unsaid", kind="recoveries consistent", notable=False),
        ),
        figures=(picture,),
        filmstrips=(picture,),
    )


def test_text(document):
    assert text.render(document) == (
        "1 printed cell: 0 reproduced.\n"
        "\n"
        "A & B [1]\n"
        "=========\n"
        "Measured on: cpu.\n"
        "PRESET 'smoke', NOT THE PAPER'S SETTING.\n"
        "\n"
        "Damage\n"
        "Model    MSE [2]      paper    verdict\n"
        "-------  -----------  -------  ----------------------\n"
        "a_1      0.300 (n=1)  0.25     undecided, needs 7 [5]\n"
        "b [3]    OOM [4]      -        n/c\n"
        "\n"
        "Model    Params.\n"
        "-------  ---------\n"
        "a_1      8,096\n"
        "b [3]    not run\n"
        "\n"
        "[1] all\n"
        "[2] 50 % of it\n"
        "[3] b only\n"
        "[4] OOM: too | big\n"
        "[5] Undecided: one_rng_seed.\n"
        "\n"
        "Claims of the paper\n"
        f"{CLAIM_LINES}"
        "\n"
        "The paper's own arithmetic\n"
        "  table 1: 2 > 1\n"
        "  Besides: 1 recoveries consistent.\n"
    )


def test_markdown(document):
    assert markdown.render(document) == (
        "# A & B\n\n"
        "- 1 printed cell: 0 reproduced.\n\n"
        "## A & B \\[1\\]\n\n"
        "- Measured on: cpu.\n"
        "- PRESET 'smoke', NOT THE PAPER'S SETTING.\n\n"
        "**Damage**\n\n"
        "| Model   | MSE \\[2\\]   | paper   | verdict                  |\n"
        "|---------|-------------|---------|--------------------------|\n"
        "| a\\_1    | 0.300 (n=1) | 0.25    | undecided, needs 7 \\[5\\] |\n"
        "| b \\[3\\] | OOM \\[4\\]   | -       | n/c                      |\n\n"
        "| Model   | Params.   |\n"
        "|---------|-----------|\n"
        "| a\\_1    | 8,096     |\n"
        "| b \\[3\\] | not run   |\n\n"
        "- \\[1\\] all\n"
        "- \\[2\\] 50 % of it\n"
        "- \\[3\\] b only\n"
        "- \\[4\\] OOM: too \\| big\n"
        "- \\[5\\] Undecided: one\\_rng\\_seed.\n\n"
        "## Claims of the paper\n\n"
        "- **best: refuted, on X**\n"
        "  - b is best (section 1)\n"
        "  - a \\< b, in x/y; measured on cpu\n"
        "  - against it: a \\< b\n"
        "  - As printed: holds as printed\n\n"
        "## The paper's own arithmetic\n\n"
        "- table 1: 2 \\> 1\n"
        "- Besides: 1 recoveries consistent.\n\n"
        "## Figures\n\n![a \\<curve\\>](figures/x.png)\n\n"
        "## Filmstrips\n\n![a \\<curve\\>](figures/x.png)\n"
    )


def test_csv_has_a_line_for_each_cell_in_full_precision(document):
    assert csv_table.render(document) == (
        "table,row,group,column,measured,notes,mean,sd,values,failed\n"
        't,a_1,Damage,MSE,0.300 (n=1),"[1, 2, 5]",0.30000000000000004,,[0.30000000000000004],\n'
        't,a_1,,Params.,"8,096",[1],,,,\n'
        't,b,Damage,MSE,OOM,"[1, 2, 3, 4]",,,,\n'
        't,b,,Params.,not run,"[1, 3]",,,,\n'
    )


def test_csv_reads_back_to_the_same_bits(document):
    line = next(csv.DictReader(csv_table.render(document).splitlines()))
    assert float(line["mean"]) == 0.1 + 0.2


def test_json_keeps_numbers_and_nulls(document):
    found = json.loads(json_document.render(document))
    table = found["tables"][0]
    assert table["rows"][0]["cells"][0] == {
        "measured": "0.300 (n=1)",
        "notes": [5],
        "mean": 0.1 + 0.2,
        "sd": None,
        "values": [0.1 + 0.2],
        "failed": {},
    }
    assert (table["title_notes"], table["columns"][0]["notes"]) == ([1], [2])
    assert found["claims"][0] == {
        "id": "best",
        "word": "refuted",
        "reason": "against it: a < b",
        "label": "on X",
        "statement": "b is best",
        "source": "section 1",
        "comparisons": [],
    }
    assert found["verdicts"] == {"reproduced": 0, "undecided": 1}
    assert found["findings"] == [{"verdict": "x"}, {}]


def test_latex(document):
    lines = latex.render(document).splitlines()
    assert lines[:2] == [r"\noindent 1 printed cell: 0 reproduced.", ""]
    assert lines[2:20] == [
        r"\begin{table}[htbp]",
        r"\centering",
        r"\caption{A \& B\textsuperscript{1} Measured on: cpu. "
        r"PRESET 'smoke', NOT THE PAPER'S SETTING.}",
        r"\label{tab:t}\par\vspace{1ex}",
        r"\begin{tabular}{@{}lr@{\quad}rr@{}}",
        r"\toprule",
        r" & \multicolumn{2}{c}{Damage} & \multicolumn{1}{c}{} \\",
        r"\cmidrule(lr){2-3}",
        r"Model & \multicolumn{1}{c}{\shortstack{MSE\textsuperscript{2}}} & "
        r"\multicolumn{1}{c}{paper} & \multicolumn{1}{c}{\shortstack{Params.}} \\",
        r"\midrule",
        r"a\_1 & 0.300 (n=1) & 0.25\,?$_{7}$\textsuperscript{5} & 8,096 \\",
        r"b\textsuperscript{3} & OOM\textsuperscript{4} & -\,n/c & not run \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\par",
        r"\begin{minipage}{\linewidth}\footnotesize\raggedright\vspace{1ex}",
        r"After the paper's values: ? undecided, n/c not comparable, "
        r"below it the rng\_seeds that would decide.\par",
        r"\textsuperscript{1} all\par",
    ]


def test_every_odd_character_is_escaped_for_latex():
    odd = '\\~^<>|[]"&%$#_{}\u00b1\u2013\u00b5\u2265\u00e9\u4e2d\u0105\u00a0x'
    assert re.fullmatch(r"[\x20-\x7e\u00e9]*", latex.escaped(odd))
    assert latex.escaped("\u00e9\u0105\u4e2d") == "\u00e9a?"


def test_the_latex_compiles_wherever_there_is_a_pdflatex(document, tmp_path):
    odd = RowView(
        label='\\~^<>|[]"&%$#_{}\u00b1\u2013\u00e9\u4e2d',
        cells=document.tables[0].rows[0].cells,
    )
    table = document.tables[0]
    whole = TableView(**{**vars(table), "rows": (*table.rows, odd), "heads": table.heads})
    source = latex.standalone(latex.render(replace(document, tables=(whole,))))
    (tmp_path / "x.tex").write_text(source, encoding="utf-8")
    assert source.count(r"\begin{") == source.count(r"\end{")
    if tex := shutil.which("pdflatex"):
        command = [tex, "-interaction=nonstopmode", "-halt-on-error", "x.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]


class Page(HTMLParser):
    """Collects a page's cells, loud lines, images and links."""

    void = ("meta", "img", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, dict]] = []

    def handle_starttag(self, tag, attrs):
        self.attributes.append((tag, dict(attrs)))
        self.open += [] if tag in self.void else [tag]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def page(document):
    parser = Page()
    parser.feed(html_page.render(document))
    return parser


def test_the_page_is_well_formed_and_every_mark_leads_to_its_footnote(page):
    ids = {given["id"] for _, given in page.attributes if "id" in given}
    links = [given["href"] for tag, given in page.attributes if tag == "a"]
    assert page.open == []
    assert links == [f"#t-note-{number}" for number in (1, 2, 5, 3, 4)]
    assert {link.removeprefix("#") for link in links} == ids


def test_the_page_holds_its_figures_and_links_its_filmstrips(page):
    sources = [given["src"] for tag, given in page.attributes if tag == "img"]
    assert sources == ["data:image/png;base64,cG5n", "figures/x.png"]


def test_a_preset_is_loud_on_the_page(document):
    html = html_page.render(document)
    assert '<li class="loud">PRESET &#x27;smoke&#x27;' in html
    assert "<li>Measured on: cpu.</li>" in html
    assert '<td>OOM<sup><a href="#t-note-4">4</a></sup></td><td class="paper">-</td>' in html


def test_a_verdict_on_the_page_is_a_word_with_its_reason_not_a_colour_alone(document):
    html = html_page.render(document)
    assert (
        '<td class="verdict undecided"><span title="undecided: one_rng_seed">'
        'undecided, needs 7</span><sup><a href="#t-note-5">5</a></sup></td>'
    ) in html
    assert '<span title="not comparable: preset &lt;x&gt;">n/c</span>' in html
    assert '<li><b class="refuted">best: refuted, on X</b><br>b is best (section 1)<br>' in html
