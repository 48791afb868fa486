import io

from PIL import Image

from ncabench.report import filmstrips, frames


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


def marks(png, at):
    """The colours of a column of pixels that are the bar's."""
    shown = Image.open(io.BytesIO(png)).convert("RGB")
    return sum(shown.getpixel((at, y)) == (0xD5, 0x5E, 0x00) for y in range(shown.height))


def test_a_bar_stands_where_the_state_was_perturbed(plan, store, strip):
    made = strip(0, 90, 180, steps=[0, 149, 149])
    run = store(plan.evaluations()[0], files={"filmstrip-x.png": made})
    (picture,) = filmstrips.collect(plan, [run], folder="f")
    assert (marks(made, 98), marks(picture.data, 98), marks(picture.data, 48)) == (0, 60, 0)


def test_pairs_of_what_was_given_and_true_have_no_bar(plan, store, strip):
    made = strip(0, 90, steps=[64, 64])
    run = store(plan.evaluations()[0], files={"filmstrip-x_given_and_true.png": made})
    (picture,) = filmstrips.collect(plan, [run], folder="f")
    assert picture.data == made


def test_without_a_perturbation_there_is_no_bar(strip):
    made = strip(0, 90, steps=[64, 64])
    assert filmstrips.shown(made, mark=False) == made


def test_the_bar_is_explained_where_there_is_room(strip):
    narrow, wide = (strip(0, 90, steps=[8, 8], side=side) for side in (48, 120))
    words = []
    for made in (narrow, wide):
        shown = Image.open(io.BytesIO(filmstrips.shown(made, mark=True))).convert("RGB")
        side = shown.height - 12
        below = shown.crop((side + 2, side, shown.width, shown.height))
        words.append(any(red > blue + 40 for _, (red, _, blue) in below.getcolors()))
    assert words == [False, True]


def test_times_stay_as_large_where_frames_are_made_smaller(strip):
    made = strip(*range(0, 200, 20), steps=list(range(10)), side=200)
    found = frames.cut(filmstrips.shown(made, mark=False))
    assert [one.step for one in found] == list(range(10))
    assert found[9].picture.size == (100, 100)
    assert found[9].picture.getpixel((50, 50)) == (180, 180, 180)
