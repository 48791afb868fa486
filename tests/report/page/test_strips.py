import base64
import io
import json

import pytest
from PIL import Image

from ncabench.report.page import strips

MANY = 10**7  # bytes


@pytest.fixture
def run(plan, store):
    def make(*names):
        files = {f"filmstrip-{name}.png": b"" for name in names}
        return store(plan.of("evaluation")[0], files=files)

    return make


def only(run):
    return strips.collect([run], most_bytes=MANY).of[run.run_id][0]


def test_the_frames_of_a_strip_and_their_times_are_found(run, draw):
    made = run("fire")
    draw(made.folder / "filmstrip-fire.png", steps=[0, 40, 149], side=32)
    found = only(made)
    assert (found["name"], found["frames"], found["steps"]) == ("fire", 3, [0, 40, 149])
    assert (found["stride"], found["frame_width"], found["frame_height"]) == (34, 32, 32)


def test_a_strip_that_is_not_of_squares_is_one_picture(run):
    made = run("samples")
    Image.new("RGB", (334, 412), "white").save(made.folder / "filmstrip-samples.png")
    found = only(made)
    assert (found["frames"], found["steps"]) == (1, [])
    assert (found["frame_width"], found["frame_height"]) == (334, 412)


def test_times_that_cannot_be_read_are_not_told(run):
    made = run("fire")
    Image.new("RGB", (66, 44), "grey").save(made.folder / "filmstrip-fire.png")
    found = only(made)
    assert (found["frames"], found["steps"]) == (2, [])


def test_a_wide_strip_is_shown_smaller_with_its_frames_in_place(run, draw):
    made = run("fire")
    draw(made.folder / "filmstrip-fire.png", steps=[0, 1, 2, 3, 4, 5, 6], side=256)
    found = only(made)
    shown = Image.open(io.BytesIO(base64.b64decode(found["png"])))
    assert (found["stride"], found["frame_width"]) == (129, 128)
    assert shown.size == (902, 134) == (found["width"], found["height"])
    greys = [shown.getpixel((place * 129 + 64, 64))[0] for place in range(7)]
    assert greys == [0, 40, 80, 120, 160, 200, 240]


def test_a_run_has_the_first_few_strips_and_the_others_are_counted(run, draw):
    made = run(*"abcdef")
    for name in "abcdef":
        draw(made.folder / f"filmstrip-{name}.png", steps=[0, 1])
    found = strips.collect([made], most_bytes=MANY)
    assert [one["name"] for one in found.of[made.run_id]] == list("abcde")
    assert (found.kept, found.left_out) == (6, 1)


def test_pictures_beyond_the_cap_stay_out_the_first_of_each_run_last(run, draw):
    made = [run("a", "b"), run("a", "b")]
    for one in made:
        for name in "ab":
            draw(one.folder / f"filmstrip-{name}.png", steps=[0, 1])
    size = len(json.dumps(strips.collect(made[:1], most_bytes=MANY).of[made[0].run_id][0]))
    found = strips.collect(made, most_bytes=2 * (size + strips.MARK))
    assert [[strip["name"] for strip in found.of[one.run_id]] for one in made] == [["a"], ["a"]]
    assert found.left_out == 2


def test_a_strip_that_stayed_behind_is_left_out(run):
    made = run("fire")
    (made.folder / "filmstrip-fire.png").unlink()
    found = strips.collect([made], most_bytes=MANY)
    assert (found.of, found.kept, found.left_out) == ({}, 1, 1)


@pytest.mark.parametrize(
    ("steps", "at", "wanted"),
    [
        ([0, 64, 64, 65, 128, 128, 192], [64, 128], [2, 5]),
        ([0, 300, 300, 301], [], []),  # nothing was done to the state there
        ([0, 0, 64, 64], [64], []),  # pictures of several states, not of one in time
        ([0, 1, 0, 1], [1], []),
        ([], [149], []),
    ],
)
def test_the_frame_after_a_perturbation_is_marked(steps, at, wanted):
    assert strips.marked({"steps": steps}, at=at)["perturbed"] == wanted
