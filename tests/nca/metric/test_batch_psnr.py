import torch
from skimage.metrics import peak_signal_noise_ratio

from ncabench.nca.metric.batch_psnr import BatchPSNR
from ncabench.nca.metric.psnr import PSNR


def drawn(count):
    """Images that are the farther from their targets the later they come."""
    rng = torch.Generator().manual_seed(0)
    targets = torch.rand(count, 3, 9, 9, generator=rng)
    away = torch.linspace(0.02, 0.4, count).reshape(count, 1, 1, 1)
    return targets + away * torch.randn(count, 3, 9, 9, generator=rng), targets


def test_is_that_of_scikit_image_for_all_images_as_one():
    images, targets = drawn(32)
    wanted = peak_signal_noise_ratio(targets.numpy(), images.numpy(), data_range=1.0)
    found = BatchPSNR()(images, targets)
    torch.testing.assert_close(found, torch.full((32,), float(wanted)))


def test_is_less_than_the_mean_of_the_images_own():
    images, targets = drawn(32)
    own = PSNR()(images, targets)
    errors = (10 ** (-own.double() / 10)).mean()  # decibels back to squared errors
    together = BatchPSNR()(images, targets)[0]
    torch.testing.assert_close(together.double(), -10 * errors.log10(), rtol=1e-5, atol=1e-5)
    assert own.mean() - together > 3  # dB; by Jensen's inequality it is never below 0


def test_is_the_images_own_where_all_are_as_far():
    images, targets = torch.full((4, 1, 8, 8), 0.6), torch.full((4, 1, 8, 8), 0.5)
    torch.testing.assert_close(BatchPSNR()(images, targets), PSNR()(images, targets))


def test_batches_of_another_size_have_another_mean():
    images, targets = drawn(32)
    halves = torch.cat(
        [BatchPSNR()(images[at], targets[at]) for at in (slice(16), slice(16, 32))]
    )
    assert halves.mean() - BatchPSNR()(images, targets)[0] > 1  # dB


def test_equal_images_score_a_hundred_decibels_and_not_infinity():
    images, _ = drawn(2)
    torch.testing.assert_close(BatchPSNR()(images, images), torch.tensor([100.0, 100.0]))
