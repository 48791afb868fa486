import json
import subprocess
import sys

import pytest

from ncabench.errors import MachineError, NothingMeasured, SuiteError
from ncabench.report import writer


@pytest.fixture
def bare(runs):
    """The runs that kept no curves, so that nothing is drawn."""
    return [run for run in runs if not (run.folder / "curves.json").exists()]


def test_a_report_holds_tables_costs_figures_filmstrips_and_provenance(plan, runs, tmp_path):
    written = writer.write(plan, runs, format="markdown", out=tmp_path / "out")
    names = [path.relative_to(tmp_path / "out").as_posix() for path in written.files]
    assert names[:3] == ["tables.md", "cost.md", "provenance.json"]
    assert [name for name in names if name.startswith("figures/")] == [
        f"figures/emoji-{what}-perceptual.png" for what in ("damage", "mutation")
    ]
    assert sum(name.startswith("filmstrips/") for name in names) == 8
    assert all(path.stat().st_size for path in written.files)


def test_the_text_is_the_tables_and_then_their_cost(plan, bare, tmp_path):
    text = writer.write(plan, bare, format="text", out=tmp_path / "out").text
    heads = [
        "10 printed cells: 3 reproduced, 0 differ, 0 undecided, 7 not comparable.",
        "1 claim: 0 supported, 0 refuted, 1 undecided.",
        "Not reproduced: LPIPS (4 cells): not run (planned).",
        "Not reproduced: LPIPS recovery (3 cells): 2 not run (planned), 1 not comparable "
        "(preset 'smoke'; ST-LPIPS (substitute for LPIPS)).",
        "ST-LPIPS is in place of LPIPS: no LPIPS weights here.",
        "Perception ablation [1,2]",
        "Claims of the paper",
        "The paper's own arithmetic",
        "Cost: Emoji",
    ]
    places = [text.index(f"{head}\n" if "Cost" not in head else head) for head in heads]
    assert places == sorted(places)
    assert places[0] == 0


def test_a_page_is_shown_as_text_in_a_terminal(plan, bare, tmp_path):
    text = writer.write(plan, bare, format="html", out=tmp_path / "out").text
    assert "</" not in text


@pytest.mark.parametrize("format", writer.FORMATS)
def test_quality_tables_are_the_same_bytes_in_every_rerun(plan, bare, tmp_path, format):
    first = writer.write(plan, bare, format=format, out=tmp_path / "a").files[0]
    second = writer.write(plan, bare[::-1], format=format, out=tmp_path / "b").files[0]
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("format", writer.FORMATS)
def test_every_format_has_each_verdict_beside_the_papers_value(plan, bare, tmp_path, format):
    files = writer.write(plan, bare, format=format, out=tmp_path).files
    tex = [file for file in files if file.suffix == ".tex"]
    written = "".join(file.read_text() for file in tex or files[:1])
    sign = {"latex": "8 & k\\,=", "json": '"verdict": "reproduced"'}.get(format, "reproduced")
    told = {"csv": "not comparable", "json": '"not comparable"'}.get(format, "n/c is not comp")
    assert sign in written
    assert told in written


def test_provenance_leads_from_a_table_to_runs_and_their_environment(plan, bare, tmp_path):
    writer.write(plan, bare, out=tmp_path / "out")
    found = json.loads((tmp_path / "out" / "provenance.json").read_text())
    name = found["tables"]["cost"]["cells"][0]["records"][0]
    assert (found["suite"], found["preset"]) == ("small", "smoke")
    assert found["records"][name]["commit"] == "abc"


def test_markdown_ends_with_where_it_comes_from(plan, bare, tmp_path):
    written = writer.write(plan, bare, format="markdown", out=tmp_path).files[0].read_text()
    section = written.split("\n## ")[-1]
    assert section.startswith("Provenance\n\n- Suite: `small, preset smoke; ncabench ")


def test_a_plan_without_a_run_is_refused_with_what_to_do(plan, tmp_path):
    with pytest.raises(NothingMeasured) as caught:
        writer.write(plan, [], out=tmp_path)
    path = plan.suite.path
    assert str(caught.value) == (
        "small: no run of this suite is stored (preset 'smoke'); "
        f"run it first: ncabench run {path}"
    )


def test_a_folder_that_cannot_be_written_is_named(plan, bare, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(MachineError) as caught:
        writer.write(plan, bare, out=tmp_path / "out")
    assert str(caught.value).startswith(
        f"{tmp_path / 'out' / 'tables.txt'}: cannot be written: "
    )


def test_an_unknown_format_is_named_with_the_nearest(plan, bare, tmp_path):
    with pytest.raises(SuiteError) as caught:
        writer.write(plan, bare, format="latx", out=tmp_path)
    assert str(caught.value) == (
        "--format: no format is called 'latx'\n"
        "  accepted: csv, html, json, latex, markdown, text\n"
        "  did you mean 'latex'?"
    )


def test_writing_tables_needs_neither_torch_nor_mlflow_nor_matplotlib():
    code = "import sys, ncabench.report.writer; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "mlflow", "matplotlib"} & set(loaded)


def test_the_keys_of_latex_macros_begin_with_the_name_of_the_reports_folder(
    plan, bare, tmp_path
):
    files = writer.write(plan, bare, format="latex", out=tmp_path / "small-smoke").files
    macros = next(file for file in files if file.name == "macros.tex").read_text()
    assert "\n\\ncabset{small-smoke/perceptions/u-net/params/measured}{24,946}\n" in macros
    assert "\n\\ncabset{small-smoke/cells/reproduced}{3}\n" in macros
