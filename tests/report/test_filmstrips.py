import pytest

from ncabench.errors import RecordError
from ncabench.report import filmstrips


def test_each_filmstrip_is_named_by_its_grid_point(plan, store):
    entry = plan.evaluations({"perception": "sobel", "perturbation": "damage"})[0]
    run = store(entry, files={"filmstrip-fire to apple.png": b"png", "weights.png": b"no"})
    picture = filmstrips.collect(plan, [run], folder="filmstrips")[0]
    assert picture.path.name == "nca-sobel-mlp-emoji-damage-seed0-fire_to_apple.png"
    assert picture.caption == "nca, sobel, mlp, emoji, damage, seed0: fire to apple (cpu)"
    assert picture.data == b"png"


def test_other_files_of_a_run_are_no_filmstrips(plan, store):
    run = store(plan.evaluations()[0], files={"frames.png": b"no", "filmstrip-x.txt": b"no"})
    assert filmstrips.collect(plan, [run], folder="f") == ()


def test_a_filmstrip_that_is_gone_is_named(plan, store):
    run = store(plan.evaluations()[0], files={"filmstrip-x.png": b"png"})
    path = run.artifact("filmstrip-x.png")
    path.unlink()
    with pytest.raises(RecordError, match=r"has no artifact 'filmstrip-x\.png'"):
        filmstrips.collect(plan, [run], folder="f")
