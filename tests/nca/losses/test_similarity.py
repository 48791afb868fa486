import pytest
import torch
from torch.autograd import gradcheck

from ncabench.nca.losses.similarity import negative_psnr, structural_similarity
from ncabench.nca.metric.psnr import PSNR
from ncabench.nca.metric.ssim import SSIM


def pair(*shape, dtype=torch.float32):
    rng = torch.Generator().manual_seed(2)
    return [1.2 * torch.rand(*shape, generator=rng, dtype=dtype) for _ in range(2)]


@pytest.mark.parametrize("shape", [(3, 3, 16, 20), (2, 1, 11, 11), (1, 3, 32, 32)])
def test_similarity_is_that_of_the_metric_which_another_library_computes(shape):
    images, targets = pair(*shape)
    mixed = 0.7 * targets + 0.3 * images
    found = structural_similarity(mixed, targets)
    torch.testing.assert_close(found, SSIM(window="gaussian11")(mixed, targets))


def test_variances_of_flat_images_do_not_drown_in_rounding():
    flat = torch.full((1, 3, 12, 12), 0.57)
    wanted = (2 * 0.57 * 0.6 + 1e-4) / (0.57**2 + 0.6**2 + 1e-4)
    found = structural_similarity(flat, torch.full_like(flat, 0.6))
    torch.testing.assert_close(found, torch.tensor([wanted]), rtol=0, atol=1e-7)


def test_an_image_is_wholly_similar_to_itself():
    images, _ = pair(2, 3, 12, 12)
    torch.testing.assert_close(structural_similarity(images, images), torch.ones(2))


def test_images_smaller_than_the_window_are_refused():
    with pytest.raises(ValueError, match=r"^SSIM needs sides of 11 px or more, not 10 x 16$"):
        structural_similarity(*pair(1, 3, 10, 16))


def test_minus_psnr_is_the_metrics_mean_and_not_that_of_the_whole_batch():
    images, targets = pair(4, 3, 5, 5)
    targets[0] = images[0] + 0.01
    wanted = -PSNR()(images, targets).mean()
    torch.testing.assert_close(negative_psnr(images, targets), wanted)


def test_both_have_gradients():
    images, targets = pair(1, 1, 12, 12, dtype=torch.float64)
    images.requires_grad_()
    assert gradcheck(lambda one: structural_similarity(one, targets), images)
    assert gradcheck(lambda one: negative_psnr(one, targets), images)
