import contextlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from ncabench import checking
from ncabench.checking import Asked, check, insist_on_agreement, update
from ncabench.errors import NothingMeasured
from ncabench.gate.baseline import Baseline, dump, read
from ncabench.gate.verdict import Checked, exit_code
from ncabench.pipeline import Workspace

pytestmark = pytest.mark.clock

TINY = Path(__file__).parent / "tiny.toml"
SETS = (
    "grid.perception=['sobel']",
    "grid.perturbation=['damage']",
    "grid.rng_seed=[0,1,2,3,4]",
    "profile.blocks=6",
    "profile.warm_up=1",
    "profile.batch=32",  # so that what is timed is arithmetic, as the reference's work is
    "profile.steps_per_block=4",
    "profile.train_batch=16",
    "profile.train_steps=4",
)
CELL = "nca sobel mlp emoji damage: rgba_mse/before"
TIMED = "nca sobel mlp emoji: inference"


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Asked, Path, Baseline]:
    home = tmp_path_factory.mktemp("check")
    asked = Asked(
        path=TINY,
        space=Workspace(results=home / "results"),
        sets=SETS,
        device="cpu",
        processes=2,
    )
    path = home / "baselines" / "tiny.json"
    for _ in range(2):  # a machine that does something else meanwhile disturbs the clocks
        with contextlib.suppress(NothingMeasured):
            return asked, path, update(asked, baseline=path)
    return asked, path, update(asked, baseline=path)


def words(found: checking.Check) -> dict[str, str]:
    return {one.cell: one.word for one in found.checked}


def changed(
    captured: tuple[Asked, Path, Baseline], tmp_path: Path, change
) -> tuple[Asked, Path]:
    asked, path, _ = captured
    raw = json.loads(path.read_text())
    change(raw)
    other = tmp_path / "other.json"
    other.write_text(json.dumps(raw))
    return asked, other


def scale(raw, factor: float) -> None:
    cell = raw["quality"][CELL]
    cell["first"] = {seed: value * factor for seed, value in cell["first"].items()}
    cell["second"] = {seed: value * factor for seed, value in cell["second"].items()}


def test_a_baseline_holds_five_rng_seeds_of_two_captures_and_both_phases(captured):
    base = captured[2]
    assert read(captured[1]) == base
    assert list(base.quality[CELL].first) == list(base.quality[CELL].second) == [0, 1, 2, 3, 4]
    assert [one.threads for one in base.captures] == [1, 2]
    assert len(base.timings[0].cells[TIMED].cpu) == 2
    assert {name.rpartition(": ")[2] for name in base.timings[0].cells} == {
        "inference",
        "training",
    }


def test_a_suite_that_did_not_change_has_no_worse_cell(captured):
    asked, path, base = captured
    found = words(check(asked, baseline=path, latest=True))
    assert {found[name] for name in base.quality} == {"ok"}
    assert {found[name] for name in base.timings[0].cells} == {"not compared"}


@pytest.mark.parametrize(("factor", "word"), [(1 / 1.1, "worse"), (1.1, "better")])
def test_a_tenth_of_the_quality_is_seen(captured, tmp_path, factor, word):
    asked, other = changed(captured, tmp_path, lambda raw: scale(raw, factor))
    found = words(check(asked, baseline=other, latest=True))
    assert found.pop(CELL) == word
    assert "worse" not in found.values()


def test_time_is_taken_anew_and_compared_with_the_baselines(captured, tmp_path):
    def slow(raw) -> None:
        cell = raw["timings"][0]["cells"][TIMED]
        cell["cpu"] = [[one / 100 for one in capture] * 4 for capture in cell["cpu"]]

    asked, other = changed(captured, tmp_path, slow)
    found = {
        one.cell: one for one in check(replace(asked, processes=4), baseline=other).checked
    }
    assert found[TIMED].word == "slower"
    assert found[TIMED].n == 4
    assert found[TIMED].change > 10


