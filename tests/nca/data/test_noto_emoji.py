import numpy as np
import pytest

from ncabench.nca.data.noto_emoji import NotoEmoji

NAMES = ["loudly_crying_face", "fire", "party_popper", "four_leaf_clover", "red_apple"]


def test_the_five_drawings_are_512_px_and_transparent_at_their_corners():
    images = NotoEmoji().load(NAMES)
    assert images.shape == (5, 512, 512, 4)
    assert images.dtype == np.uint8
    assert not images[:, [0, 0, -1, -1], [0, -1, 0, -1], 3].any()


@pytest.mark.parametrize(
    ("name", "row", "column", "colour"),
    [
        ("loudly_crying_face", 130, 256, (253, 217, 46)),
        ("fire", 400, 256, (255, 246, 165)),
        ("party_popper", 180, 230, (244, 67, 54)),
        ("four_leaf_clover", 100, 140, (139, 192, 42)),
        ("red_apple", 300, 256, (255, 82, 23)),
    ],
)
def test_each_name_is_the_drawing_it_says(name, row, column, colour):
    found = NotoEmoji().load([name])[0, row, column, :3].astype(int)
    assert np.abs(found - colour).max() <= 12


def test_a_selection_keeps_its_order():
    both = NotoEmoji().load(["fire", "red_apple"])
    assert np.array_equal(both[::-1], NotoEmoji().load(["red_apple", "fire"]))


def test_the_digest_names_the_drawings_and_their_order():
    data = NotoEmoji()
    selections = [["fire"], ["red_apple"], ["fire", "red_apple"], ["red_apple", "fire"]]
    assert len({data.digest(selection) for selection in selections}) == 4
    assert data.digest(["fire"]) == (
        "e92fbb1c0fcb7246858418bde9d9daccd3ff282335a8a648aebc83dfe4a9f3cf"
    )


def test_a_misspelt_name_is_refused_with_the_nearest():
    with pytest.raises(ValueError) as caught:
        NotoEmoji().digest(["four_leaf_clovr"])
    assert str(caught.value) == (
        "no shipped drawing is called 'four_leaf_clovr'\n"
        "  accepted: fire, four_leaf_clover, loudly_crying_face, party_popper, red_apple\n"
        "  did you mean 'four_leaf_clover'?"
    )


@pytest.mark.parametrize("selection", [[], "fire"])
def test_a_selection_that_is_no_list_of_names_is_refused(selection):
    with pytest.raises(ValueError) as caught:
        NotoEmoji().load(selection)
    assert str(caught.value) == f"expected a list of names of drawings, found {selection!r}"


def test_the_licence_ships_with_the_drawings():
    from ncabench.nca.data._png import FOLDER

    assert "Apache License" in (FOLDER / "LICENSE").read_text()
    assert "@iconify-json/noto" in (FOLDER / "NOTICE").read_text()
