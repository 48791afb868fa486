import numpy as np
import pytest
from PIL import Image

from ncabench.errors import NoData
from ncabench.nca.data.pbr_material import COLOURED, GREY, PbrMaterial

SIZE = (4, 6)  # rows and columns


def draw(folder, size=SIZE):
    """Writes five maps of one colour or level each, and returns them as they should be read."""
    folder.mkdir(parents=True)
    for number, name in enumerate(COLOURED):
        colour = np.array([10, 20, 30], dtype=np.uint8) + 100 * number
        Image.fromarray(np.broadcast_to(colour, (*size, 3)).copy()).save(folder / f"{name}.png")
    for number, name in enumerate(GREY):
        level = np.full(size, 50 + number, dtype=np.uint8)
        Image.fromarray(level).save(folder / f"{name}.png")
    return [[10, 20, 30], [110, 120, 130], [50, 51, 52]]


@pytest.fixture
def bark(tmp_path):
    draw(tmp_path / "pbr_material" / "bark")
    return tmp_path


def test_three_images_hold_albedo_normals_and_the_grey_maps(tmp_path):
    colours = draw(tmp_path / "pbr_material" / "bark")
    data = PbrMaterial(tmp_path)
    found = data.load("bark")
    expected = np.broadcast_to(np.array(colours)[:, None, None], (3, *SIZE, 3))
    assert np.array_equal(found.images, expected)
    assert (data.missing(), found.classes) == ("", ("bark",))


def test_a_grey_map_of_16_bits_keeps_its_upper_eight(bark):
    deep = np.full(SIZE, 200 * 256 + 255, dtype=np.uint16)
    Image.fromarray(deep).save(bark / "pbr_material" / "bark" / "height.png")
    found = PbrMaterial(bark).load("bark").images[2]
    assert np.unique(found.reshape(-1, 3), axis=0).tolist() == [[200, 51, 52]]


def test_the_digest_names_what_is_in_the_files(bark):
    before = PbrMaterial(bark).digest("bark")
    assert PbrMaterial(bark).digest("bark") == before
    Image.new("L", SIZE[::-1], 7).save(bark / "pbr_material" / "bark" / "height.png")
    assert PbrMaterial(bark).digest("bark") != before


def test_without_a_material_it_is_said_how_one_is_put_there(tmp_path):
    assert PbrMaterial(tmp_path).missing() == (
        f"pbr_material: no material in {tmp_path}/pbr_material\n"
        "  to mend it: put one there: NAME/albedo.png, normal.png, height.png, roughness.png, "
        "occlusion.png"
    )
    assert PbrMaterial().missing() == (
        "pbr_material: no folder of data sets is named\n"
        "  to mend it: --data or NCABENCH_DATA names the folder of data sets"
    )


def test_a_map_that_is_missing_is_no_data(bark):
    path = bark / "pbr_material" / "bark" / "roughness.png"
    path.unlink()
    with pytest.raises(NoData) as caught:
        PbrMaterial(bark).digest("bark")
    assert str(caught.value) == (
        f"pbr_material: no roughness.png in {path.parent}\n  to mend it: put {path} there"
    )


def test_a_material_that_is_not_there_is_refused_with_the_nearest(bark):
    with pytest.raises(ValueError, match=r".") as caught:
        PbrMaterial(bark).load("barks")
    said = f"{bark}/pbr_material/barks: no such folder\n  did you mean 'bark'?"
    assert str(caught.value) == said


def test_maps_of_several_sizes_are_refused(bark):
    path = bark / "pbr_material" / "bark" / "occlusion.png"
    Image.new("L", (5, 5)).save(path)
    with pytest.raises(ValueError, match=r".") as caught:
        PbrMaterial(bark).load("bark")
    assert str(caught.value) == f"{path}: 5 x 5 px, where albedo.png has 6 x 4"


def test_a_map_that_is_no_image_is_refused(bark):
    path = bark / "pbr_material" / "bark" / "normal.png"
    path.write_bytes(b"no image")
    with pytest.raises(ValueError, match=r".") as caught:
        PbrMaterial(bark).load("bark")
    assert str(caught.value) == f"{path}: not an image, or a broken one"
