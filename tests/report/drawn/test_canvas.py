import io

from PIL import Image

from ncabench.report.drawn import canvas


def test_a_figure_has_the_size_that_was_asked_for():
    with canvas.figure(2.0, 1.0) as made:
        png = Image.open(io.BytesIO(canvas.saved(made, "png")))
    assert png.size == (300, 150)


def test_few_colours_of_a_picture_of_few_colours_are_its_own():
    picture = Image.new("RGB", (8, 8), "red")
    picture.paste((0, 0, 255), (0, 0, 4, 8))
    few = canvas.few_colours(picture)
    assert few.mode == "P"
    assert few.convert("RGB").tobytes() == picture.tobytes()
