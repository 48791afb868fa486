import json
import subprocess
import sys
from pathlib import Path

import pytest

from ncabench.errors import SuiteError
from ncabench.plan import planner
from ncabench.suite import document
from ncabench.suite.claims import defined_by, resolved

SUITES = Path(__file__).parents[2] / "suites"
UNET = '[[include]]\nmodel = "unet"\nrecipe = "mend"\n[model.unet]\nkind = "unet"\nbase = 6\n'
MEND = """\
[recipe.mend]
kind = "one_pass"
iterations = 5
optimiser = { kind = "adam", learning_rate = 1e-3 }
schedule = { kind = "constant" }
"""
QUALITY = '[protocol.quality]\nkind = "quality"\n'
ONE_PASS = '[protocol.mend]\nkind = "one_pass_recovery"\n'


def refused(plan, *changes, **keywords):
    with pytest.raises(SuiteError) as caught:
        plan(*changes, **keywords)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_one_training_serves_both_perturbations(plan):
    made = plan()
    assert [entry.role for entry in made.entries] == ["training"] * 4 + ["evaluation"] * 8
    first = made.entries[0]
    assert [labels["perturbation"] for labels in first.labels] == ["damage", "mutation"]
    assert [one.needs for one in made.evaluations(first.labels[0])] == [first.id]


def test_a_metric_of_whole_batches_needs_a_protocol_that_scores_them(plan):
    changes = ('[metric.rgba_mse]\nkind = "mse"', '[metric.psnr]\nkind = "batch_psnr"')
    assert refused(plan, changes).startswith(
        "small.toml:\nmetric.psnr.kind: batch_psnr has one value for a whole batch, and the "
        "protocol recovery does not score whole batches"
    )


def two_protocols(plan, *, perturbation="damage", quality=QUALITY, more=""):
    named = f'perturbation = ["{perturbation}"]\nprotocol = ["recovery", "quality"]'
    change = ('perturbation = ["damage", "mutation"]', named)
    none = '[perturbation.none]\nkind = "none"\n'
    return plan(change, added=quality + none + more)


def test_a_grid_may_ask_several_protocols_of_one_training(plan):
    made = two_protocols(plan, perturbation="none")
    assert [entry.role for entry in made.entries] == ["training"] * 4 + ["evaluation"] * 8
    where = {"perception": "sobel", "rng_seed": 0}
    kinds = [one.spec["protocol"]["kind"] for one in made.evaluations(where)]
    assert kinds == ["recovery", "quality"]
    [one] = made.evaluations({**where, "protocol": "quality"})
    assert one.spec["protocol"]["kind"] == "quality"


def test_a_protocol_that_is_named_must_fit_the_model(plan):
    quality = '[protocol.quality]\nkind = "one_pass_recovery"\n'
    with pytest.raises(SuiteError) as caught:
        two_protocols(plan, perturbation="none", quality=quality)
    [problem] = caught.value.problems
    assert (problem.where, problem.what) == (
        "protocol.quality",
        "a one_pass_recovery protocol cannot test model.nca (nca)",
    )
    assert {"recovery", "quality"} <= set(problem.accepted)


def test_a_suite_that_names_no_protocol_has_none_in_its_points(plan):
    assert all("protocol" not in labels for one in plan().entries for labels in one.labels)


def test_a_claim_may_name_a_protocol_where_points_do(plan):
    claim = (
        '[[claim]]\nid = "c"\nstatement = "s"\nsource = "s"\nvalue = "rgba_mse/final"\n'
        'relation = "sobel & protocol.recovery < conv3x3 & recovery"\n'
    )
    made = two_protocols(plan, perturbation="none", more=claim)
    [part] = resolved(made.suite.claims[0], defined=defined_by(made.suite)).parts
    assert part.comparison.left.names == ("sobel", "recovery")
    assert refused(plan, added=claim).startswith(
        "small.toml:\nclaim[0].relation: this suite defines no 'protocol.recovery'"
    )


def test_entries_are_in_the_order_of_the_grid(plan):
    points = [
        (one.labels[0]["perception"], one.labels[0]["rng_seed"]) for one in plan().trainings()
    ]
    assert points == [("sobel", 0), ("sobel", 1), ("conv3x3", 0), ("conv3x3", 1)]


def test_a_training_states_every_parameter(plan):
    spec = plan().trainings({"perception": "conv3x3", "rng_seed": 1})[0].spec
    assert spec["parts"]["perception"] == {
        "kind": "conv",
        "kernel_size": 3,
        "dilation": 1,
        "out_channels": 80,
        "slope": 0.2,
        "padding": "circular",
    }
    assert (spec["rng_seed"], spec["trainer"]["steps"], spec["trainer"]["pool"]) == (
        1,
        [48, 63],
        None,
    )
    assert spec["versions"]["perception/conv"] == 1
    assert spec["versions"]["schedule/cosine"] == 1
    assert json.loads(json.dumps(spec)) == spec


