"""The document and its files; what pdflatex makes of them, where there is one."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from ncabench.plan import planner
from ncabench.report import tables, writer
from ncabench.report.formats.latex import document as latex
from ncabench.report.judged import judged
from ncabench.report.view import CellView, Document, Head, RowView, TableView
from ncabench.suite import document as suites

SUITES = sorted((Path(__file__).parents[4] / "suites").glob("*.toml"))

ODD = '*\\~^<>|[]"&%$#_{}'
ODD += "\u00b1\u2013\u00b5\u2265\u2192\u00d7\u00b2\u03c3\u00a0\u00e9\u4e2d\u0105\u2026\u2248"
ODD += "\u00df\u00f8\u0142\u0153"
needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex")


@pytest.fixture
def costs():
    row = RowView(label="nca", cells=(CellView(measured="0.123 (0.010)"),))
    heads = (Head(label="ms/step"),)
    return TableView(
        id="cost", title="Cost", captions=(), row_head="E", heads=heads, rows=(row,)
    )


@pytest.fixture
def odd(document):
    """The document with every odd character wherever a suite can put one."""
    [table] = document.tables
    row = replace(table.rows[0], label=ODD)
    head = replace(table.heads[0], label=ODD, group=ODD)
    changed = replace(
        table,
        title=ODD,
        captions=(ODD,),
        heads=(head, table.heads[1]),
        rows=(row, *table.rows),
        notes=(ODD, *table.notes[1:]),
    )
    return replace(document, title=ODD, summary=(ODD,), tables=(changed,))


def compiled(files, folder: Path, *, name: str = "tables.tex"):
    """Write files, run pdflatex on one of them, and return what it told."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", name]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)
    return done.returncode, done.stdout.decode(errors="replace")


def sticking_out(told: str) -> list[str]:
    """Return the boxes that are too wide by 2 pt or more, as pdflatex tells of them."""
    return re.findall(r"Overfull \\hbox \((?!0\.|1\.)[^)]*\)", told)


def paper(body: str) -> str:
    head = "\\documentclass{article}\n\\usepackage{booktabs,graphicx}\n\\input{macros}\n"
    return f"{head}\\begin{{document}}\n{body}\n\\end{{document}}\n"


def test_a_report_is_a_document_its_macros_and_two_files_for_each_table(document, costs):
    names = [path.as_posix() for path in latex.files(document, costs, name="s")]
    assert names == [
        *("tables.tex", "macros.tex", "tables/t.tex", "tables/cost.tex"),
        *("tables/t-notes.tex", "tables/cost-notes.tex"),
    ]


def test_the_document_begins_with_its_summary_as_a_comment_and_then_as_text(document, costs):
    whole = latex.files(document, costs, name="s")[Path("tables.tex")]
    assert whole.splitlines()[:2] == [
        "% 1 printed cell: 0 reproduced.",
        "% pdflatex tables.tex, twice",
    ]
    body = whole.split("\\begin{document}\n")[1].splitlines()
    assert body[:2] == [r"\section*{A \& B}", r"1 printed cell: 0 reproduced.\par"]


def test_a_suites_table_that_is_called_cost_does_not_hide_the_costs(document, costs):
    named = replace(document, tables=(replace(document.tables[0], id="cost"),))
    files = latex.files(named, costs, name="s")
    assert "0.123" in files[Path("tables/cost-2.tex")]
    assert r"\bodyandnotes{tables/cost-2}" in files[Path("tables.tex")]


def test_claims_and_the_papers_arithmetic_follow_the_tables(document, costs):
    whole = latex.files(document, costs, name="s")[Path("tables.tex")]
    places = [
        whole.index(part)
        for part in (
            r"\bodyandnotes{tables/t}",
            r"\item \textbf{best: refuted, on X.}\newline",
            "a $<$ b, in x/y; measured on cpu",
            r"\item table 1: 2 $>$ 1",
            r"\bodyandnotes{tables/cost}",
        )
    ]
    assert places == sorted(places)


@needs_tex
def test_it_compiles_with_every_odd_character_and_nothing_sticks_out(odd, costs, tmp_path):
    code, told = compiled(latex.files(odd, costs, name="s"), tmp_path)
    assert code == 0, told[-2000:]
    assert "Missing character" not in told
    assert sticking_out(told) == []


@needs_tex
def test_a_paper_takes_a_table_and_a_number(document, costs, tmp_path):
    files = latex.files(document, costs, name="s")
    body = (
        "\\begin{table}\\caption{Ours: \\ncab{s/t/a-1/params/measured}}\n"
        "\\input{tables/t}\\input{tables/t-notes}\\end{table}\n"
        "\\edef\\x{\\ncab{s/t/a-1/damage-mse/printed}}\\typeout{printed: \\x}"
    )
    code, told = compiled({**files, Path("x.tex"): paper(body)}, tmp_path, name="x.tex")
    assert code == 0, told[-2000:]
    assert "printed: 0.25" in told


@needs_tex
def test_an_unknown_key_is_an_error_that_names_it(document, costs, tmp_path):
    files = latex.files(document, costs, name="s")
    body = "\\section{\\ncab{s/t/no_row/x/mean}}"
    code, told = compiled({**files, Path("x.tex"): paper(body)}, tmp_path, name="x.tex")
    assert code != 0
    assert "ncabench Error: No number is called 's/t/no_row/x/mean'." in told


@needs_tex
def test_the_macros_of_two_reports_live_in_one_paper(document, costs, tmp_path):
    files = latex.files(document, costs, name="s")
    other = latex.files(document, costs, name="o")[Path("macros.tex")]
    body = (
        "\\input{other}\\typeout{\\ncab{s/t/b/params/measured} \\ncab{o/t/a-1/damage-mse/mean}}"
    )
    both = {**files, Path("other.tex"): other, Path("x.tex"): paper(body)}
    code, told = compiled(both, tmp_path, name="x.tex")
    assert code == 0, told[-2000:]
    assert "not run 0.300" in told


@needs_tex
def test_a_table_wider_than_the_page_is_shrunk_to_it(document, costs, tmp_path):
    row = RowView(label="r", cells=(CellView(measured="w" * 150),))
    wide = replace(costs, id="t", rows=(row,))
    files = latex.files(replace(document, tables=(wide,)), costs, name="s")
    code, told = compiled(files, tmp_path)
    assert code == 0, told[-2000:]
    assert "Overfull" not in told


@needs_tex
def test_the_report_of_a_suite_compiles_as_it_is_written(plan, runs, tmp_path):
    bare = [run for run in runs if not (run.folder / "curves.json").exists()]
    writer.write(plan, bare, format="latex", out=tmp_path)
    code, told = compiled({}, tmp_path)
    assert code == 0, told[-2000:]
    assert sticking_out(told) == []


@needs_tex
def test_every_table_of_every_suite_compiles_and_stays_on_the_page(costs, tmp_path):
    plans = [planner.make(suites.load(path)) for path in SUITES]
    every = [table for one in plans for table in tables.views(one, judged(one, []))]
    named = [replace(table, id=f"{at} {table.id}") for at, table in enumerate(every)]
    code, told = compiled(
        latex.files(Document(title="All", tables=tuple(named)), costs, name="all"), tmp_path
    )
    assert code == 0, told[-2000:]
    assert "Missing character" not in told
    assert sticking_out(told) == []
