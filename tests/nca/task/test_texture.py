import numpy as np
import pytest
import torch

from ncabench.nca.data import Images
from ncabench.nca.data.skimage_textures import SkimageTextures
from ncabench.nca.draws import Draws
from ncabench.nca.task.texture import Texture

CORNERS = np.array([[[0, 51], [102, 255]]], dtype=np.uint8)


def exemplar(pixels):
    labels = np.zeros(len(pixels), dtype=np.int64)
    return Images(images=pixels, labels=labels, classes=("a",), parts={})


def test_labels_flip_the_exemplar():
    task = Texture(exemplar(CORNERS), Draws(0), size_px=2)
    grey = task.target(torch.arange(4))[:, 0]
    expected = [
        [[0.0, 0.2], [0.4, 1.0]],
        [[0.2, 0.0], [1.0, 0.4]],
        [[0.4, 1.0], [0.0, 0.2]],
        [[1.0, 0.4], [0.2, 0.0]],
    ]
    torch.testing.assert_close(grey, torch.tensor(expected))


def test_trainings_flip_evenly_and_tests_do_not():
    task = Texture(exemplar(CORNERS), Draws(0), size_px=2)
    drawn = task.training_labels(torch.arange(4000), draws=Draws(1))
    assert (drawn.bincount(minlength=4) > 900).all()
    zeros = torch.zeros(3, dtype=torch.int64)
    assert task.test_labels(zeros, turns=torch.arange(3)).tolist() == [0, 0, 0]


def test_the_seed_is_grey_in_all_channels_and_all_cells_live():
    task = Texture(exemplar(CORNERS), Draws(0), size_px=2, channels=5)
    seed = task.seed_state(torch.tensor([0, 3]), samples=torch.arange(2), draws=Draws(0))
    assert torch.equal(seed, torch.full((2, 5, 2, 2), 0.5))
    assert task.layout.alive is None
    assert task.condition(torch.tensor([0])) is None


def test_a_signed_exemplar_lies_between_minus_one_and_one():
    task = Texture(exemplar(CORNERS), Draws(0), size_px=2, signed=True)
    expected = torch.tensor([[-1.0, -0.6], [-0.2, 1.0]])
    torch.testing.assert_close(task.target(torch.tensor([0]))[0, 1], expected)


def test_the_centre_of_a_longer_image_is_kept_in_its_colours():
    wide = np.zeros((1, 2, 6, 3), dtype=np.uint8)
    wide[0, :, 2:4] = (255, 0, 51)
    found = Texture(exemplar(wide), Draws(0), size_px=2).target(torch.tensor([0]))[0]
    torch.testing.assert_close(found[:, 0, 0], torch.tensor([1.0, 0.0, 0.2]))


def test_a_real_exemplar_is_scaled_to_the_grid():
    found = Texture(SkimageTextures().load("ihc"), Draws(0)).target(torch.tensor([0]))
    assert found.shape == (1, 3, 168, 168)
    whole = torch.from_numpy(SkimageTextures().load("ihc").images).float().mean() / 255
    torch.testing.assert_close(found.mean(), whole, rtol=1e-2, atol=0)


def test_several_images_are_refused():
    with pytest.raises(ValueError, match=r"^exemplar: expected one image, found 2$"):
        Texture(exemplar(CORNERS.repeat(2, axis=0)), Draws(0))


def test_too_few_channels_are_refused():
    message = r"^size_px must be at least 1 and channels at least 3, not 168 and 2$"
    with pytest.raises(ValueError, match=message):
        Texture(exemplar(CORNERS), Draws(0), channels=2)