def test_the_data_stands_in_the_spec_with_its_digest(plan):
    data = plan().entries[0].spec["data"]
    assert data["kind"] == "noto_emoji"
    assert data["selection"][1] == "fire"
    assert len(data["digest"]) == 64


def test_an_evaluation_carries_its_training_and_all_metrics(plan):
    made = plan(added='[metric.psnr]\nkind = "psnr"\n[execution]\nevaluation_rng_seed = 9\n')
    training, evaluation = made.trainings()[0], made.evaluations()[0]
    assert evaluation.spec["training"] == training.spec
    assert evaluation.spec["training_id"] == training.id
    assert list(evaluation.spec["metrics"]) == ["rgba_mse", "psnr"]
    assert evaluation.spec["rng_seed"] == 9


def test_a_one_pass_model_has_no_perception_and_its_own_protocol(plan):
    made = plan(added=UNET + MEND + ONE_PASS)
    entry = made.evaluations({"model": "unet", "perturbation": "damage"})[0]
    assert "perception" not in entry.labels[0]
    assert entry.spec["protocol"]["kind"] == "one_pass_recovery"
    assert entry.spec["training"]["trainer"]["kind"] == "one_pass"
    assert len(made.trainings({"model": "unet"})) == 2  # the grid's rng_seeds


def test_there_is_one_profile_for_each_model_whatever_its_seed(plan):
    made = plan(added="[profile]\nblocks = 3\n")
    assert [{label["rng_seed"] for label in one.labels} for one in made.profiles()] == [{0}] * 2
    assert made.profiles()[0].spec["profile"]["blocks"] == 3


def test_repeated_profiles_are_entries_of_their_own_and_the_first_keeps_its_id(plan):
    once = plan(added="[profile]\n").profiles()
    thrice = plan(added="[profile]\nrepeats = 3\n").profiles()
    assert len({one.id for one in thrice}) == len(thrice) == 3 * len(once)
    assert [one.id for one in thrice if "repeat" not in one.spec] == [one.id for one in once]
    assert sorted(one.labels[0]["rng_seed"] for one in thrice) == [0, 0, 1, 1, 2, 2]


def test_an_exclude_drops_points_and_the_trainings_only_they_need(plan):
    made = plan(added='[[exclude]]\nperception = "sobel"\nrng_seed = [1]\n')
    assert (len(made.trainings()), len(made.evaluations())) == (3, 6)


def test_an_expected_outcome_is_marked(plan):
    made = plan(added='[[expect]]\noutcome = "oom"\nwhere = { perception = "sobel" }\n')
    assert [one.expect for one in made.trainings()] == [("oom",), ("oom",), (), ()]


def test_recipes_overlay_the_training(plan):
    made = plan(
        ("rng_seed = [0, 1]", 'recipe = ["short", "bare"]'),
        added='[recipe.short]\niterations = 2\n[recipe.bare]\nclip_norm = "none"\n',
    )
    short, bare = (made.trainings({"recipe": name})[0].spec for name in ("short", "bare"))
    assert (short["trainer"]["iterations"], short["trainer"]["clip_norm"]) == (2, 1.0)
    assert (bare["trainer"]["iterations"], bare["trainer"]["clip_norm"]) == (10, None)


def test_the_pool_of_table_5_is_that_of_table_1():
    pooled = planner.make(document.load(SUITES / "sample_pool_ablation.toml"))
    ablation = planner.make(document.load(SUITES / "perception_ablation.toml"))
    there = {one.id for one in ablation.trainings({"perception": "conv3x3"})}
    assert {one.id for one in pooled.trainings({"recipe": "with_pool"})} == there


@pytest.mark.parametrize("path", sorted(SUITES.glob("*.toml")), ids=lambda path: path.name)
@pytest.mark.parametrize("preset", ["paper", "short", "smoke"])
def test_every_row_and_column_of_a_shipped_suite_has_an_entry(path, preset):
    made = planner.make(document.load(path, preset=preset))
    for table in made.suite.tables:
        for where in [
            row.where | column.where for row in table.rows for column in table.columns
        ]:
            serving = made.evaluations if made.suite.trains else made.profiles
            assert serving(where), where


def test_planning_imports_no_torch():
    code = (
        "import sys; from pathlib import Path\n"
        "from ncabench.plan import planner; from ncabench.suite import document\n"
        "planner.make(document.load(Path(sys.argv[1])))\n"
        "sys.exit('torch' in sys.modules)"
    )
    suite = str(SUITES / "perception_ablation.toml")
    assert subprocess.run([sys.executable, "-c", code, suite], check=False).returncode == 0


