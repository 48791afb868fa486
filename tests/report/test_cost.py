from dataclasses import replace

from ncabench.report import cost


def rows(view):
    return {row.label: [cell.measured for cell in row.cells] for row in view.rows}


def test_what_was_not_measured_is_na_and_never_0(plan, runs):
    assert rows(cost.view(plan, runs))["nca / sobel / mlp"] == [
        "1.500",
        "n/a",
        "n/a",
        "n/a",
        "n/a",
        "2.0 (n=2)",
    ]


def test_peaks_are_named_by_their_kind(plan, store):
    values = {
        "inference/ms_per_step": 1.25,
        "inference/ms_per_step_iqr": 0.5,
        "inference/peak_allocated_mib": 12.0,
        "training/peak_reserved_mib": 1234.56,
        "inference/energy_j_per_step": 0.25,
    }
    view = cost.view(plan, [store(plan.profiles({"perception": "sobel"})[0], values)])
    assert [head.label for head in view.heads[2:4]] == [
        "Peak MiB, inference, allocated",
        "Peak MiB, training, reserved",
    ]
    assert rows(view)["nca / sobel / mlp"] == (
        ["1.250 (0.500)", "n/a", "12.0", "1,234.6", "0.250", "n/a"]
    )


def test_repeated_profiles_are_told_by_their_median(plan, store):
    suite = replace(plan.suite, profile=replace(plan.suite.profile, repeats=3))
    entry = plan.profiles({"perception": "sobel"})[0]
    thrice = [replace(entry, id=f"profile{turn}") for turn in range(3)]
    runs = [
        store(one, {"inference/ms_per_step": ms})
        for one, ms in zip(thrice, (9.0, 1.0, 2.0), strict=True)
    ]
    others = [one for one in plan.entries if one.role == "training"]
    view = cost.view(replace(plan, suite=suite, entries=(*others, *thrice)), runs)
    assert rows(view)["nca / sobel / mlp"][0] == "2.000"
    assert "Medians of 3 processes." in view.captions


def test_the_device_the_engine_and_the_timed_blocks_are_named(plan, runs):
    captions = cost.view(plan, runs).captions
    assert captions[:2] == (
        "Measured on: A CPU (cpu), engine eager.",
        "ms/step: batch 1, 3 blocks of 16 steps after 5 of warm-up.",
    )


def test_a_failed_profile_is_a_word_with_its_reason_below(plan, store):
    entry = plan.profiles({"perception": "sobel"})[0]
    view = cost.view(plan, [store(entry, outcome="oom", reason="out of memory")])
    assert rows(view)["nca / sobel / mlp"][0] == "OOM"
    assert (view.rows[0].marks, view.notes) == ((1,), ("profile, OOM: out of memory",))


def test_rows_are_named_by_the_axes_that_tell_them_apart(plan, runs):
    assert list(rows(cost.view(plan, runs))) == [
        "nca / sobel / mlp",
        "nca / conv3x3 / mlp",
        "unet_25k / one_pass",
    ]


def test_a_suite_without_a_profile_says_that_nothing_was_timed(plan, runs):
    view = cost.view(replace(plan, suite=replace(plan.suite, profile=None)), runs)
    assert "The suite has no [profile], so steps were not timed." in view.captions


def test_a_device_without_a_name_of_its_own_is_named_once(plan, runs):
    plain = [replace(run, device="cpu") for run in runs]
    assert cost.view(plan, plain).captions[0] == "Measured on: cpu, engine eager."
