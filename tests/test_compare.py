"""`ncabench compare` end to end: on a store, on results folders, on a bundle; no training."""

import json
from pathlib import Path

import pytest

from ncabench import compare, overview, pipeline
from ncabench.errors import NothingMeasured, SuiteError
from ncabench.pipeline import Workspace
from ncabench.remembered import remember
from ncabench.run import outcome
from ncabench.run.device import available
from ncabench.run.folder import make
from ncabench.run.outcome import Record

TINY = Path(__file__).parent / "tiny.toml"
SEEDS = ["grid.rng_seed=[0,1,2]"]
CPU = available("cpu")[0]
VALUES = {  # of rgba_mse/before, for each rng_seed
    "sobel": (0.3, 0.5, 0.4),
    "conv3x3": (0.1, 0.29, 0.2),
}


def fill(results, *, sets=SEEDS, values=VALUES, only=None, **changes):
    """Write records of the suite's evaluations under damage, as a run would leave them."""
    space = Workspace(results=results)
    planned = pipeline.plan(TINY, space, preset=None, sets=sets)
    chosen = [one for one in planned.of("evaluation") if one.serves({"perturbation": "damage"})]
    for entry in chosen:
        label = entry.labels[0]
        perception, seed = label.get("perception"), label["rng_seed"]
        if perception not in values or seed not in (only or (0, 1, 2)):
            continue
        record = {
            "values": {"rgba_mse/before": values[perception][seed]},
            "environment": {"device": "A CPU", "packages": {"torch": "2.11"}},
            "sources": {"nca/rollout.py": "a" * 64},
            "ended_at": "2026-05-01T00:00:00+00:00",
        } | changes
        place = make(pipeline.entry_folder(entry.id, space, device=CPU))
        told = Record(
            role="evaluation",
            id=entry.id,
            device_class="cpu",
            engine="eager",
            outcome="ok",
            spec=entry.spec,
            labels=entry.labels,
            **record,
        )
        outcome.write(told, folder=place)
    remember(planned, results=space.results)
    return results


