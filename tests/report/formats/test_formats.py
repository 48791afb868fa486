"""The same small table, exactly, in every format."""

import csv
import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from ncabench.report.formats import csv_table, html_page, json_document, markdown, text

CLAIM_LINES = """\
  best: refuted, on X
    b is best (section 1)
    a < b, in x/y; measured on cpu
    against it: a < b
    As printed: holds as printed
"""


def test_text(document):
    assert text.render(document) == (
        "1 printed cell: 0 reproduced.\n"
        "\n"
        "A & B [1]\n"
        "=========\n"
        "Measured on: cpu.\n"
        "PRESET 'smoke', NOT THE PAPER'S SETTING.\n"
        "*: the best_mean.\n"
        "\n"
        "Damage\n"
        "Model    MSE [2]      paper    verdict\n"
        "-------  -----------  -------  ----------------------\n"
        "a_1      0.300 (n=1)  0.25     undecided, needs 7 [5]\n"
        "b [3]    OOM [4]      -        n/c\n"
        "\n"
        "Model    Params.\n"
        "-------  ---------\n"
        "a_1      8,096 *\n"
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
        "- PRESET 'smoke', NOT THE PAPER'S SETTING.\n"
        "- Bold: the best\\_mean.\n\n"
        "**Damage**\n\n"
        "| Model   | MSE \\[2\\]   | paper   | verdict                  |\n"
        "|---------|-------------|---------|--------------------------|\n"
        "| a\\_1    | 0.300 (n=1) | 0.25    | undecided, needs 7 \\[5\\] |\n"
        "| b \\[3\\] | OOM \\[4\\]   | -       | n/c                      |\n\n"
        "| Model   | Params.   |\n"
        "|---------|-----------|\n"
        "| a\\_1    | **8,096** |\n"
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


def test_a_mark_stands_behind_a_best_value_and_not_in_it(document):
    [table] = document.tables
    cell = replace(table.rows[0].cells[0], best=True, marks=(4,))
    rows = (replace(table.rows[0], cells=(cell, table.rows[0].cells[1])),)
    changed = replace(document, tables=(replace(table, rows=rows),))
    assert "| **0.300 (n=1)** \\[4\\] |" in markdown.render(changed)
    assert "0.300 (n=1) * [4]" in text.render(changed)


def test_a_table_without_a_best_value_says_only_why(document):
    [table] = document.tables
    cells = tuple(replace(cell, best=False) for cell in table.rows[0].cells)
    changed = replace(table, rows=(replace(table.rows[0], cells=cells),), ranked="None, since.")
    assert "\nNone, since.\n" in text.render(replace(document, tables=(changed,)))
    assert "\n- None, since.\n" in markdown.render(replace(document, tables=(changed,)))


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
    assert found["unreproduced"] == [{"quantity": "MSE", "cells": 1}]
    assert table["ranked"] == "the best_mean."
    assert found["verdicts"] == {"reproduced": 0, "undecided": 1}
    assert found["findings"] == [{"verdict": "x"}, {}]


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
