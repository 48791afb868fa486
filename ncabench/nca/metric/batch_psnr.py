"""Peak signal-to-noise ratio of a whole batch."""

from __future__ import annotations

from torch import Tensor

from ncabench.nca.metric import Metric

_LEAST_MSE = 1e-10


class BatchPSNR(Metric):
    """Decibels between the data range, 1, and the root mean squared error of a whole batch.

    The mean squared error is over all images of the batch and all their visible channels, so
    that the worst images weigh most: the value is at most the mean of the images' own values,
    and depends on the batch's size and on what is in it. Each image of the batch has that one
    value, so that a mean over the images of equal batches is the mean over the batches. The
    error is taken as 1e-10 where it is less, so that equal images score 100 dB.

    Source: ViTCA, table 1, whose code takes 10 log10(1 / MSE) over each batch of 32 and
    averages over batches; the floor is ncabench's.

    Shape:
        images and targets ``(B, V, H, W)``; result ``(B,)``, in dB, one value B times.

    >>> import torch
    >>> images = torch.tensor([0.1, 0.01]).reshape(2, 1, 1, 1).expand(2, 1, 8, 8)
    >>> BatchPSNR()(images, torch.zeros(2, 1, 8, 8)).tolist()  # by themselves 20 and 40 dB
    [22.967086791992188, 22.967086791992188]
    """

    label = "Batch PSNR"
    quantity = "PSNR"
    unit = "dB"
    higher_is_better = True
    of_batch = True

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Return the PSNR of the batch, once for each image."""
        error = (images.float() - targets.float()).square().mean()
        return (-10 * error.clamp(min=_LEAST_MSE).log10()).expand(len(images))
