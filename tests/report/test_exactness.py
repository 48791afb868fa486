"""Cells that are a count or a word, and cells some of whose runs failed."""

import pytest

from ncabench.papers.ledger import Printed
from ncabench.report.cells import Cell
from ncabench.report.margins import Margin, margin_of, project_margin
from ncabench.report.verdicts import judge

LPIPS = Printed(text="0.100", metric="LPIPS")
OOM = Printed(text="Out of Memory", metric="memory", unit="MB")
CARD = ("another card's memory",)


def verdict(memory=(), obstacles=(), **given):
    given.setdefault("printed", LPIPS)
    cell = Cell(**given, rng_seeds=tuple(range(len(given.get("values", ())))))
    found = judge(
        cell,
        margin=margin_of(cell.printed, None),
        obstacles=obstacles,
        memory=memory,
    )
    return found and (found.word, found.reason)


@pytest.mark.parametrize(
    ("counts", "word"),
    [
        ((7500.0,), "reproduced"),
        ((8499.0,) * 3, "reproduced"),
        ((8500.0,), "differs"),
        ((7499.0,), "differs"),
        ((8000.0, 8600.0), "differs"),
    ],
)
def test_a_count_must_round_to_the_printed_string_whatever_n(counts, word):
    printed = Printed(text="8k", metric="parameters")
    assert verdict(printed=printed, values=counts, planned=len(counts)) == (word, "")


def test_a_count_that_was_not_made_is_undecided():
    printed = Printed(text="8k", metric="parameters")
    assert verdict(printed=printed, planned=3, missing=3) == ("undecided", "not run")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"planned": 2, "outcomes": {"OOM": 2}}, ("reproduced", "")),
        (
            {"planned": 2, "outcomes": {"OOM": 1}, "values": (3.0,)},
            ("differs", "it fits into memory"),
        ),
        (
            {"planned": 3, "outcomes": {"OOM": 1}, "missing": 2},
            ("undecided", "1 of 3 rng_seeds OOM, 2 not run"),
        ),
        ({"planned": 1, "missing": 1}, ("undecided", "not run")),
        (
            {"planned": 2, "outcomes": {"OOM": 1, "crashed": 1}},
            ("undecided", "1 of 2 rng_seeds OOM, 1 crashed"),
        ),
        (
            {"planned": 1, "outcomes": {"OOM": 1}, "memory": CARD},
            ("not comparable", "another card's memory"),
        ),
    ],
)
def test_a_printed_oom_compares_with_the_outcome_on_the_same_card_only(given, expected):
    assert verdict(printed=OOM, **given) == expected


def test_running_out_of_memory_beside_a_number_differs_on_the_same_card_only():
    given = {"planned": 1, "outcomes": {"OOM": 1}}
    assert verdict(**given) == ("differs", "out of memory")
    assert verdict(**given, memory=CARD) == ("not comparable", "another card's memory")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"planned": 1, "values": (0.1,)}, ("undecided", "one rng_seed")),
        ({"planned": 2, "missing": 2}, ("undecided", "not run")),
        ({}, ("undecided", "not planned")),
        ({"planned": 2, "outcomes": {"no data": 2}}, ("undecided", "no data")),
        ({"planned": 2, "outcomes": {"diverged": 2}}, ("differs", "every rng_seed diverged")),
        (
            {"planned": 1, "outcomes": {"diverged": 1}},
            ("undecided", "1 of 1 rng_seeds diverged"),
        ),
        (
            {"planned": 3, "values": (0.1, 0.1), "outcomes": {"diverged": 1}},
            ("undecided", "1 of 3 rng_seeds diverged"),
        ),
        (
            {"planned": 5, "values": (0.1,), "outcomes": {"timeout": 2, "undefined": 1}},
            ("undecided", "2 of 5 rng_seeds timeout, 1 undefined"),
        ),
        ({"planned": 3, "values": (0.1, 0.1), "missing": 1}, ("reproduced", "")),
        (
            {"planned": 3, "values": (0.1, 0.1), "outcomes": {"no data": 1}},
            ("reproduced", ""),
        ),
        (
            {"planned": 2, "values": (0.1, 0.1), "obstacles": ("first", "second", "first")},
            ("not comparable", "first; second"),
        ),
    ],
)
def test_survivors_do_not_decide_and_obstacles_lead(given, expected):
    assert verdict(**given) == expected


def test_a_verdict_that_more_than_a_thousand_rng_seeds_would_decide_says_so():
    values = (0.0, 0.2305)  # the mean is a hair within the upper bound
    expected = ("undecided", "more than 1,000 rng_seeds would be needed")
    assert verdict(planned=2, values=values) == expected


def test_a_quantity_without_a_margin_is_not_comparable():
    printed = Printed(text="0.1", metric="MSE")
    found = verdict(printed=printed, planned=2, values=(0.1, 0.1))
    assert found == ("not comparable", "no margin is declared for MSE")


@pytest.mark.parametrize("text", ["-", "N/A", "32x32"])
def test_what_is_no_number_and_no_oom_has_no_verdict(text):
    printed = Printed(text=text, metric="LPIPS")
    assert verdict(printed=printed, planned=2, values=(0.1, 0.1)) is None


def test_nothing_printed_has_no_verdict():
    assert judge(Cell(values=(0.1,), planned=1), margin=None) is None


@pytest.mark.parametrize(
    ("printed", "margin"),
    [
        (Printed(text="0.020", metric="LPIPS"), 0.01),
        (Printed(text="0.200", metric="LPIPS"), 0.03),
        (Printed(text="-196.18", metric="LPIPS recovery", unit="%"), 2.0),
        (Printed(text="94.78", metric="accuracy", unit="%"), 2.0),
        (Printed(text="0.95", metric="accuracy"), 0.02),
        (Printed(text="0.97", metric="SSIM"), 0.01),
        (Printed(text="23.25", metric="PSNR", unit="dB"), 0.3),
        (Printed(text="10", metric="memory", unit="GB"), 2.0),
    ],
)
def test_margins_are_the_projects(printed, margin):
    assert project_margin(printed).of(printed.value) == pytest.approx(margin)


def test_a_declared_margin_is_a_share_for_costs_and_plain_otherwise():
    cost = Printed(text="10", metric="time", unit="s/epoch")
    assert margin_of(cost, 0.3) == Margin(relative=0.3)
    assert margin_of(LPIPS, 0.3) == Margin(absolute=0.3)
