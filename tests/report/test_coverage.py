from dataclasses import replace

from ncabench.papers import ledger
from ncabench.report import coverage
from ncabench.report.judged import judged
from ncabench.suite.suite import Deviation


def test_only_the_cells_of_the_suites_own_tables_have_a_fate(plan, runs):
    fates = coverage.of_tables(judged(plan, runs))
    assert len(fates) == 10
    assert fates["1", "sobel", "parameters"].word == "reproduced"
    assert fates["1", "sobel", "damage/stage_1"].why.startswith("preset 'smoke'")


def test_a_paper_has_the_fates_of_a_suite_and_of_cells_in_no_suite(plan, runs):
    found = judged(plan, runs)
    whole = coverage.of_paper(ledger.load("ncatorch"), found)
    here = coverage.of_tables(found)
    assert {place: fate for place, fate in whole.items() if fate.here} == here
    others = {(fate.word, fate.why) for fate in whole.values() if not fate.here}
    assert others == {("not run", "in no suite that is shown here")}


def test_a_cell_that_differs_in_one_table_is_not_reproduced_for_the_sake_of_another(plan, runs):
    counted = [
        run if run.role != "training" else replace(run, values={"parameters": 1.0})
        for run in runs
    ]
    both = [*judged(plan, runs), *judged(plan, counted)]
    assert coverage.of_tables(both)["1", "sobel", "parameters"].word == "differs"
    assert coverage.of_tables(both[::-1])["1", "sobel", "parameters"].word == "differs"


def test_a_suite_says_which_quantities_it_does_not_reproduce_and_why(plan, runs):
    found = coverage.unreproduced(coverage.of_tables(judged(plan, runs)))
    assert coverage.sentences(found) == (
        "Not reproduced: LPIPS (4 cells), LPIPS recovery (3 cells): not comparable "
        "(preset 'smoke'; ST-LPIPS (substitute for LPIPS)).",
    )


def test_what_stands_in_for_a_quantity_has_the_reason_of_the_suites_deviation(plan, runs):
    found = coverage.unreproduced(coverage.of_tables(judged(plan, runs)))
    told = coverage.stand_ins(found, plan.suite)
    assert told == ("ST-LPIPS is in place of LPIPS: no LPIPS weights here.",)


def test_what_stands_in_for_data_has_the_reason_of_the_deviation_that_names_it(plan):
    why = "preset 'x'; Fashion (substitute for CIFAR-10); Fash (substitute for C)"
    line = {"quantity": "accuracy", "why": [{"word": "undecided", "why": why, "cells": 1}]}
    one = Deviation(paper="CIFAR-10", here="x", why="it is here.", substitute="Fashion (sub)")
    suite = replace(plan.suite, deviations=(one,))
    assert coverage.stand_ins([line], suite) == (
        "Fashion is in place of CIFAR-10: it is here.",
    )


def test_several_reasons_are_counted():
    why = [
        {"word": "differs", "why": "", "cells": 2},
        {"word": "differs", "why": "it fits into memory", "cells": 1},
    ]
    line = {"quantity": "time", "cells": 3, "where": "table 2", "why": why}
    assert coverage.sentences([line]) == (
        "Not reproduced: time (3 cells): 2 differ, 1 differs (it fits into memory).",
    )
    assert coverage.sentences([]) == ()
