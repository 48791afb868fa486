import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.protocol._patched import Patches, patched

IMAGES = torch.full((200, 3, 8, 12), 7.0)
SAMPLES = torch.arange(200)


def made(*, noise="gaussian", size=(4, 1), coverage=0.65, images=IMAGES):
    patches = Patches(size=size, coverage=coverage, noise=noise)
    return patched(images, patches, samples=SAMPLES[: len(images)], draws=Draws(5))


@pytest.mark.parametrize("size", [(4, 1), (1, 4), (2, 3), (8, 12)])
def test_a_patch_has_one_value_in_all_its_pixels_and_channels(size):
    down, across = size
    tiles = made(size=size).unfold(2, down, down).unfold(3, across, across)
    values = tiles.movedim(1, -1).flatten(3)  # (B, rows, columns, pixels of all channels)
    assert torch.equal(values.amin(dim=3), values.amax(dim=3))
    neighbours = values[:, 0, :2, 0] if size != (8, 12) else values[:2, 0, 0, 0]
    assert len(neighbours.unique()) > 1


def test_as_many_are_masked_as_the_coverage_says_with_standard_normal_values():
    values = made()[:, 0, ::4]
    masked = values[values != 7]
    assert abs(len(masked) / values.numel() - 0.65) < 4 * (0.65 * 0.35 / values.numel()) ** 0.5
    assert abs(float(masked.mean())) < 4 / len(masked) ** 0.5
    assert abs(float(masked.var()) - 1) < 4 * (2 / len(masked)) ** 0.5


def test_dropout_is_black():
    assert made(noise="dropout").unique().tolist() == [0.0, 7.0]
    assert made(noise="dropout", coverage=0.0).unique().tolist() == [7.0]


def test_patches_are_cut_off_at_the_border():
    edge = made(size=(5, 5), noise="dropout")[:, 0]
    assert torch.equal(edge[:, 5:, 10:].amin(dim=(1, 2)), edge[:, 7, 11])
    assert edge[:, 7, 11].unique().tolist() == [0.0, 7.0]


def test_an_image_is_masked_alike_in_every_batch():
    torch.testing.assert_close(made(images=IMAGES[:3]), made()[:3], rtol=0, atol=0)


def test_more_coverage_masks_more_and_nothing_less():
    some, more = (made(noise="dropout", coverage=one) == 0 for one in (0.3, 0.6))
    assert bool((more | ~some).all())
    assert more.sum() > some.sum()
