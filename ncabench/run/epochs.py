"""Epochs of a training of image restoration, in plain PyTorch, as LNCA timed them.

Inside an epoch: for each batch noise on its images, which is drawn on the host, what the
training's stage does with it, and the SSIM and PSNR of what came of it and of the noisy images,
which the host waits for; then the same without training, and with longer rollouts, on the
samples to validate on. The last batch is dropped where it is not whole. Outside: making the
samples, which are images of chance, and what is written to disk.

Source: LNCA, "Training latency"; what is inside the clock is that of its code.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ncabench.run.restoring import Stage

SHARE = 0.5  # of an image's pixels that noise meets
DEVIATION = 0.2
WINDOW_PX = 11
SIGMA_PX = 1.5
C1, C2 = 0.01**2, 0.03**2  # of SSIM, at data range 1


def samples(count: int, *, channels: int, height: int, width: int) -> Tensor:
    """Return images of chance on the host, ``(count, channels, height, width)``, uint8."""
    return torch.randint(256, (count, channels, height, width), dtype=torch.uint8)


def trained_on(count: int) -> int:
    """Return how many of all samples are trained on: four fifths.

    >>> trained_on(1000)
    800
    """
    return 4 * count // 5


def corrupted(clean: Tensor) -> Tensor:
    """Return images with Gaussian noise on about half of their pixels, within [0, 1].

    The noise of a pixel is the same in all channels.
    """
    batch, _, height, width = clean.shape
    met = torch.rand(batch, 1, height, width) < SHARE
    noise = DEVIATION * torch.randn(batch, 1, height, width)
    return (clean + met * noise).clamp(0, 1)


def seconds(
    stage: Stage,
    images: Tensor,
    *,
    batch: int,
    warm_up: int,
    epochs: int,
    batches: int = 0,
    device: torch.device,
) -> list[float]:
    """Return what each of some epochs takes, in wall time, the device's work included.

    Args:
        stage: a training, on the device.
        images: as `samples` gives them.
        batch: samples of a batch.
        warm_up: batches that are trained on before the first epoch.
        epochs: that are timed.
        batches: see `epoch`.
        device: where batches are sent.
    """
    for rows in _batches(torch.arange(trained_on(len(images))), batch)[:warm_up]:
        _learnt(stage, images[rows], device)
    return [
        epoch(stage, images, batch=batch, batches=batches, device=device) for _ in range(epochs)
    ]


def epoch(
    stage: Stage, images: Tensor, *, batch: int, batches: int = 0, device: torch.device
) -> float:
    """Go through all samples once, four fifths train and the others validate; return seconds.

    Args:
        stage: a training, on the device.
        images: as `samples` gives them.
        batch: samples of a batch.
        batches: to go through at most, in each of the two parts; what a part takes is then
            what they take, in proportion to how many the part has. 0 goes through all.
        device: where batches are sent.
    """
    train = trained_on(len(images))

    def learn(rows: Tensor) -> None:
        _learnt(stage, images[rows], device)

    def validate(rows: Tensor) -> None:
        clean, noisy = _sent(images[rows], device)
        _scored(stage.answer(noisy), clean, noisy)

    parts = (
        (learn, _batches(torch.randperm(train), batch)),
        (validate, _batches(torch.arange(train, len(images)), batch)),
    )
    return sum(_lap(action, rows, batches, device) for action, rows in parts)


def ssim(image: Tensor, target: Tensor) -> Tensor:
    """Return the mean structural similarity of images in [0, 1].

    The window is 11 x 11 px, Gaussian, and lies wholly inside the image.

    Source: Wang et al., "Image Quality Assessment: From Error Visibility to Structural
    Similarity", IEEE TIP 2004, section III.C.

    >>> flat = torch.full((1, 1, 16, 16), 0.5)
    >>> round(float(ssim(flat, flat * 0)), 6)  # C1 / (0.5**2 + C1)
    0.0004
    """
    window = _window(image.shape[1]).to(image)

    def local(values: Tensor) -> Tensor:
        return F.conv2d(values, window, groups=image.shape[1])

    mean, wanted = local(image), local(target)
    spread = local(image * image) - mean * mean
    wanted_spread = local(target * target) - wanted * wanted
    common = local(image * target) - mean * wanted
    above = (2 * mean * wanted + C1) * (2 * common + C2)
    below = (mean * mean + wanted * wanted + C1) * (spread + wanted_spread + C2)
    return (above / below).mean()


def psnr(image: Tensor, target: Tensor) -> Tensor:
    """Return the mean PSNR in dB of images in [0, 1].

    >>> round(float(psnr(torch.zeros(1, 3, 8, 8), torch.full((1, 3, 8, 8), 0.1))), 4)
    20.0
    """
    return -10 * (image - target).square().mean(dim=(1, 2, 3)).log10().mean()


def wait(device: torch.device) -> None:
    """Let the device be done with what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _lap(
    action: Callable[[Tensor], None], rows: Sequence[Tensor], most: int, device: torch.device
) -> float:
    some = rows[:most] if most else rows
    wait(device)
    started = time.perf_counter()
    for one in some:
        action(one)
    wait(device)
    return (time.perf_counter() - started) * len(rows) / len(some)


def _learnt(stage: Stage, images: Tensor, device: torch.device) -> None:
    clean, noisy = _sent(images, device)
    _scored(stage.learn(clean, noisy), clean, noisy)


def _scored(made: Tensor, clean: Tensor, noisy: Tensor) -> list[float]:
    """Return both scores of both images, once the device has them."""
    with torch.no_grad():
        return [float(score(one, clean)) for score in (ssim, psnr) for one in (made, noisy)]


def _window(channels: int) -> Tensor:
    places = torch.arange(WINDOW_PX) - WINDOW_PX // 2
    line = torch.exp(-(places**2) / (2 * SIGMA_PX**2))
    square = torch.outer(line, line) / line.sum() ** 2
    return square.expand(channels, 1, WINDOW_PX, WINDOW_PX)


def _batches(rows: Tensor, batch: int) -> list[Tensor]:
    whole = len(rows) // batch * batch
    return list(torch.split(rows[:whole], batch))


def _sent(images: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
    clean = images / 255
    return clean.to(device), corrupted(clean).to(device)
