"""Each message that a wrong suite file gets, whole."""

from pathlib import Path

import pytest

from ncabench.errors import SuiteError
from ncabench.suite.document import load


def refused(path, **keywords):
    with pytest.raises(SuiteError) as caught:
        load(path, **keywords)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_a_missing_file_names_the_nearest(write):
    write()
    assert refused(Path("smal.toml")) == (
        "smal.toml:\nthere is no such file\n"
        "  accepted: small.toml\n  did you mean 'small.toml'?"
    )


def test_a_missing_folder_is_named(tmp_path):
    path = tmp_path / "suits" / "small.toml"
    assert refused(path) == f"{path}:\nthere is no folder {path.parent}"


def test_a_folder_is_no_suite(write, tmp_path):
    write()
    assert refused(tmp_path) == (
        f"{tmp_path}:\nis a directory; name a suite file in it\n  accepted: small.toml"
    )


def test_a_picture_is_no_suite(tmp_path):
    path = tmp_path / "picture.toml"
    path.write_bytes(b"\x89PNG\r\n")
    assert refused(path) == f"{path}:\nis not a text file in UTF-8 (see byte 0)"


def test_invalid_toml_says_where(write):
    assert refused(write(("iterations = 10", "iterations 10"))) == (
        "small.toml:\nis not valid TOML: Expected '=' after a key in a key/value pair "
        "(at line 36, column 12)"
    )


def test_a_key_set_twice_is_invalid_toml(write):
    message = refused(write(("kernel_size = 3", "kernel_size = 3\nkernel_size = 5")))
    assert (
        message
        == "small.toml:\nis not valid TOML: Cannot overwrite a value (at line 19, column 16)"
    )


