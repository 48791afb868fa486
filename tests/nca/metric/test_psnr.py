import torch
from skimage.metrics import peak_signal_noise_ratio

from ncabench.nca.metric.psnr import PSNR


def test_is_that_of_scikit_image():
    rng = torch.Generator().manual_seed(0)
    images, targets = torch.rand(2, 3, 9, 9, generator=rng), torch.ones(2, 3, 9, 9)
    pairs = zip(targets.numpy(), images.numpy(), strict=True)
    wanted = [peak_signal_noise_ratio(*pair, data_range=1.0) for pair in pairs]
    torch.testing.assert_close(PSNR()(images, targets), torch.tensor(wanted).float())


def test_equal_images_score_a_hundred_decibels_and_not_infinity():
    images = torch.rand(1, 3, 9, 9, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(PSNR()(images, images), torch.tensor([100.0]))
