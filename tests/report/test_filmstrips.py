import io

from PIL import Image

from ncabench.report import filmstrips


def png(width, height=8):
    """A strip of a black and a white half."""
    strip = Image.new("L", (width, height))
    strip.paste(255, (width // 2, 0, width, height))
    written = io.BytesIO()
    strip.save(written, "PNG")
    return written.getvalue()


def test_each_filmstrip_is_named_by_its_grid_point(plan, store):
    entry = plan.evaluations({"perception": "sobel", "perturbation": "damage"})[0]
    run = store(entry, files={"filmstrip-fire to apple.png": png(80), "weights.png": b"no"})
    picture = filmstrips.collect(plan, [run], folder="filmstrips")[0]
    assert picture.path.name == "nca-sobel-mlp-emoji-damage-seed0-fire_to_apple.png"
    assert picture.caption == "nca, sobel, mlp, emoji, damage, seed0: fire to apple (cpu)"
    assert picture.data == png(80)


def test_other_files_of_a_run_are_no_filmstrips(plan, store):
    run = store(plan.evaluations()[0], files={"frames.png": b"no", "filmstrip-x.txt": b"no"})
    assert filmstrips.collect(plan, [run], folder="f") == ()


def test_a_filmstrip_that_stayed_behind_is_left_out(plan, store):
    run = store(
        plan.evaluations()[0], files={"filmstrip-x.png": png(8), "filmstrip-y.png": b""}
    )
    run.artifact("filmstrip-y.png").unlink()
    (picture,) = filmstrips.collect(plan, [run], folder="f")
    assert picture.data == png(8)


def test_a_strip_of_large_frames_is_shown_smaller(plan, store):
    run = store(plan.evaluations()[0], files={"filmstrip-x.png": png(4098, 9)})
    (picture,) = filmstrips.collect(plan, [run], folder="f")
    shown = Image.open(io.BytesIO(picture.data))
    assert shown.size == (1366, 3)
    assert [shown.getpixel((x, 1)) for x in (682, 683)] == [0, 255]
