"""Writes a suite's report: tables, costs, figures, filmstrips, and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ncabench.errors import MachineError, NothingMeasured, Problem, SuiteError
from ncabench.plan.planner import Plan
from ncabench.record.stored import StoredRun
from ncabench.report import (
    claims,
    cost,
    coverage,
    figures,
    filmstrips,
    provenance,
    statements,
    tables,
)
from ncabench.report.figures import Drawable
from ncabench.report.formats import csv_table, html_page, json_document, markdown, text
from ncabench.report.formats.latex import document as latex
from ncabench.report.judged import JudgedTable
from ncabench.report.judged import judged as judge
from ncabench.report.view import Document

FORMATS: Mapping[str, tuple[str, Callable[[Document], str]]] = {  # ending, writer
    "text": ("txt", text.render),
    "latex": ("tex", latex.bodies),
    "markdown": ("md", markdown.render),
    "csv": ("csv", csv_table.render),
    "json": ("json", json_document.render),
    "html": ("html", html_page.render),
}


@dataclass(frozen=True, kw_only=True)
class Written:
    """A report that was written.

    Attributes:
        text: the tables and their costs, for a terminal; in the format asked for, except
            that a page is shown as text.
        files: every file, in the order of writing.
    """

    text: str
    files: list[Path]


def write(plan: Plan, runs: Sequence[StoredRun], *, format: str = "text", out: Path) -> Written:
    """Write the report of a plan into the folder ``out``.

    Args:
        plan: whose entries are reported.
        runs: what is stored, of this plan and of others.
        format: a key of ``FORMATS``, for the tables; all else is the same for all. Of LaTeX,
            a document, what a paper can take of it (figures as PDFs among it), and macros
            whose keys begin with the name of ``out``.
        out: made if it is not there; files of the same names are replaced.

    Raises:
        SuiteError: there is no such format.
        NothingMeasured: no run of the plan is stored.
        RecordError: a run's files are missing or damaged.
        MachineError: the folder cannot be written.
    """
    wanted = {(entry.role, entry.id) for entry in plan.entries}
    mine = [run for run in runs if (run.role, run.id) in wanted]
    if not mine:
        raise NothingMeasured(
            f"{plan.suite.name}: no run of this suite is stored"
            f" (preset {plan.suite.preset!r}); run it first: ncabench run {plan.suite.path}"
        )
    judged = judge(plan, mine)
    drawn = figures.collect(plan, mine, judged=judged)
    quality = _quality(plan, mine, judged=judged, drawn=drawn)
    costs = Document(title=plan.suite.title, tables=(cost.view(plan, mine),))
    traced = provenance.document(
        plan, mine, judged=judged, views=quality.tables, cost=costs.tables[0]
    )
    ending, render = _format(format)
    content = {Path(f"tables.{ending}"): render(quality), Path(f"cost.{ending}"): render(costs)}
    shown = "\n".join(content.values())
    if format == "markdown":
        content[Path("tables.md")] += provenance.markdown(traced)
    if format == "html":
        shown = f"{text.render(quality)}\n{text.render(costs)}"
    if format == "latex":
        content = latex.files(quality, costs.tables[0], name=out.resolve().name)
    content[Path(provenance.FILE)] = traced
    binary = {one.path: one.data for one in (*quality.figures, *quality.filmstrips)}
    if format == "latex":
        binary |= {
            Path("figures") / f"{one.name}.pdf": figures.draw(one, form="pdf") for one in drawn
        }
    encoded = {path: body.encode() for path, body in content.items()}
    return Written(text=shown, files=save({**encoded, **binary}, out))


def _quality(
    plan: Plan,
    runs: Sequence[StoredRun],
    *,
    judged: Sequence[JudgedTable],
    drawn: Sequence[Drawable],
) -> Document:
    counts = statements.counts(judged)
    unreproduced = coverage.unreproduced(coverage.of_tables(judged))
    judged_claims = claims.judged(plan, runs)
    return Document(
        title=plan.suite.title,
        tables=tables.views(plan, judged),
        summary=(
            *statements.summary(counts, judged_claims),
            *coverage.sentences(unreproduced),
            *coverage.stand_ins(unreproduced, plan.suite),
        ),
        counts=counts,
        unreproduced=tuple(unreproduced),
        claims=statements.claim_views(judged_claims),
        findings=statements.finding_views(plan.suite),
        figures=tuple(figures.picture(one, folder="figures") for one in drawn),
        filmstrips=filmstrips.collect(plan, runs, folder="filmstrips"),
    )


def _format(name: str) -> tuple[str, Callable[[Document], str]]:
    if name not in FORMATS:
        what = f"no format is called {name!r}"
        problem = Problem(where="--format", what=what, accepted=tuple(FORMATS), found=name)
        raise SuiteError("", [problem])
    return FORMATS[name]


def save(content: Mapping[Path, bytes], out: Path) -> list[Path]:
    """Write files into the folder ``out`` and return their paths.

    Raises:
        MachineError: the folder cannot be written.
    """
    files = []
    for name, body in content.items():
        path = out / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        except OSError as error:
            raise MachineError(
                f"{path}: cannot be written: {error.strerror or error}"
            ) from error
        files.append(path)
    return files
