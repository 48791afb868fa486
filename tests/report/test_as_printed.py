"""What the paper's own cells say of a claim."""

from dataclasses import replace
from pathlib import Path

import pytest

from ncabench.plan import planner
from ncabench.report.as_printed import as_printed
from ncabench.report.contexts import expand
from ncabench.suite import document

SUITE = Path(__file__).with_name("claims.toml")
SUITES = Path(__file__).parents[2] / "suites"


@pytest.fixture(scope="module")
def plan():
    return planner.make(document.load(SUITE))


def said(plan, relation, value="perceptual/recovery", **where):
    claim = replace(plan.suite.claims[0], relation=relation, value=value, where=where)
    found = as_printed(plan.suite, expand(plan, claim))
    return found.word, found.text


def test_a_claim_that_the_paper_contradicts_names_the_cells(plan):
    text = "contradicted by the paper's own table 1 (damage: Conv 3x3 58.74 < Sobel 84.92)"
    assert said(plan, "sobel < conv3x3") == ("contradicted", text)


def test_a_claim_that_the_paper_bears_out_holds(plan):
    assert said(plan, "sobel < conv5x5") == ("holds", "holds as printed")
    assert said(plan, "sobel < conv3x3", perturbation="mutation")[0] == "holds"


def test_numbers_and_arithmetic_are_told_with_the_printed_cells(plan):
    text = "contradicted by the paper's own table 1 (not conv3x3 > 90: Conv 3x3 58.74)"
    assert said(plan, "conv3x3 > 90", perturbation="damage") == ("contradicted", text)
    assert said(plan, "conv3x3 / sobel < 0.7", perturbation="damage")[0] == "holds"


def test_the_digits_may_not_tell(plan):
    word, text = said(plan, "conv3x3 > 58.74", perturbation="damage")
    assert (word, text) == ("within rounding", "within rounding of the printed numbers")
    assert said(plan, "conv5x5 < 2.2 * conv3x3", "parameters")[0] == "within rounding"


def test_most_may_hold_though_one_does_not(plan):
    assert said(plan, "most perception > 80", perturbation="damage")[0] == "holds"
    assert said(plan, "every perception > 80", perturbation="damage")[0] == "contradicted"
    assert said(plan, "some perception > 95", perturbation="damage")[0] == "contradicted"


def test_one_whose_digits_do_not_tell_keeps_some_open(plan):
    assert said(plan, "some perception > 89.58", perturbation="damage")[0] == "within rounding"


def test_a_cell_whose_row_and_column_exclude_each_other_prints_nothing(plan):
    [table] = plan.suite.tables
    columns = [replace(one, where={"perception": "sobel"}) for one in table.columns[2:3]]
    crossed = replace(table, rows=table.rows[1:2], columns=tuple(columns))
    suite = replace(plan.suite, tables=(crossed,))
    assert said(replace(plan, suite=suite), "sobel > 0")[0] == "not printed"


def test_what_the_paper_does_not_print_cannot_be_told(plan):
    assert said(plan, "sobel > conv5x5", "training/failed") == ("not printed", "not printed")
    assert said(plan, "sobel > conv5x5", "perceptual/stage_1") == (
        "not printed",
        "not printed; 1 of 2 comparisons hold as printed",
    )


def test_a_dash_is_no_number(plan):
    assert said(plan, "unet_25k > 0", "perceptual/stage_1")[0] == "not printed"


def test_rows_of_one_label_are_told_apart():
    plan = planner.make(document.load(SUITES / "perception_ablation.toml"))
    word, text = said(plan, "unet_25k < unet_44k", "perceptual/before", perturbation="damage")
    cells = "U-Net (unet_44k) 0.028 < U-Net (unet_25k) 0.070"
    assert word == "contradicted"
    assert text == f"contradicted by the paper's own table 1 ({cells})"


def test_the_shipped_claims_of_the_paper_are_told_as_it_prints_them():
    found = {}
    for name in ("perception_ablation", "sample_pool_ablation"):
        plan = planner.make(document.load(SUITES / f"{name}.toml"))
        for claim in plan.suite.claims:
            expanded = expand(plan, claim)
            assert not expanded.absent
            found[claim.id] = as_printed(plan.suite, expanded).word
    assert found == {
        "learned-recovers-better": "contradicted",
        "wider-recovers-better": "holds",
        "adaptive-recovers-better": "holds",
        "combined-lowest-lpips": "holds",
        "combined-lowest-final-lpips": "holds",
        "combined-recovers-best": "holds",
        "sobel-grows-worse": "holds",
        "sobel-recovers-worse": "holds",
        "adapts-to-another-class": "holds",
        "attention-grows-better": "holds",
        "attention-less-stable": "not printed",
        "pool-recovers-better": "holds",
        "no-pool-no-recovery": "holds",
        "pool-recovers": "holds",
    }


@pytest.mark.parametrize(
    ("name", "not_printed"),
    [
        ("image_classification", set()),
        ("mnist_classification", {"dips-and-recovers"}),
        ("runtime", set()),
        (
            "scalability",
            {"latent-1024-fits", "pixel-memory-grows-with-the-area", "latent-grows-faster"},
        ),
        ("texture", {"combined-grows-better"}),
    ],
)
def test_no_other_claim_is_contradicted_and_most_are_printed(name, not_printed):
    plan = planner.make(document.load(SUITES / f"{name}.toml", preset="paper"))
    words = {
        claim.id: as_printed(plan.suite, expand(plan, claim)).word
        for claim in plan.suite.claims
    }
    assert {id for id, word in words.items() if word == "not printed"} == not_printed
    assert set(words.values()) <= {"holds", "not printed"}
