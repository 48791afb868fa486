from dataclasses import replace

from ncabench.report import claims, statements
from ncabench.report.judged import judged


def test_printed_cells_are_counted_by_their_verdict(plan, runs):
    counts = statements.counts(judged(plan, runs))
    assert counts == {"reproduced": 3, "differs": 0, "undecided": 0, "not comparable": 7}
    assert list(statements.summary(counts, claims.judged(plan, runs))) == [
        "10 printed cells: 3 reproduced, 0 differ, 0 undecided, 7 not comparable.",
        "1 claim: 0 supported, 0 refuted, 1 undecided.",
    ]


def test_a_suite_that_no_paper_prints_counts_nothing(plan, runs):
    alone = replace(plan, suite=replace(plan.suite, paper=""))
    assert statements.counts(judged(alone, runs)) == {}
    assert statements.summary({}, []) == ()
    assert statements.finding_views(alone.suite) == ()


def test_a_claim_says_what_it_was_judged_on_and_what_would_decide(plan, runs):
    view = statements.claim_views(claims.judged(plan, runs))[0]
    assert view.head == (
        "conv-beats-sobel: undecided, on ST-LPIPS (substitute for LPIPS), preset smoke"
    )
    assert view.lines[:2] == (
        "a learned kernel grows better images than Sobel's (section 3.1.2)",
        "conv3x3 < sobel, in perceptual/stage_1; measured on cpu",
    )
    assert view.lines[-1] == "As printed: holds as printed"
    assert [one["n"] for one in view.exact["comparisons"]] == [2, 2]


def test_only_findings_that_contradict_are_told_and_the_others_counted(plan):
    found = statements.finding_views(plan.suite)
    told = [one.text for one in found if one.notable]
    assert any(text.startswith("table 1, contradicted: ") for text in told)
    assert {one.exact["verdict"] for one in found if not one.notable} <= {
        "consistent",
        "one score fits",
        "agrees",
        "holds",
        "not printed",
    }
