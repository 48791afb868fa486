import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from ncabench.plan import planner
from ncabench.report.cells import matching, source
from ncabench.report.judged import printed_cell, verdicts_of
from ncabench.suite import document

SUITE = Path(__file__).with_name("judged.toml")
SHIPPED = sorted((Path(__file__).parents[2] / "suites").glob("*.toml"))
GPU = {"device_class": "nvidia-h200", "device": "An H200"}
ROWS = {"sobel": "Sobel", "conv3x3": "Conv 3x3"}
READ_BY = {  # (role, perturbation, value): the columns that read it, as the suite file has them
    ("evaluation", "damage", "perceptual/stage_1"): ["quality/{}/Damage LPIPS Stage 1"],
    ("evaluation", "damage", "perceptual/recovery"): ["quality/{}/Damage Reg. (%)"],
    ("evaluation", "mutation", "perceptual/stage_1"): ["quality/{}/Mutation LPIPS Stage 1"],
    ("evaluation", "mutation", "substitute/stage_1"): ["quality/{}/Mutation Stage 1"],
    ("training", "", "parameters"): ["quality/{}/Params."],
    ("training", "", "step_ms"): ["cost/{}/ms"],
    ("profile", "", "peak_mb"): ["cost/{}/MB"],
}
DIVIDE = {"step_ms": "cost/Conv 3x3/ms", "peak_mb": "cost/Conv 3x3/MB"}  # Sobel's is below all
QUALITY = {  # perception, perturbation: values of three rng_seeds, by name
    ("sobel", "damage"): {
        "perceptual/stage_1": (0.150, 0.152, 0.155),  # printed 0.152: reproduced
        "perceptual/recovery": (80.0, 85.0, 90.0),  # printed 84.92: undecided
        "square/stage_1": (1.0, 2.0, 3.0),
    },
    ("sobel", "mutation"): {
        "perceptual/stage_1": (0.15, 0.16, 0.14),
        "substitute/stage_1": (0.151, 0.151, 0.151),
        "perceptual/before": (1.0, 2.0, 3.0),  # in no table
    },
    ("conv3x3", "damage"): {
        "perceptual/stage_1": (0.20, 0.21, 0.22),  # printed 0.065: differs
        "perceptual/recovery": (50.0, 40.0, 45.0),
    },
    ("conv3x3", "mutation"): {
        "perceptual/stage_1": (0.068, 0.068, 0.068),
        "substitute/stage_1": (0.2, 0.3, 0.4),
    },
}
TRAINING = {
    "sobel": {"parameters": (8096.0,) * 3, "step_ms": (10.0, 11.0, 12.0)},
    "conv3x3": {"parameters": (22976.0,) * 3, "step_ms": (69.0, 75.0, 83.0)},
}


def load(**given):
    return planner.make(document.load(SUITE, **given))


@pytest.fixture(scope="module")
def plan():
    return load()


def stored(plan, store):
    """The runs of a plan on a GPU, with the values above."""
    runs = []
    for entry in plan.entries:
        label = entry.labels[0]
        name, seed = label["perception"], label["rng_seed"]
        if entry.role == "evaluation":
            series = QUALITY[name, label["perturbation"]]
        elif entry.role == "training":
            series = TRAINING[name]
        else:
            series = {"peak_mb": (5.0,) * 3}
        values = {key: series[key][seed % 3] for key in series}
        runs.append(store(entry, values, **GPU))
    return runs


@pytest.fixture
def runs(plan, store):
    return stored(plan, store)


def changed(before, after):
    return {key for key in before if before[key] != after[key]}


def readers(run, value):
    """The cells that read a stored value, known from the suite's file."""
    label = run.labels[0]
    perturbation = label["perturbation"] if run.role == "evaluation" else ""
    row = ROWS[label["perception"]]
    cells = {one.format(row) for one in READ_BY.get((run.role, perturbation, value), [])}
    return cells | ({DIVIDE[value]} if value in DIVIDE else set())


def test_every_word_occurs(plan, runs):
    words = {one.word for one in verdicts_of(plan, runs).values()}
    assert words == {"reproduced", "differs", "undecided", "not comparable"}


