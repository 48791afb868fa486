import io

from PIL import Image

from ncabench.report import frames


def greys(found):
    return [one.picture.getpixel((0, 0))[0] for one in found]


def test_a_strip_is_cut_into_the_frames_that_a_run_drew(strip):
    found = frames.cut(strip(0, 120, 255, steps=[0, 149, 2784]))
    assert [one.step for one in found] == [0, 149, 2784]
    assert greys(found) == [0, 120, 255]
    assert [(one.left, one.picture.size) for one in found][1] == (50, (48, 48))


def test_frames_of_pictures_one_under_another_are_cut_by_their_rows(strip):
    png = strip(0, 90, 180, 10, 20, 30, steps=[62, 449], rows=3)
    assert (frames.rows_of(png, count=2), frames.rows_of(png, count=3)) == (3, 0)
    assert frames.cut(png) == ()
    second = frames.cut(png, rows=3)[1]
    assert (second.step, second.picture.size) == (449, (48, 144))
    assert [second.picture.getpixel((0, y))[0] for y in (0, 48, 96)] == [10, 20, 30]


def test_a_picture_that_is_no_strip_has_no_frames():
    written = io.BytesIO()
    Image.new("L", (40, 30)).save(written, "PNG")
    assert frames.cut(written.getvalue()) == ()


def test_a_damaged_strip_has_no_frames(strip):
    assert frames.cut(strip(0, 120, steps=[0, 1])[:-40]) == ()
    assert (frames.cut(b"no picture"), frames.rows_of(b"no picture", count=2)) == ((), 0)


def test_a_time_that_is_no_number_is_not_read(strip):
    with Image.open(io.BytesIO(strip(0, 9, steps=[1, 2]))) as made:
        made.paste(255, (0, 48, 48, 60))  # no caption below the first
        written = io.BytesIO()
        made.save(written, "PNG")
    assert [one.step for one in frames.cut(written.getvalue())] == [None, 2]


def test_a_state_was_perturbed_where_a_time_stands_twice(strip):
    found = frames.cut(strip(0, 1, 2, 3, 4, steps=[0, 64, 64, 128, 128]))
    assert frames.perturbed(found) == (2, 4)
