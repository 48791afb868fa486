"""What `ncabench tune` refuses before anything is run, each message whole."""

from pathlib import Path

import pytest

GROWN = Path(__file__).parent / "grown.toml"
RATE = "train.optimiser.learning_rate"


@pytest.fixture
def refused(ncabench, tmp_path, monkeypatch):
    """Tunes the suite with some text replaced; returns what it is refused with."""
    monkeypatch.chdir(tmp_path)

    def refused(*changes, words=()):
        text = GROWN.read_text()
        for old, new in changes:
            assert text.count(old) == 1, f"{old!r} must stand once in the suite"
            text = text.replace(old, new)
        Path("grown.toml").write_text(text)
        code, out, err = ncabench("tune", "grown.toml", "--device", "cpu", *words)
        assert (code, out, list(Path().glob("results/runs"))) == (2, "", [])
        return err.strip()

    return refused


def test_a_suite_without_a_study(refused):
    text = GROWN.read_text()
    for_study = text[text.index("[tune]\n") :]
    presets = text[text.index("[preset.tpe.tune]") : text.index("[tune]\n")]
    assert refused((for_study, ""), (presets, "")) == (
        "grown.toml:\ntune: the suite has no section [tune], which says what is varied and "
        "measured"
    )


def test_a_key_that_changes_no_run(refused):
    change = (
        f'[tune.space."{RATE}"]\nchoices = [1e-2, 1e30] ',
        '[tune.space."execution.log_every"]\nchoices = [1, 2]',
    )
    assert refused(change) == (
        "grown.toml:\n"
        "tune.space.\"execution.log_every\": changes nothing that 'rgba_mse/before' is "
        "measured of"
    )


def test_a_choice_that_a_constructor_refuses(refused):
    said = refused(
        (
            '"train.pool.size"]\nchoices = [4, 8]',
            '"protocol.recovery.rollouts"]\nchoices = [4, 0]',
        )
    )
    assert said.splitlines()[1] == (
        f'tune.space."{RATE}" and tune.space."protocol.recovery.rollouts": '
        "protocol.recovery: rollouts must be at least 1, not 0"
    )


def test_grid_points_that_there_are_not(refused):
    said = refused(('where = { perturbation = "damage" }', 'where = { recipe = "fast" }'))
    assert said.startswith("grown.toml:\ntune.where.recipe: there is no [recipe.fast]")


OPTIONS = {
    "no trials": (
        ("--trials", "0"),
        "grown.toml:\n--trials: expected 1 or more, found 0",
    ),
    "a name that is a path": (
        ("--study", "../x"),
        "--study: a name is made of letters, digits and _ . -, found '../x'",
    ),
    "an overlay over its own JSON": (
        ("--out", "best.json"),
        "--out: expected a name that ends in .toml, found 'best.json'",
    ),
    "an overlay that is not there": (
        ("--set", "@best.toml"),
        "best.toml:\nthere is no such file\n  accepted: grown.toml",
    ),
}


@pytest.mark.parametrize(("words", "message"), OPTIONS.values(), ids=OPTIONS)
def test_a_wrong_option(refused, words, message):
    assert refused(words=words) == message