def test_each_stored_value_changes_exactly_the_verdicts_of_the_cells_that_read_it(plan, runs):
    before = verdicts_of(plan, runs)
    flipped, read = set(), set()
    for place, run in enumerate(runs):
        for name, value in run.values.items():
            other = replace(run, values={**run.values, name: 3 * value + 1})
            after = verdicts_of(plan, [*runs[:place], other, *runs[place + 1 :]])
            assert changed(before, after) == readers(run, name), (run.labels[0], name)
            read |= readers(run, name)
            flipped |= {key for key in before if before[key].word != after[key].word}
    assert read == set(before)
    assert {"reproduced", "differs"} <= {before[key].word for key in flipped}
    assert "quality/Sobel/Params." in flipped  # one count of three decides


def test_a_value_can_flip_a_verdict_to_each_word(plan, runs):
    key, name = "quality/Sobel/Damage LPIPS Stage 1", "perceptual/stage_1"
    mine = [
        run
        for run in runs
        if run.role == "evaluation"
        and run.labels[0]["perception"] == "sobel"
        and run.labels[0]["perturbation"] == "damage"
    ]
    rest = [run for run in runs if run not in mine]

    def word(*values):
        given = zip(mine, values, strict=True)
        other = [replace(run, values={**run.values, name: value}) for run, value in given]
        return verdicts_of(plan, [*rest, *other])[key].word

    assert word(0.150, 0.152, 0.155) == "reproduced"
    assert word(0.150, 0.152, 0.180) == "undecided"
    assert word(0.178, 0.179, 0.180) == "differs"


def test_verdicts_say_what_they_compared(plan, runs):
    found = verdicts_of(plan, runs)["quality/Sobel/Damage LPIPS Stage 1"]
    assert (found.n, found.mean, found.margin) == (3, pytest.approx(0.457 / 3), 0.15 * 0.152)
    assert (found.low, found.high) == pytest.approx((0.1287, 0.1753))
    assert found.interval.half_width == pytest.approx(4.3027 * 0.0025166 / 3**0.5, rel=1e-3)
    assert (found.within_spread, found.rng_seeds_needed, found.reason) == (True, None, "")


def test_an_undecided_verdict_says_how_many_rng_seeds_would_tell(plan, runs):
    found = verdicts_of(plan, runs)
    inside = found["quality/Sobel/Damage Reg. (%)"]  # mean 85, sd 5; 1.925 to the bound
    outside = found["quality/Conv 3x3/Damage Reg. (%)"]  # mean 45, sd 5; 11.735 beyond it
    assert (inside.word, inside.rng_seeds_needed) == ("undecided", 60)
    assert (outside.word, outside.rng_seeds_needed) == ("undecided", 4)


def test_a_cost_is_judged_by_its_ratio_to_the_first_row(plan, runs):
    found = verdicts_of(plan, runs)
    assert found["cost/Sobel/ms"].reason == "the row that others are divided by"
    ratio = found["cost/Conv 3x3/ms"]  # printed 201.57 / 29.18 = 6.908
    assert (ratio.word, ratio.ratio_to) == ("reproduced", "Sobel")
    assert ratio.mean == pytest.approx((69 / 10 + 75 / 11 + 83 / 12) / 3)
    low, high = 201.565 / 29.185 * 0.8, 201.575 / 29.175 * 1.2
    assert (ratio.low, ratio.high) == pytest.approx((low, high))


def test_a_profile_counts_as_one_value(plan, runs):
    found = verdicts_of(plan, runs)["cost/Conv 3x3/MB"]
    assert (found.word, found.reason, found.n) == ("undecided", "one profile", 1)


def test_repeated_profiles_decide_by_their_ratios(store):
    plan = load(sets=["profile.repeats=3"])
    runs = [
        store(one, {"peak_mb": one.labels[0]["rng_seed"] + (4.0 if sobel else 6.0)}, **GPU)
        for one in plan.profiles()
        for sobel in [one.serves({"perception": "sobel"})]
    ]
    found = verdicts_of(plan, runs)["cost/Conv 3x3/MB"]
    assert (found.word, found.n) == ("differs", 3)
    assert found.mean == pytest.approx((6 / 4 + 7 / 5 + 8 / 6) / 3)


