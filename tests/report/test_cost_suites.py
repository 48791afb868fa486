"""The suites of NCAtorch's cost tables, on stored runs that hold what the paper prints."""

from dataclasses import replace
from pathlib import Path

import pytest

from ncabench.papers import ledger
from ncabench.plan import counts, planner
from ncabench.report import claims, cost, judged, tables
from ncabench.suite import document

SUITES = Path(__file__).parents[2] / "suites"
WORD = "OOM (24 GB emulated)"
GPU = {"device_class": "nvidia-h200", "device": "NVIDIA H200"}
VALUES = {
    "6": {
        "time/train": "training/ms_per_iteration",
        "time/inference": "inference/batch_1/ms",
        "memory/train": "training/peak_allocated_mib",
        "memory/inference": "trained/batch_64/peak_allocated_mib",
        "parameters": "parameters",
    },
    "2": {
        "time/eval": "inference/batch_1/ms_per_step",
        "memory/eval": "inference/batch_1/peak_allocated_mib",
        "memory/train": "training/peak_allocated_mib",
        "steps": "steps",
    },
}


def plan_of(name):
    return planner.make(document.load(SUITES / f"{name}.toml"))


def printed(table, row):
    """What the paper prints in a row, under the names that the profiler gives."""
    cells = ledger.load("ncatorch").table(table)[row]
    names = VALUES[table].items()
    return {value: cells[name].value for name, value in names if cells[name].value is not None}


@pytest.fixture
def runtime(store):
    plan = plan_of("runtime")
    rows = {"conv3x3": "nca_conv3x3", "attention3x3": "nca_attention"}
    found = []
    for entry in plan.entries:
        name = str(entry.labels[0].get("perception", entry.labels[0]["model"]))
        values = printed("6", rows.get(name, name)) if name != "attention_views" else {}
        found.append(store(entry, values, **GPU))
    return plan, found


@pytest.fixture
def scalability(store):
    plan = plan_of("scalability")
    found = []
    for entry in plan.entries:
        task = str(entry.labels[0]["task"])
        values = printed("2", task.replace("_", "/"))
        given = dict(GPU)
        if task in ("pixel_512", "pixel_1024"):
            values = {"inference/batch_1/ms_per_step": 0.5, "steps": 256.0}
            given |= {"outcome": "oom", "reason": "training: out of memory. Tried to"}
        found.append(store(entry, values, **given))
    return plan, found


def words(plan, runs):
    found = judged.verdicts_of(plan, runs)
    return {name: one.word for name, one in found.items()}


def test_the_rows_of_table_6_have_its_parameters_exactly():
    plan = plan_of("runtime")
    counted = counts.count(plan, root=None)
    for where, number in (
        ({"model": "unet"}, 2_768_772),
        ({"model": "gan"}, 2_768_772),
        ({"perception": "conv3x3"}, 19_376),
        ({"perception": "attention3x3"}, 18_132),
    ):
        assert {counted[one.id] for one in plan.profiles(where)} == {number}


def test_what_table_6_prints_reproduces_it(runtime):
    found = words(*runtime)
    first = {name: word for name, word in found.items() if name.startswith("table_6/")}
    reference = {name: word for name, word in first.items() if name.split("/")[1] == "U-Net"}
    assert len(first) == 4 * 5
    assert {*first.values()} - {*reference.values()} == set()
    assert list(reference.values()).count("not comparable") == 4  # others are divided by it
    assert [word for name, word in first.items() if name not in reference] == [
        "reproduced"
    ] * 15


def test_the_claims_of_table_6_hold_for_what_it_prints(runtime):
    found = claims.judged(*runtime)
    assert {one.id: one.word for one in found} == dict.fromkeys(
        (one.id for one in found), "supported"
    )
    assert {one.as_printed.word for one in found} == {"holds"}


def test_what_table_2_prints_reproduces_it_out_of_memory_included(scalability):
    found = words(*scalability)
    trained = {name.split("/")[1]: word for name, word in found.items() if "Train mem" in name}
    assert trained == {
        **dict.fromkeys(("Latent, 256", "Latent, 512", "Latent, 1024"), "reproduced"),
        "Pixel, 256": "not comparable",  # others are divided by it
        **dict.fromkeys(("Pixel, 512", "Pixel, 1024"), "reproduced"),
    }


def test_an_evaluation_that_fits_differs_from_a_printed_out_of_memory(scalability):
    plan, runs = scalability
    table = next(
        one for one in tables.views(plan, judged.judged(plan, runs)) if one.id == "table_2"
    )
    row = next(one for one in table.rows if one.label == "Pixel, 1024")
    steps, per_step, _, train = row.cells
    assert (steps.measured, per_step.measured) == ("256", "0.50 ± 0.00 (n=2)")
    assert (per_step.verdict.word, per_step.verdict.reason) == (
        "differs",
        "it fits into memory",
    )
    assert (train.measured, train.verdict.word) == (WORD, "reproduced")


