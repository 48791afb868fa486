import torch

from ncabench.nca.metric.mse import MSE


def test_alpha_counts_like_any_other_channel():
    images = torch.zeros(2, 4, 8, 8)
    images[0, 3] = 1.0
    torch.testing.assert_close(MSE()(images, images * 0), torch.tensor([0.25, 0.0]))


def test_nothing_is_clamped_first():
    images, targets = torch.full((1, 4, 2, 2), 3.0), torch.ones(1, 4, 2, 2)
    torch.testing.assert_close(MSE()(images, targets), torch.tensor([4.0]))
