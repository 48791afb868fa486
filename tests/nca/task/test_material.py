import numpy as np
import pytest
import torch

from ncabench.nca.data import Images
from ncabench.nca.data.skimage_textures import SkimageTextures
from ncabench.nca.draws import Draws
from ncabench.nca.task.material import Material


def maps(count, size=2):
    """So many maps of one colour each: of the n-th, its channels are 10 n, 10 n + 1, ..."""
    colours = 10 * np.arange(count)[:, None] + np.arange(3)
    pixels = np.broadcast_to(colours[:, None, None], (count, size, size, 3)).astype(np.uint8)
    labels = np.zeros(count, dtype=np.int64)
    return Images(images=pixels, labels=labels, classes=("a",), parts={})


def test_maps_follow_each_other_channel_by_channel():
    task = Material(maps(3), Draws(0), size_px=2)
    expected = torch.tensor([0, 1, 2, 10, 11, 12, 20, 21, 22]) / 255
    target = task.target(torch.tensor([0, 0]))
    torch.testing.assert_close(target, expected.view(1, 9, 1, 1).expand(2, 9, 2, 2))
    assert (task.layout.visible, task.layout.hidden, task.layout.alive) == (9, 7, None)


def test_a_texture_is_one_map_and_as_it_is_in_trainings():
    task = Material(SkimageTextures().load("ihc"), Draws(0), size_px=32)
    labels = task.training_labels(torch.arange(50), draws=Draws(1))
    assert labels.unique().tolist() == [0]
    assert task.layout.visible == 3
    assert task.target(labels).stride(0) == 0  # one image for all


def test_the_seed_is_zero_and_nothing_is_told():
    task = Material(maps(1), Draws(0), size_px=4, channels=5)
    seed = task.seed_state(torch.tensor([0, 0]), samples=torch.arange(2), draws=Draws(0))
    assert torch.equal(seed, torch.zeros(2, 5, 4, 4))
    assert task.condition(torch.tensor([0])) is None


def test_films_show_the_first_map():
    task = Material(maps(2), Draws(0), size_px=2, channels=8)
    state = torch.arange(8.0).view(1, 8, 1, 1)
    assert task.picture(state).flatten().tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("count", "given", "message"),
    [
        (0, {}, "exemplar: expected one map or more, found none"),
        (3, {"channels": 8}, "size_px must be at least 1 and channels at least 9, not 2 and 8"),
        (1, {"size_px": 0}, "size_px must be at least 1 and channels at least 3, not 0 and 16"),
    ],
    ids=("no map", "few channels", "no cell"),
)
def test_what_holds_no_texture_is_refused(count, given, message):
    with pytest.raises(ValueError, match=r".") as caught:
        Material(maps(count), Draws(0), **{"size_px": 2, **given})
    assert str(caught.value) == message


def test_a_set_of_other_things_is_refused():
    with pytest.raises(TypeError, match=r"^dataset: expected a set of images, not dict$"):
        Material({}, Draws(0))
