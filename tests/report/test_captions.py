from dataclasses import replace
from pathlib import Path

from ncabench.report import captions
from ncabench.report.chosen import Chosen, choose
from ncabench.report.judged import judged
from ncabench.report.verdicts import Verdict
from ncabench.suite import document


def test_a_table_says_paper_device_substitute_and_preset(plan, runs):
    lines = captions.quality(
        plan.suite, table=plan.suite.tables[0], chosen=choose(plan.entries, runs)
    )
    assert lines == (
        "Paper: ncatorch, arXiv 2604.24990, table 1; seeds: not stated; hardware: not stated.",
        "Measured on: cpu, engine eager.",
        "SUBSTITUTE METRIC: ST-LPIPS (substitute for LPIPS); "
        "it is not the quantity that the paper prints, and not comparable with it.",
        "PRESET 'smoke', NOT THE PAPER'S SETTING AND NOT COMPARABLE WITH ITS NUMBERS: "
        "it sets train.iterations = 20, grid.rng_seed = [0, 1].",
        "Precision: the framework's default.",
    )


def test_the_papers_own_preset_goes_without_saying(plan):
    assert captions.conditions(replace(plan.suite, preset="paper")) == (
        "Precision: the framework's default.",
    )


def test_values_set_by_hand_and_an_emulated_card_are_loud(plan):
    execution = replace(plan.suite.execution, memory_limit_gb=24.0, precision="tf32")
    given = {"preset": "paper", "sets": ("train.batch=2",), "execution": execution}
    assert captions.conditions(replace(plan.suite, **given)) == (
        "SET BY HAND: train.batch=2.",
        "EMULATED CARD: memory limited to 24 GB.",
        "Precision: tf32.",
    )
    assert captions.oom_word(replace(plan.suite, **given)) == "OOM (24 GB emulated)"


def test_a_table_that_no_paper_prints_says_so(plan):
    table = replace(plan.suite.tables[0], paper_table="")
    lines = captions.quality(plan.suite, table=table, chosen=Chosen())
    assert lines[:2] == (
        "The paper (ncatorch) prints no such table.",
        "Nothing of this table was run.",
    )


def test_a_device_that_is_not_shown_is_named(plan, store):
    entry = plan.evaluations()[0]
    chosen = choose([entry], [store(entry, device_class="gpu", ended_at="2020"), store(entry)])
    assert captions.device(chosen) == (
        "Measured on: cpu, engine eager.",
        "Also measured, not shown here: gpu.",
    )


def test_a_preset_of_a_suite_without_a_paper_is_loud_too(plan):
    lines = captions.conditions(replace(plan.suite, paper="", preset="short"))
    assert lines[0] == "PRESET 'short', NOT THE SUITE'S FULL SETTING: it sets no key."


def test_a_value_of_the_preset_that_was_set_by_hand_is_told_as_it_ran():
    path = Path(__file__).with_name("small.toml")
    suite = document.load(path, sets=["train.iterations=7"])
    assert captions.conditions(suite)[0].endswith(
        "it sets train.iterations = 7, grid.rng_seed = [0, 1]."
    )


def test_a_table_says_what_its_spread_and_its_verdicts_mean(plan, runs):
    told = Verdict(word="not comparable", reason="preset 'smoke'")
    assert captions.verdicts(judged(plan, runs)[0], told=told) == (
        "\u00b1 is the standard deviation over rng_seeds (ddof 1), n is their number.",
        "Reproduced: the mean is within a margin of what rounds to the printed value, at 95 %. "
        "Margins: LPIPS the greater of 0.01 and 15 %; LPIPS recovery 2 points; "
        "parameters none, each count must round to it.",
        "n/c is not comparable: preset 'smoke'.",
    )


def test_a_table_that_no_paper_prints_speaks_of_no_verdict(plan, runs):
    alone = replace(plan, suite=replace(plan.suite, paper=""))
    assert len(captions.verdicts(judged(alone, runs)[0], told=None)) == 1
