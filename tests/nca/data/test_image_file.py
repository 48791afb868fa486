import numpy as np
import pytest
from PIL import Image

from ncabench.nca.data.image_file import ImageFile
from ncabench.nca.data.noto_emoji import NotoEmoji

PIXELS = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def save(path, *, mode="RGBA", **options):
    Image.fromarray(PIXELS).convert(mode).save(path, **options)
    return str(path)


def message(selection, root=None):
    with pytest.raises(ValueError) as caught:
        ImageFile(root).digest(selection)
    return str(caught.value)


def test_a_users_png_is_read_as_it_is(tmp_path):
    assert np.array_equal(ImageFile().load(save(tmp_path / "mine.png")), PIXELS[None])


def test_an_image_without_alpha_is_opaque(tmp_path):
    found = ImageFile().load(save(tmp_path / "mine.png", mode="RGB"))
    assert np.array_equal(found[0, :, :, :3], PIXELS[:, :, :3])
    assert (found[..., 3] == 255).all()


def test_a_relative_path_is_looked_for_under_root(tmp_path):
    save(tmp_path / "mine.png")
    assert ImageFile(tmp_path).load("mine.png").shape == (1, 2, 3, 4)


def test_a_shipped_drawing_is_read_by_name():
    assert np.array_equal(ImageFile().load("fire"), NotoEmoji().load(["fire"]))


def test_the_digest_is_of_the_pixels_and_not_of_the_file(tmp_path):
    small = save(tmp_path / "small.png", compress_level=9)
    large = save(tmp_path / "large.png", compress_level=0)
    opaque = save(tmp_path / "opaque.png", mode="RGB")
    assert ImageFile().digest(small) == ImageFile().digest(large) != ImageFile().digest(opaque)


def test_the_digest_tells_shapes_apart(tmp_path):
    for name, shape in (("wide", (2, 3, 4)), ("tall", (3, 2, 4))):
        Image.fromarray(PIXELS.reshape(shape)).save(tmp_path / f"{name}.png")
    data = ImageFile(tmp_path)
    assert data.digest("wide.png") != data.digest("tall.png")


def test_a_missing_file_is_refused_with_the_nearest(tmp_path):
    save(tmp_path / "lizard.png")
    assert message("lizzard.png", tmp_path) == (
        f"{tmp_path / 'lizzard.png'}: no such file, and no shipped drawing of that name\n"
        "  accepted: fire, four_leaf_clover, lizard.png, loudly_crying_face, party_popper, "
        "red_apple\n"
        "  did you mean 'lizard.png'?"
    )


def test_a_folder_is_refused(tmp_path):
    assert message(str(tmp_path)) == f"{tmp_path}: a folder, where a PNG file is expected"


def test_text_that_is_named_png_is_refused(tmp_path):
    path = tmp_path / "text.png"
    path.write_text("no image")
    assert message(str(path)) == f"{path}: not a PNG image, or a broken one"


def test_another_format_is_refused(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(PIXELS[:, :, :3]).save(path, format="JPEG")
    assert message(str(path)) == f"{path}: not a PNG image, or a broken one"


@pytest.mark.parametrize("lost", [24, 40, 60])
def test_a_png_that_breaks_off_is_refused(tmp_path, lost):
    path = tmp_path / "broken.png"
    save(path, compress_level=0)
    path.write_bytes(path.read_bytes()[:-lost])
    assert message(str(path)).startswith(f"{path}: not ")


def test_sixteen_bits_a_channel_are_refused(tmp_path):
    path = tmp_path / "deep.png"
    Image.fromarray(np.full((2, 2), 40_000, dtype=np.uint16)).save(path)
    assert message(str(path)) == f"{path}: 16 bits a channel; save it with 8 bits instead"


@pytest.mark.parametrize("selection", ["", 3])
def test_a_selection_that_is_no_name_is_refused(selection):
    expected = f"expected a drawing's name or a path, found {selection!r}"
    assert message(selection) == expected