WRONG = {
    "an unknown top-level key": (
        ("[train]", "[trian]\nx = 1\n[train]"),
        "trian: there is no such key\n"
        "  accepted: claim, default_preset, deviation, exclude, execution, expect, "
        "figure, graft, grid, include, metric, model, paper, perception, perturbation, preset, "
        "profile, profile_at, protocol, "
        "recipe, table, task, title, train, tune, update\n"
        "  did you mean 'train'?",
    ),
    "no title": (('title = "Small"\n', ""), "title: it is needed, and not set"),
    "a title that is a number": (
        ('title = "Small"', "title = 3"),
        "title: expected str, found 3",
    ),
    "an unknown axis": (
        ("perturbation = [", "perturbaton = ["),
        "grid.perturbaton: there is no such key\n"
        "  accepted: model, perception, perturbation, protocol, recipe, rng_seed, task, "
        "update\n"
        "  did you mean 'perturbation'?",
    ),
    "an axis that names nothing": (
        ('"sobel", "conv3x3"]', '"sobel", "conv3x4"]'),
        "grid.perception[1]: there is no [perception.conv3x4] in this suite\n"
        "  accepted: conv3x3, sobel\n"
        "  did you mean 'conv3x3'?",
    ),
    "an empty axis": (
        ("rng_seed = [0, 1]", "rng_seed = []"),
        "grid.rng_seed: is empty, so there is nothing to run",
    ),
    "a value twice": (
        ("rng_seed = [0, 1]", "rng_seed = [1, 1]"),
        "grid.rng_seed[1]: 1 stands here twice",
    ),
    "an rng_seed that is a word": (
        ("rng_seed = [0, 1]", 'rng_seed = [0, "one"]'),
        "grid.rng_seed[1]: expected an integer from 0 to 4294967295, found 'one'",
    ),
    "a negative rng_seed": (
        ("rng_seed = [0, 1]", "rng_seed = -1"),
        "grid.rng_seed: expected an integer from 0 to 4294967295, found -1",
    ),
    "a perception that is a number": (
        ('"sobel", "conv3x3"]', '"sobel", 3]'),
        "grid.perception[1]: expected the name of a perception, found 3",
    ),
    "a component without a kind": (
        ('[update.mlp]\nkind = "mlp"', "[update.mlp]"),
        "update.mlp.kind: no kind is set\n  accepted: mlp, relu_mlp, resnet",
    ),
    "a component that is no table": (
        ('[update.mlp]\nkind = "mlp"', '[update]\nmlp = "mlp"'),
        "update.mlp: expected a table [update.NAME], found 'mlp'",
    ),
    "a wrong type": (
        ("kernel_size = 3", "kernel_size = 3.5"),
        "perception.conv3x3.kernel_size: expected int, found 3.5",
    ),
    "a wrong choice": (
        ('kind = "sobel"', 'kind = "sobel"\npadding = "zero"'),
        "perception.sobel.padding: expected Literal['circular', 'zeros'], found 'zero'\n"
        "  accepted: circular, zeros\n"
        "  did you mean 'zeros'?",
    ),
    "a missing parameter": (
        ("iterations = 10\n", ""),
        "train.iterations: rollout needs it (int), and it is not set",
    ),
    "a wrong parameter of a nested component": (
        ("learning_rate", "learning_rat"),
        "train.optimiser.learning_rat: adam has no parameter 'learning_rat'\n"
        "  accepted: betas, epsilon, learning_rate\n"
        "  did you mean 'learning_rate'?\n"
        "train.optimiser.learning_rate: adam needs it (float), and it is not set",
    ),
    "a misspelt nested kind": (
        ('kind = "cosine"', 'kind = "cosin"'),
        "train.schedule.kind: no schedule is called 'cosin'\n"
        "  accepted: constant, cosine, restarts, stable_decay\n"
        "  did you mean 'cosine'?",
    ),
    "a number that is not finite": (
        ("1e-3", "inf"),
        "train.optimiser.learning_rate: expected a finite number, found inf",
    ),
    "a date": (
        ("iterations = 10", "iterations = 2026-01-01"),
        "train.iterations: expected no date or time, found 2026-01-01\n"
        "train.iterations: expected int, found datetime.date(2026, 1, 1)",
    ),
    "a trainer that is misspelt": (
        ("[train]\n", '[train]\nkind = "rolout"\n'),
        "train.kind: no trainer is called 'rolout'\n"
        "  accepted: adversarial, autoencoder, denoising, latent_restoration, latent_rollout, "
        "one_pass, pixel_rollout, restoration, rollout, skip_autoencoder, stages, "
        "textured_rollout, wgan_gp\n"
        "  did you mean 'rollout'?",
    ),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_value_is_refused_with_its_path(write, change, message):
    assert refused(write(change)) == f"small.toml:\n{message}"


ADDED = {
    "an unknown key of a section": (
        "[execution]\nthread = 2\n",
        "execution.thread: there is no such key\n"
        "  accepted: checkpoint_s, deterministic, engine, evaluation_rng_seed, log_every, "
        "memory_limit_gb, precision, threads, timeout_s, together\n"
        "  did you mean 'threads'?",
    ),
    "a number out of range": (
        "[execution]\nthreads = 0\n",
        "execution.threads: expected 1 or more, found 0",
    ),
    "a group without a member": (
        "[execution]\ntogether = 0\n",
        "execution.together: expected 1 or more, found 0",
    ),
    "an unknown engine": (
        "[execution]\nengine = 'compild'\n",
        "execution.engine: expected Literal['auto', 'eager', 'compiled', 'fused'], "
        "found 'compild'\n"
        "  accepted: auto, compiled, eager, fused\n"
        "  did you mean 'compiled'?",
    ),
    "a wrong type in a section": (
        "[profile]\nblocks = true\n",
        "profile.blocks: expected int, found True",
    ),
    "a table that selects nothing": (
        '[[table]]\nid = "t"\ntitle = "T"\n'
        'row = [{ label = "a", where = { perception = "sobl" } }]\n'
        'column = [{ label = "b", value = "rgba_mse/before" }]\n',
        "table[0].row[0].where.perception: there is no [perception.sobl] in this suite\n"
        "  accepted: conv3x3, sobel\n"
        "  did you mean 'sobel'?",
    ),
    "a column of no metric": (
        '[[table]]\nid = "t"\ntitle = "T"\nrow = [{ label = "a" }]\n'
        'column = [{ label = "b", value = "rgb_mse/before" }]\n',
        "table[0].column[0].value: no such value is measured: 'rgb_mse/before'\n"
        "  accepted: parameters, profile/..., protocol/..., rgba_mse/..., training/...\n"
        "  did you mean 'rgba_mse/...'?",
    ),
    "a table without rows": (
        '[[table]]\nid = "t"\ntitle = "T"\ncolumn = [{ label = "b", value = "parameters" }]\n',
        "table[0].row: a table needs at least one, and there is none",
    ),
    "a deviation that does not say why": (
        '[[deviation]]\npaper = "a"\nhere = "b"\n',
        "deviation[0].why: it is needed, and not set",
    ),
    "a name that MLflow would refuse": (
        '[metric."my metric"]\nkind = "mse"\n',
        "metric.my metric: a name is made of letters, digits and _ . -, found 'my metric'",
    ),
    "a name that a relation could not tell from its own words": (
        '[metric.every]\nkind = "mse"\n',
        "metric.every: 'every' is a word of relations between names, and none itself",
    ),
    "a claim written as one table": (
        '[claim]\nid = "c"\n',
        "claim: expected an array of tables, [[claim]], found {'id': 'c'}",
    ),
    "an unknown outcome": (
        '[[expect]]\noutcome = "boom"\n',
        "expect[0].outcome: expected Literal['oom', 'diverged', 'timeout', 'crashed', "
        "'no_data', 'infeasible', 'skipped'], found 'boom'\n"
        "  accepted: crashed, diverged, infeasible, no_data, oom, skipped, timeout\n"
        "  did you mean 'oom'?",
    ),
    "two claims of one name": (
        '[[claim]]\nid = "c"\nstatement = "s"\nsource = "1"\n'
        'value = "parameters"\nrelation = "sobel < conv3x3"\n' * 2,
        "claim[1].id: 'c' stands here twice",
    ),
    "an include that is one table": (
        '[include]\nmodel = "nca"\n',
        "include: expected an array of tables, [[include]], found {'model': 'nca'}",
    ),
    "an unknown key of a preset": (
        "[preset.smoke]\ntrian.iterations = 2\n",
        "preset.smoke.trian: there is no such key\n"
        "  accepted: claim, deviation, exclude, execution, expect, figure, graft, grid, "
        "include, metric, model, paper, perception, perturbation, profile, profile_at, "
        "protocol, recipe, table, task, "
        "title, train, tune, update\n"
        "  did you mean 'train'?",
    ),
    "a recipe with an unknown key": (
        "[recipe.fast]\niteratons = 2\n",
        "recipe.fast.iteratons: rollout has no parameter 'iteratons'\n"
        "  accepted: accumulation, batch, checkpoint_segments, clip_norm, iterations, loss, "
        "normalise_gradients, optimiser, overflow, pool, schedule, steps\n"
        "  did you mean 'iterations'?",
    ),
}


@pytest.mark.parametrize(("added", "message"), ADDED.values(), ids=ADDED)
def test_a_wrong_section_is_refused_with_its_path(write, added, message):
    assert refused(write(added=added)) == f"small.toml:\n{message}"


def test_an_empty_grid_has_nothing_to_run(write):
    path = write()
    head, _, tail = path.read_text().partition("[grid]")
    path.write_text(head + "[grid]\n" + tail[tail.index("[model.nca]") :])
    assert refused(path) == "small.toml:\ngrid: names no axis, so there is nothing to run"


def test_an_unknown_preset_lists_those_there_are(write):
    path = write(added="[preset.smoke]\ntrain.iterations = 2\n")
    assert refused(path, preset="smok") == (
        "small.toml:\n--preset: there is no preset 'smok'\n"
        "  accepted: paper, smoke\n"
        "  did you mean 'smoke'?"
    )


SETS = {
    "train.iterations": "--set: expected KEY.PATH=VALUE, such as train.iterations=200, "
    "found 'train.iterations'",
    "=3": "--set: expected KEY.PATH=VALUE, such as train.iterations=200, found '=3'",
    "train.iterations=many": "train.iterations: expected int, found 'many'",
    "train.iterations.x=1": "train.iterations: expected int, found {'x': 1}",
}


@pytest.mark.parametrize(("text", "message"), SETS.items(), ids=SETS)
def test_a_wrong_set_says_what_was_expected(write, text, message):
    assert refused(write(), sets=[text]) == f"small.toml:\n{message}"


def test_sets_that_contradict_each_other_are_refused(write):
    sets = ["train.x=1", "train.x.y=2"]
    assert "train.x: --set makes it both a value and a table (train.x.y)" in refused(
        write(), sets=sets
    )
