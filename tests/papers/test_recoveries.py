"""The score just after a perturbation, from the printed scores around it and the recovery."""

import math
import random

import pytest

from ncabench.interval import Interval
from ncabench.papers import arithmetic, ledger
from ncabench.papers.printed import Printed, Recovery, Table
from ncabench.papers.recoveries import implied, of_table, worse


def rounded(text):
    return Printed(text=text, metric="LPIPS").interval


def ends(found):
    return [(round(float(one.low), 3), round(float(one.high), 3)) for one in found]


@pytest.mark.parametrize(
    ("texts", "low", "high"),
    [
        (("0.124", "0.144", "84.92"), 0.250, 0.263),  # Sobel
        (("0.060", "0.128", "58.74"), 0.223, 0.227),  # Conv 3x3
        (("0.035", "0.041", "96.17"), 0.166, 0.218),  # Deformable 3x3
        (("0.025", "0.042", "89.58"), 0.179, 0.197),  # Conv 5x5
        (("0.001", "0.005", "98.32"), 0.180, 0.299),  # Combined
        (("97.0", "96.4", "99.31"), -5.14, 25.008),  # MNIST, accuracy; before the scale's end
    ],
)
def test_a_recovery_implies_the_score_just_after_the_perturbation(texts, low, high):
    assert ends(implied(*map(rounded, texts))) == [(low, high)]


def test_numbers_that_are_exact_imply_one_score():
    exact = (Interval(1.0, 1.0), Interval(2.0, 2.0), Interval(50.0, 50.0))
    assert ends(implied(*exact)) == [(3.0, 3.0)]  # (2 - 3) / (1 - 3) is a half


def test_a_recovery_above_100_implies_a_score_too():
    exact = (Interval(1.0, 1.0), Interval(0.5, 0.5), Interval(110.0, 110.0))
    assert ends(implied(*exact)) == [(6.0, 6.0)]  # (0.5 - 6) / (1 - 6) is 1.1


def test_a_recovery_that_may_be_100_implies_two_unbounded_intervals():
    texts = ("0.070", "0.064", "100")  # at the end 0.005 to 0.007 better; 0.5 % from 100
    assert ends(implied(*map(rounded, texts))) == [(-math.inf, -0.93), (1.069, math.inf)]


def test_a_recovery_of_exactly_100_needs_the_same_score_at_the_end():
    one, all_of_it = Interval(1.0, 1.0), Interval(100.0, 100.0)
    assert ends(implied(one, one, all_of_it)) == [(1.0, 1.0)]


def test_the_implied_interval_holds_the_score_that_was_rounded_away():
    chance = random.Random(0)
    for _ in range(300):
        before, final = chance.uniform(0.0, 0.2), chance.uniform(0.0, 0.3)
        after = chance.uniform(0.31, 0.9)
        recovery = 100 * (final - after) / (before - after)
        texts = (f"{before:.3f}", f"{final:.3f}", f"{recovery:.2f}")
        assert any(after in one for one in implied(*map(rounded, texts)))


@pytest.mark.parametrize(
    ("texts", "metric", "low", "high"),
    [
        (("0.124", "0.144", "84.92"), "LPIPS", 0.250, 0.263),
        (("0.070", "0.064", "100"), "LPIPS", 1.069, math.inf),
        (("0.022", "0.024", "100"), "LPIPS", 0.223, math.inf),
        (("0.024", "0.024", "100"), "LPIPS", 0.024, math.inf),
        (("97.0", "96.4", "99.31"), "accuracy", 0.0, 25.008),
    ],
)
def test_only_worse_scores_on_the_metrics_scale_count(texts, metric, low, high):
    found = worse(*map(rounded, texts), metric=metric)
    assert float(found.low) == pytest.approx(low, abs=5.1e-4)
    assert float(found.high) == pytest.approx(high, abs=5e-4)


@pytest.mark.parametrize(
    ("texts", "metric"),
    [
        (("0.061", "0.055", "99.26"), "LPIPS"),  # better at the end, yet below 100
        (("0.018", "0.017", "99.00"), "LPIPS"),  # better by the least that is printed
        (("0.061", "0.070", "103.00"), "LPIPS"),  # worse at the end, yet above 100
        (("50.0", "60.0", "80.00"), "accuracy"),
        (("97.0", "10.0", "99.00"), "accuracy"),  # needs an accuracy below 0
    ],
)
def test_numbers_that_no_worse_score_fits_imply_none(texts, metric):
    assert worse(*map(rounded, texts), metric=metric) is None