def test_a_perturbation_that_the_task_cannot_offer_is_refused(plan):
    message = refused(plan, ('kind = "emoji"', 'kind = "grow_image"'))
    assert message == (
        "small.toml:\n"
        "perturbation.mutation: mutation needs a task that offers 'classes', which task.emoji "
        "(grow_image) does not; exclude the pair, or use another kind of task\n"
        "  accepted: emoji, grow_digit, image_classification, self_classification"
    )


def test_a_trainer_that_cannot_train_the_model_is_refused(plan):
    assert refused(plan, ("[train]\n", '[train]\nkind = "one_pass"\n')) == (
        "small.toml:\n"
        "train.kind: a one_pass trainer cannot train model.nca (nca)\n"
        "  accepted: denoising, rollout, wgan_gp"
    )


def test_a_model_that_no_protocol_can_test_is_refused(plan):
    assert refused(plan, added=UNET + MEND) == (
        "small.toml:\n"
        "protocol: model.unet (unet) needs one [protocol.NAME] of a kind that fits, and there "
        "is none\n"
        "  accepted: one_pass_recovery"
    )


def test_two_protocols_that_fit_are_one_too_many(plan):
    assert refused(plan, added='[protocol.other]\nkind = "recovery"\n') == (
        "small.toml:\n"
        "protocol: model.nca (nca) needs one [protocol.NAME] of a kind that fits, and there "
        "are 2\n"
        "  accepted: denoising, extreme_masks, generation, hidden_states, larger_grid, "
        "linear_probe, quality, recovery, resilience, stability, unseen_masks, update_rates"
    )


def test_an_axis_with_several_components_must_be_named(plan):
    assert refused(plan, added='[task.other]\nkind = "emoji"\n') == (
        "small.toml:\n"
        "grid.task: is not set, and the suite defines 2 tables [task.NAME]\n"
        "  accepted: emoji, other"
    )


def test_a_part_that_nobody_defines_is_asked_for(plan):
    assert refused(plan, ('[update.mlp]\nkind = "mlp"', "")) == (
        "small.toml:\ngrid.update: is needed, and the suite defines no [update.NAME]"
    )


def test_an_exclude_that_drops_nothing_is_refused(plan):
    assert refused(plan, added="[[exclude]]\nrng_seed = 5\n") == (
        "small.toml:\nexclude[0]: drops no point of the grid"
    )


def test_an_exclude_that_drops_everything_is_refused(plan):
    assert refused(plan, added='[[exclude]]\nmodel = "nca"\n') == (
        "small.toml:\nexclude: drops every point of the grid"
    )


def test_no_metric_measures_nothing(plan):
    assert refused(plan, ('[metric.rgba_mse]\nkind = "mse"', "")) == (
        "small.toml:\nmetric: there is no [metric.NAME] to measure"
    )


GROW = (
    ('kind = "emoji"', 'kind = "grow_image"\ntarget = "TARGET"'),
    ('perturbation = ["damage", "mutation"]', 'perturbation = ["damage"]'),
)


def growing(target):
    return [(old, new.replace("TARGET", str(target))) for old, new in GROW]


def test_a_missing_target_names_its_key_and_where_it_was_looked_for(plan, tmp_path):
    message = refused(plan, *growing("my/clover.png"))
    path = tmp_path / "my" / "clover.png"
    assert message.startswith(f"small.toml:\ntask.emoji.target: {path}: no such file")


def test_a_folder_is_no_target(plan, tmp_path):
    (tmp_path / "pictures").mkdir()
    message = refused(plan, *growing("./pictures"))
    assert message.startswith(
        f"small.toml:\ntask.emoji.target: {tmp_path / 'pictures'}: a folder"
    )


def test_a_text_file_is_no_target(plan, tmp_path):
    (tmp_path / "note.png").write_text("not a picture")
    message = refused(plan, *growing("note.png"))
    assert message.startswith(f"small.toml:\ntask.emoji.target: {tmp_path / 'note.png'}: ")


def test_a_misspelt_drawing_names_the_nearest(plan):
    message = refused(
        plan, ('kind = "emoji"', 'kind = "emoji"\nclasses = ["fire", "red_aple"]')
    )
    assert message.startswith("small.toml:\ntask.emoji.classes: ")
    assert message.endswith("did you mean 'red_apple'?")


def test_a_path_is_also_looked_for_beside_the_suite(tmp_path, monkeypatch, plan):
    shipped = Path(planner.__file__).parents[1] / "nca" / "data" / "noto" / "fire.png"
    (tmp_path / "mine.png").write_bytes(shipped.read_bytes())
    plan(*growing("mine.png"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    made = planner.make(document.load(tmp_path / "small.toml"))
    assert made.entries[0].spec["task"]["target"] == str(tmp_path / "mine.png")