def test_what_a_failed_profile_never_measures_is_not_out_of_memory(scalability):
    plan, runs = scalability
    table = next(
        one
        for one in tables.views(plan, judged.judged(plan, runs))
        if one.id == "whole_answers"
    )
    labels = [head.label for head in table.heads]
    pixel = next(one for one in table.rows if one.label == "Pixel, 1024").cells
    assert pixel[labels.index("Decoding")].measured == "\u2013"  # pixels are not decoded
    assert pixel[labels.index("Train iteration (ms)")].measured == WORD


def test_the_paper_expects_pixels_to_run_out_of_memory_and_no_latent_grid_to():
    plan = plan_of("scalability")
    expected = {str(one.labels[0]["task"]): one.expect for one in plan.entries}
    assert {task for task, how in expected.items() if how == ("oom",)} == {
        "pixel_512",
        "pixel_1024",
    }


def test_claims_on_a_latent_grids_memory_hold_for_what_is_printed(scalability):
    found = {one.id: one for one in claims.judged(*scalability)}
    for id in ("latent-saves-training-memory", "pixels-take-14-gb"):
        assert (found[id].word, found[id].as_printed.word) == ("supported", "holds")
    thirtyfold = found["latent-saves-training-memory-thirtyfold"]
    assert (thirtyfold.word, thirtyfold.as_printed.word) == ("supported", "holds")


def test_steps_are_counted_and_words_on_memory_say_nothing_of_them(scalability):
    found = words(*scalability)
    steps = {name.split("/")[1]: word for name, word in found.items() if "NCA steps" in name}
    assert steps == dict.fromkeys(
        ("Latent, 256", "Latent, 512", "Latent, 1024", "Pixel, 256"), "reproduced"
    )


MEMORY = ("pixels-overflow-24-gb", "only-latent-grids-reach-1024")


def memory_claims(plan, runs):
    found = {one.id: one for one in claims.judged(plan, runs)}
    return [(found[id].word, found[id].as_printed.word, found[id].reason) for id in MEMORY]


def test_that_pixels_run_out_of_memory_and_latent_grids_do_not_is_a_claim(scalability):
    plan, runs = scalability
    assert memory_claims(plan, runs) == [("supported", "holds", "")] * 2
    fits = [replace(one, outcome="ok", reason="") for one in runs]
    assert [word for word, _, _ in memory_claims(plan, fits)] == ["refuted"] * 2


def test_one_run_decides_whether_memory_suffices(scalability):
    plan, runs = scalability
    one = [run for run in runs if run.labels[0].get("rng_seed", 0) == 0]
    assert len(one) < len(runs)
    assert memory_claims(plan, one) == [("supported", "holds", "")] * 2


def test_a_crash_is_no_lack_of_memory(scalability):
    plan, runs = scalability
    lost = [replace(one, outcome="crashed") if one.outcome == "oom" else one for one in runs]
    assert [word for word, _, _ in memory_claims(plan, lost)] == ["undecided"] * 2


@pytest.mark.parametrize(
    ("sets", "device", "reason"),
    [
        ((), "cpu", "measured on a CPU"),
        (("execution.memory_limit_gb=none",), "nvidia-h200", "another card's memory"),
        (("execution.memory_limit_gb=80",), "nvidia-h200", "another card's memory"),
    ],
)
def test_another_cards_memory_decides_no_claim(scalability, sets, device, reason):
    _, runs = scalability
    plan = planner.make(document.load(SUITES / "scalability.toml", sets=sets))
    ids = {str(entry.labels[0]): entry.id for entry in plan.entries}
    moved = [replace(one, id=ids[str(one.labels[0])], device_class=device) for one in runs]
    for word, printed, why in memory_claims(plan, moved):
        assert (word, printed) == ("undecided", "holds")
        assert reason in why


def test_memory_claims_that_nothing_was_run_for_are_undecided(scalability):
    assert {why for _, _, why in memory_claims(scalability[0], [])} == {
        "not run (2 of 2 comparisons)"
    }


def test_the_cost_table_tells_batches_apart_and_is_loud_about_memory(scalability):
    view = cost.view(*scalability)
    heads = [head.label for head in view.heads]
    assert "ms/step, batch 1, median (IQR)" in heads
    assert "Peak MiB, inference, batch 1, allocated" in heads
    last = view.rows[-1].cells[heads.index("Peak MiB, training, allocated")]
    assert last.measured == WORD
    assert (
        "Whole answers, plain PyTorch: batch 1, 15 of them after 3 of warm-up." in view.captions
    )


def test_a_table_names_the_precision_of_other_rows(runtime):
    table = tables.views(runtime[0], judged.judged(*runtime))[0]
    assert (
        "Precision: the framework's default; float32 where task is strict_float32."
        in table.captions
    )