def of(rows):
    """The findings on a table of LPIPS before, LPIPS at the end, and recovery."""
    columns = {"before": "LPIPS", "final": "LPIPS", "recovery": "LPIPS recovery"}
    cells = {
        name: {
            column: Printed(text=text, metric=metric)
            for (column, metric), text in zip(columns.items(), texts, strict=True)
        }
        for name, texts in rows.items()
    }
    table = Table(
        number="1",
        source="table 1",
        rows={name: name.upper() for name in rows},
        columns={name: name for name in columns},
        cells=cells,
        recoveries=(Recovery(before="before", final="final", recovery="recovery"),),
    )
    return list(of_table(table))


@pytest.mark.parametrize(
    ("texts", "verdict", "text"),
    [
        (
            ("0.124", "0.144", "84.92"),
            "consistent",
            "A: LPIPS 0.124 before and 0.144 at the end with a recovery of 84.92 % "
            "imply 0.250 to 0.263 just after the perturbation",
        ),
        (
            ("0.024", "0.024", "100"),
            "consistent",
            "A: LPIPS 0.024 before and 0.024 at the end with a recovery of 100 % "
            "fit any worse score just after the perturbation",
        ),
        (
            ("0.022", "0.024", "100"),
            "consistent",
            "A: LPIPS 0.022 before and 0.024 at the end with a recovery of 100 % "
            "imply at least 0.223 just after the perturbation",
        ),
        (
            ("0.070", "0.064", "100"),
            "clipped",
            "A: LPIPS 0.070 before and 0.064 at the end with a recovery of 100 % "
            "mean more than 100 %, clipped, unless it was at least 1.069 just after",
        ),
        (
            ("0.070", "0.064", "100.00"),
            "clipped",
            "A: LPIPS 0.070 before and 0.064 at the end with a recovery of 100.00 % "
            "mean more than 100 %, clipped, unless it was at least 100.070 just after",
        ),
        (
            ("0.061", "0.055", "99.26"),
            "impossible",
            "A: LPIPS 0.061 before and 0.055 at the end with a recovery of 99.26 % "
            "fit no worse score just after the perturbation; they imply -0.891 to -0.611",
        ),
    ],
)
def test_a_row_is_told_with_its_numbers(texts, verdict, text):
    one, _ = of({"a": texts})
    assert (one.kind, one.verdict, one.text) == ("recovery", verdict, text)
    assert (one.tables, one.rows) == (("1",), ("a",))
    assert (one.interval is None) is (verdict != "consistent")


def test_rows_that_no_one_score_fits_are_told_as_no_contradiction():
    *_, shared = of(
        {
            "a": ("0.124", "0.144", "84.92"),
            "b": ("0.060", "0.128", "58.74"),
            "c": ("0.001", "0.005", "98.32"),
            "d": ("0.061", "0.055", "99.26"),
        }
    )
    assert (shared.kind, shared.verdict, shared.rows) == (
        "shared",
        "no one score fits",
        ("a", "b"),
    )
    assert shared.text == (
        "recovery: no one score just after the perturbation fits all rows: "
        "A implies 0.25 or more, B 0.227 or less; "
        "it depends on the model, so this is no contradiction"
    )


def test_rows_that_one_score_fits_are_named():
    *_, shared = of({"a": ("0.124", "0.144", "84.92"), "c": ("0.001", "0.005", "98.32")})
    assert (shared.verdict, shared.rows) == ("one score fits", ("a", "c"))


def test_a_row_without_a_number_has_no_finding():
    assert [one.kind for one in of({"a": ("-", "0.144", "84.92")})] == ["shared"]


def test_every_row_of_the_emoji_table_has_its_verdict():
    found = [
        one
        for one in arithmetic.findings("ncatorch", ["1"])
        if one.kind == "recovery" and one.verdict != "consistent"
    ]
    told = [(one.rows[0], one.columns[2].partition("/")[0], one.verdict) for one in found]
    assert told == [
        ("unet_25k", "damage", "clipped"),
        ("gan_25k", "damage", "clipped"),
        ("unet_44k", "damage", "clipped"),
        ("unet_25k", "mutation", "impossible"),
        ("gan_25k", "mutation", "clipped"),
        ("unet_44k", "mutation", "clipped"),
    ]


def test_every_printed_recovery_is_declared_with_what_it_is_made_of():
    for paper in ledger.papers():
        for table in ledger.load(paper).tables.values():
            rows = table.cells.values()
            metrics = {column: cell.metric for row in rows for column, cell in row.items()}
            recoveries = {name for name, one in metrics.items() if one.endswith("recovery")}
            scores = {name for name, one in metrics.items() if one in ("LPIPS", "accuracy")}
            declared = {one.recovery for one in table.recoveries}
            assert declared == (recoveries if scores else set())