def test_a_columns_own_margin_replaces_the_projects(plan, runs):
    assert verdicts_of(plan, runs)["quality/Conv 3x3/Mutation LPIPS Stage 1"].margin == 0.05


def test_what_the_paper_does_not_print_has_no_verdict(plan, runs):
    assert not [key for key in verdicts_of(plan, runs) if "MSE" in key]


def test_one_rng_seed_never_reproduces_what_is_not_exact(store):
    plan = load(sets=["grid.rng_seed=[0]"])
    given = {  # exactly what the paper prints, in every cell
        "sobel": {"perceptual/stage_1": 0.152, "perceptual/recovery": 84.92, "step_ms": 29.18},
        "conv3x3": {"perceptual/stage_1": 0.065, "perceptual/recovery": 58.74},
    }
    runs = [
        store(
            entry,
            {"parameters": 8096.0, "step_ms": 201.57, "peak_mb": 1.0, "substitute/stage_1": 0.1}
            | given[entry.labels[0]["perception"]],
            **GPU,
        )
        for entry in plan.entries
    ]
    found = verdicts_of(plan, runs).values()
    assert {one.word for one in found if not one.exact} == {"undecided", "not comparable"}
    assert {one.word for one in found if one.exact} == {"reproduced", "differs"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_no_shipped_suite_reproduces_on_one_rng_seed_what_is_not_exact(path, store):
    once = ["profile.repeats=1"] if document.load(path).profile else []
    sets = ["grid.rng_seed=[0]", *once]
    plan = planner.make(document.load(path, preset="paper", sets=sets))
    values, gone = {entry.id: {} for entry in plan.entries}, {}
    for table in plan.suite.tables:
        for row, column in itertools.product(table.rows, table.columns):
            printed = printed_cell(plan.suite, table, row=row, column=column)
            number = printed.value if printed and printed.value is not None else 1.0
            for entry in matching(plan.entries, row=row, column=column):
                name = source(column.value)[1]
                if printed and printed.out_of_memory:
                    gone.setdefault(entry.id, set()).add(name.rpartition("/")[0])
                else:
                    values[entry.id][name] = number
    for id, phases in gone.items():  # all else is known of it
        known = values[id].items()
        values[id] = {name: one for name, one in known if name.rpartition("/")[0] not in phases}
    ends = {entry.id: "oom" if entry.id in gone else "ok" for entry in plan.entries}
    runs = [store(one, values[one.id], outcome=ends[one.id], **GPU) for one in plan.entries]
    found = verdicts_of(plan, runs)
    inexact = {one.word for one in found.values() if not one.exact}
    assert inexact <= {"undecided", "not comparable"}
    assert {one.word for one in found.values() if one.exact} <= {"reproduced"}
    assert {one.reason for one in found.values() if one.word == "undecided"} <= {
        "one rng_seed",
        "one profile",
    }


@pytest.mark.parametrize(
    ("given", "quality", "count"),
    [
        ({}, "", ""),
        ({"preset": "seeds"}, "", ""),
        ({"sets": ["grid.rng_seed=[4, 5]"]}, "", ""),
        ({"sets": ["grid.perception=['sobel', 'conv3x3']"]}, "", ""),
        ({"sets": ["profile.blocks=1"]}, "", ""),
        ({"preset": "brief"}, "preset 'brief'", ""),
        ({"preset": "wide"}, "preset 'wide'", "preset 'wide'"),
        ({"sets": ["train.iterations=1"]}, "set by hand: train.iterations=1", ""),
        ({"sets": ["perception.conv3x3.out_channels=9"]}, "", ""),
        (
            {"preset": "brief", "sets": ["update.mlp.hidden=9"]},
            "preset 'brief'; set by hand: update.mlp.hidden=9",
            "set by hand: update.mlp.hidden=9",
        ),
    ],
)
def test_what_a_preset_or_a_hand_changed_keeps_its_cells_from_comparison(
    store, given, quality, count
):
    plan = load(**given)
    found = verdicts_of(plan, stored(plan, store))

    def reason(key):
        verdict = found[f"quality/Sobel/{key}"]
        return verdict.reason if verdict.word == "not comparable" else ""

    assert (reason("Damage LPIPS Stage 1"), reason("Params.")) == (quality, count)
