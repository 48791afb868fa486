"""A small document with one of everything that a format writes."""

from pathlib import Path

import pytest

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
                    CellView(measured="8,096", best=True),
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
        ranked="the best_mean.",
    )
    picture = Picture(caption="a <curve>", path=Path("figures/x.png"), data=b"png")
    return Document(
        title="A & B",
        tables=(table,),
        summary=("1 printed cell: 0 reproduced.",),
        counts={"reproduced": 0, "undecided": 1},
        unreproduced=({"quantity": "MSE", "cells": 1},),
        claims=(CLAIM,),
        findings=(
            FindingView(text="table 1: 2 > 1", kind="contradicted", exact={"verdict": "x"}),
            FindingView(text="unsaid", kind="recoveries consistent", notable=False),
        ),
        figures=(picture,),
        filmstrips=(picture,),
    )