def test_an_entry_that_another_key_changed_is_outdated(captured):
    asked, path, _ = captured
    again = replace(asked, sets=(*SETS, "train.iterations=13"))
    found = check(again, baseline=path)
    assert words(found)[CELL] in ("outdated", "worse")
    assert exit_code(found.checked) in (5, 6)


def test_a_cell_that_is_not_measured_any_more_is_outdated(captured, tmp_path):
    def more(raw) -> None:
        raw["quality"]["gone"] = raw["quality"][CELL]

    asked, other = changed(captured, tmp_path, more)
    found = check(asked, baseline=other, latest=True)
    assert words(found)["gone"] == "outdated"
    assert exit_code(found.checked) == 6


def test_another_preset_is_not_compared(captured, tmp_path):
    asked, _, base = captured
    other = tmp_path / "b.json"
    other.write_text(dump(replace(base, preset="smoke")))
    with pytest.raises(NothingMeasured, match="holds the preset 'smoke', not 'paper'"):
        check(asked, baseline=other, latest=True)


def test_captures_that_disagree_make_no_baseline(captured):
    cells = dict(captured[2].quality)
    off = {seed: 1.1 * value for seed, value in cells[CELL].first.items()}
    cells[CELL] = replace(cells[CELL], second=off)
    insist_on_agreement(captured[2].quality, captured[2].timings[:0])
    with pytest.raises(NothingMeasured, match=rf"captures disagree.*\n{CELL}: the second"):
        insist_on_agreement(cells, ())


def typed(captured: tuple[Asked, Path, Baseline], *words: object) -> list[object]:
    asked, _, _ = captured
    sets = [word for text in SETS for word in ("--set", text)]
    return ["check", TINY, "--results", asked.space.results, "--device", "cpu", *sets, *words]


def test_the_command_prints_every_cell_and_appends_a_summary(captured, ncabench, tmp_path):
    summary = tmp_path / "summary.md"
    summary.write_text("# before\n")
    words = typed(captured, "--baseline", captured[1], "--latest", "--summary", summary)
    code, out, _ = ncabench(*words)
    assert code == 0
    assert f"{CELL}\t" in out
    assert out.splitlines()[-1] == "tiny: 4 not compared, 9 ok"
    told = summary.read_text()
    assert told.startswith("# before\n## Regression check: tiny: 4 not compared, 9 ok\n")
    assert "4 cells not compared: no time was taken" in told


def test_a_regression_ends_the_command_with_5_and_stands_first(captured, ncabench, tmp_path):
    _, other = changed(captured, tmp_path, lambda raw: scale(raw, 1 / 1.1))
    summary = tmp_path / "summary.md"
    words = typed(captured, "--baseline", other, "--latest", "--summary", summary, "--json")
    code, out, _ = ncabench(*words)
    assert code == 5
    (worse,) = [one for one in json.loads(out)["cells"] if one["word"] == "worse"]
    assert (worse["cell"], round(worse["change"], 6)) == (CELL, 0.1)
    assert summary.read_text().splitlines()[2].startswith(f"- **worse**: {CELL}: ")


def test_without_a_baseline_the_command_ends_with_6(captured, ncabench, tmp_path):
    code, out, err = ncabench(*typed(captured, "--baseline", tmp_path / "none.json"))
    assert (code, out) == (6, "")
    assert "there is no baseline to compare with" in err


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (["ok", "not compared"], 0),
        (["better", "faster"], 0),
        (["ok", "slower", "failed", "outdated"], 5),
        (["worse"], 5),
        (["ok", "failed", "outdated"], 3),
        (["ok", "outdated"], 6),
        (["not compared"], 6),
        ([], 6),
    ],
)
def test_the_gravest_word_decides_the_exit_code(found, code):
    assert exit_code([Checked(cell="x", part="quality", word=word) for word in found]) == code