def compared(first, second, results, **given):
    asked = {"sets": SEEDS, **given}
    return compare.compare(
        str(first), str(second), suite=TINY, space=Workspace(results=results), **asked
    )


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A results folder whose runs are in a real MLflow store."""
    results = fill(tmp_path_factory.mktemp("stored") / "results")
    Workspace(results=results).store.ingest()
    return results


def test_two_perceptions_of_a_store_are_compared(stored):
    found = compared("sobel", "conv3x3", stored)
    (row,) = found.rows
    assert (row.value, row.n, row.verdict) == ("rgba_mse/before", 3, "B better")
    assert row.difference == pytest.approx(-0.61 / 3)
    assert found.captions[0] == "A: sobel (perception). B: conv3x3 (perception)."
    assert "Measured on: A CPU, engine eager." in found.captions


def test_an_expression_selects_the_evaluations(stored):
    with pytest.raises(NothingMeasured) as caught:
        compared("sobel", "conv3x3", stored, expression="sobel")
    assert str(caught.value) == (
        f"{TINY} (preset 'paper'): nothing can be compared: "
        "A and B have no grid point in common\n"
        "  A, sobel: rng_seeds 0, 1, 2\n"
        "  B, conv3x3: is at no grid point that is selected"
    )


def test_an_unknown_value_is_refused_with_the_nearest(stored):
    with pytest.raises(SuiteError) as caught:
        compared("sobel", "conv3x3", stored, values=["rgba_mse/befor"])
    assert str(caught.value) == (
        "--value: no run of A or B has a value 'rgba_mse/befor'\n"
        "  accepted: parameters, rgba_mse/before\n"
        "  did you mean 'rgba_mse/before'?"
    )


@pytest.mark.parametrize("level", [0.5, 1.0, 95])
def test_a_level_is_a_share_above_a_half(stored, level):
    with pytest.raises(SuiteError) as caught:
        compared("sobel", "conv3x3", stored, level=level)
    assert str(caught.value) == (
        f"--level: expected more than 0.5 and less than 1, found {level:g}"
    )


def test_a_preset_that_was_not_run_names_those_that_were(stored):
    with pytest.raises(NothingMeasured) as caught:
        compared("sobel", "conv3x3", stored, preset="slow")
    assert str(caught.value) == (
        f"{TINY} (preset 'slow'): nothing can be compared: no rng_seed has a value of both\n"
        "  A, sobel: nothing was run; recorded of this suite: preset 'paper'\n"
        "  B, conv3x3: nothing was run; recorded of this suite: preset 'paper'"
    )


def test_two_results_folders_are_compared_at_every_grid_point(tmp_path):
    first = fill(tmp_path / "first")
    second = fill(
        tmp_path / "second", values={"sobel": (0.4, 0.61, 0.5), "conv3x3": (0.1,) * 3}
    )
    found = compared(first, second, tmp_path / "unused")
    assert [(row.where["perception"], row.verdict) for row in found.rows] == [
        ("sobel", "A better"),
        ("conv3x3", "undecided"),
    ]
    assert found.captions[0] == f"A: {first} (result set). B: {second} (result set)."
    assert not (tmp_path / "unused").exists()
    assert not [line for line in found.captions if "DIFFER" in line]


def test_a_bundle_is_compared_without_being_taken_in(tmp_path):
    first = fill(tmp_path / "first")
    second = fill(tmp_path / "second", values={"sobel": (0.4, 0.61, 0.5)})
    path = tmp_path / "second.zip"
    space = Workspace(results=second)
    overview.export(path, space, suites=[TINY], preset=None, sets=SEEDS)
    (row,) = compared(first, path, first).rows
    assert (row.where["perception"], row.n, row.verdict) == ("sobel", 3, "A better")
    assert len(list((first / "runs").iterdir())) == 7  # six evaluations, and the suite


def test_seeds_that_only_one_set_has_are_left_out_and_told(tmp_path):
    first = fill(tmp_path / "first", only=(0, 1))
    second = fill(tmp_path / "second", only=(1, 2))
    found = compared(first, second, tmp_path, expression="sobel")
    assert [row.n for row in found.rows] == [1]
    assert "Left out, since only A has a value: rng_seeds 0." in found.captions
    assert "Left out, since only B has a value: rng_seeds 2." in found.captions


def test_sets_without_a_common_seed_say_which_each_has(tmp_path):
    first = fill(tmp_path / "first", only=(0,))
    second = fill(tmp_path / "second", only=(1, 2))
    with pytest.raises(NothingMeasured) as caught:
        compared(first, second, tmp_path)
    assert str(caught.value) == (
        f"{TINY} (preset 'paper'): nothing can be compared: no rng_seed has a value of both\n"
        f"  A, {first}: rng_seeds 0\n"
        f"  B, {second}: rng_seeds 1, 2"
    )


def test_trainings_of_other_ids_are_paired_by_grid_point_and_the_difference_told(tmp_path):
    first = fill(tmp_path / "first")
    second = fill(tmp_path / "second", sets=[*SEEDS, "train.iterations=99"])
    found = compared(first, second, tmp_path, expression="sobel")
    assert [(row.n, row.verdict) for row in found.rows] == [(3, "undecided")]
    assert (
        "TRAININGS DIFFER (3 evaluations): trainer.iterations: 12 against 99." in found.captions
    )
    assert (
        "B RAN ANOTHER STATE OF THE SUITE, with --set grid.rng_seed=[0,1,2], "
        "train.iterations=99: 6 other entries."
    ) in found.captions


def test_evaluations_by_another_protocol_are_not_comparable(tmp_path):
    first = fill(tmp_path / "first")
    second = fill(tmp_path / "second", sets=[*SEEDS, "protocol.recovery.horizon=5"])
    (row,) = compared(first, second, tmp_path, expression="sobel").rows
    assert (row.n, row.verdict) == (3, "not comparable")
    assert row.reason == "protocol.horizon: 4 against 5"


def test_other_sources_and_packages_are_told(tmp_path):
    first = fill(tmp_path / "first")
    second = fill(
        tmp_path / "second",
        sources={"nca/rollout.py": "b" * 64},
        environment={"device": "A CPU", "packages": {"torch": "2.12"}},
    )
    found = compared(first, second, tmp_path)
    assert "SOURCES DIFFER of the same entries: nca/rollout.py." in found.captions
    assert "Packages differ: torch: 2.11 against 2.12." in found.captions


def test_a_name_and_a_result_set_are_not_compared(tmp_path):
    first = fill(tmp_path / "first")
    with pytest.raises(SuiteError) as caught:
        compared(first, "sobel", tmp_path)
    assert str(caught.value) == (
        "B: expected a result set, since the other is one: a results folder or a bundle; "
        "found 'sobel'"
    )


def test_a_result_set_is_not_compared_with_itself(tmp_path):
    first = fill(tmp_path / "first")
    with pytest.raises(SuiteError) as caught:
        compared(first, f"{first}/../first", tmp_path)
    assert str(caught.value) == f"A, B: '{first}' and '{first}/../first' are the same"


def test_a_name_of_the_grid_comes_before_a_folder_of_that_name(stored, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sobel").mkdir()
    assert compared("sobel", "conv3x3", stored).first.where == {"perception": "sobel"}


def words(first, second, results, *more):
    return (
        *("compare", first, second, "--suite", TINY, "--set", SEEDS[0]),
        *("--results", results, *more),
    )


def test_the_command_prints_captions_and_a_table(ncabench, stored):
    code, out, err = ncabench(*words("sobel", "conv3x3", stored))
    *told, heads, line = out.splitlines()
    assert (code, err) == (0, "")
    assert told[0] == "A: sobel (perception). B: conv3x3 (perception)."
    assert heads.split("\t")[:5] == ["value", "n", "A", "B", "B - A"]
    assert line.split("\t")[:5] == ["rgba_mse/before", "3", "0.4", "0.1967", "-0.2033"]


def test_the_command_prints_json(ncabench, stored):
    code, out, _ = ncabench(*words("sobel", "conv3x3", stored, "--json", "--level", "0.9"))
    whole = json.loads(out)
    assert (code, whole["level"], whole["rows_tested"]) == (0, 0.9, 1)
    assert [row["verdict"] for row in whole["rows"]] == ["B better"]


def test_nothing_measured_is_exit_code_6(ncabench, stored):
    more = ("--preset", "slow")
    code, out, err = ncabench(*words("sobel", "conv3x3", stored, *more))
    assert (code, out) == (6, "")
    assert "nothing can be compared" in err


def test_an_unknown_name_is_exit_code_2(ncabench, stored):
    code, out, err = ncabench(*words("sobel", "conv3", stored))
    assert (code, out) == (2, "")
    assert err.endswith("  did you mean 'conv3x3'?\n")


def test_a_bundle_that_is_not_there_is_exit_code_4(ncabench, stored):
    code, _, err = ncabench(*words(stored, "none.zip", stored))
    assert (code, err) == (4, "none.zip: cannot be read: No such file or directory\n")
