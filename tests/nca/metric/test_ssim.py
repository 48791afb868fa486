import re

import pytest
import torch
import torch.nn.functional as F

from ncabench.nca.metric.ssim import SSIM


def written_out(one, other, *, window, sample):
    """SSIM by its formula, with a convolution for the local means."""
    size = len(window)
    kernel = (window[:, None] * window).double().expand(one.shape[1], 1, size, size)
    mean = lambda x: F.conv2d(x, kernel, groups=len(kernel))  # noqa: E731
    scale = size**2 / (size**2 - 1) if sample else 1.0
    a, b = mean(one), mean(other)
    va, vb = (mean(one**2) - a**2) * scale, (mean(other**2) - b**2) * scale
    cov = (mean(one * other) - a * b) * scale
    c1, c2 = 0.01**2, 0.03**2
    top, bottom = (2 * a * b + c1) * (2 * cov + c2), (a**2 + b**2 + c1) * (va + vb + c2)
    return (top / bottom).mean(dim=(1, 2, 3)).float()


@pytest.fixture
def pair():
    rng = torch.Generator().manual_seed(0)
    first = torch.rand(2, 3, 20, 23, generator=rng, dtype=torch.float64)
    return first, (first + torch.rand(2, 3, 20, 23, generator=rng)) / 2


def test_the_gaussian_window_is_that_of_wang_et_al(pair):
    window = torch.exp(-(torch.arange(-5.0, 6.0) ** 2) / (2 * 1.5**2))
    wanted = written_out(*pair, window=window / window.sum(), sample=False)
    torch.testing.assert_close(SSIM()(*pair), wanted, rtol=1e-5, atol=1e-5)


def test_is_that_of_images_reflected_at_their_edges_without_what_was_reflected():
    """As libraries have it that pad before they blur, and cut the border off again."""
    rng = torch.Generator().manual_seed(1)
    images = torch.rand(2, 3, 32, 32, generator=rng)
    targets = (images + torch.rand(2, 3, 32, 32, generator=rng)) / 2
    window = torch.exp(-(torch.arange(-5.0, 6.0) ** 2) / (2 * 1.5**2))
    kernel = (window[:, None] * window / window.sum() ** 2).double().expand(15, 1, 11, 11)
    moments = [images, targets, images**2, targets**2, images * targets]
    padded = F.pad(torch.cat(moments, dim=1).double(), [5] * 4, mode="reflect")
    blurred = F.conv2d(padded, kernel, groups=15)[:, :, 5:-5, 5:-5]
    assert blurred.shape[-2:] == (22, 22)
    a, b, aa, bb, ab = blurred.split(3, dim=1)
    top = (2 * a * b + 0.01**2) * (2 * (ab - a * b) + 0.03**2)
    bottom = (a**2 + b**2 + 0.01**2) * (aa - a**2 + bb - b**2 + 0.03**2)
    wanted = (top / bottom).mean(dim=(1, 2, 3)).float()
    torch.testing.assert_close(SSIM()(images, targets), wanted, rtol=1e-5, atol=1e-6)


def test_the_uniform_window_is_seven_pixels_wide(pair):
    wanted = written_out(*pair, window=torch.full((7,), 1 / 7), sample=True)
    torch.testing.assert_close(SSIM(window="uniform7")(*pair), wanted, rtol=1e-5, atol=1e-5)


def test_alpha_is_left_out(pair):
    images, targets = (torch.cat([each, each[:, :1]], dim=1) for each in pair)
    images[:, 3] = 9.0
    torch.testing.assert_close(SSIM()(images, targets), SSIM()(*pair))


def test_a_window_that_does_not_fit_is_refused():
    wanted = "SSIM needs sides of 11 px or more, not 10 x 40"
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        SSIM()(torch.zeros(1, 3, 10, 40), torch.zeros(1, 3, 10, 40))
