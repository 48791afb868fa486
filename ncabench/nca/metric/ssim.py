"""Structural similarity."""

from __future__ import annotations

from typing import Any, Literal

import torch
from skimage.metrics import structural_similarity
from torch import Tensor

from ncabench.nca.metric import Metric

_OPTIONS: dict[str, dict[str, Any]] = {
    "gaussian11": {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False},
    "uniform7": {"win_size": 7},
}


class SSIM(Metric):
    """Structural similarity of the colour channels, averaged over image and channels.

    The first three channels are compared (all of them where there are fewer), unclamped,
    with data range 1 and the constants K1 = 0.01, K2 = 0.03. The window lies wholly inside
    the image. Computed by scikit-image, on the CPU.

    Source: Wang et al., "Image Quality Assessment: From Error Visibility to Structural
    Similarity", IEEE TIP 2004, section III.C (the Gaussian window and the constants).

    Args:
        window: ``"gaussian11"`` (that paper's: 11 x 11 px, standard deviation 1.5 px,
            population covariance) or ``"uniform7"`` (scikit-image's default: 7 x 7 px,
            equal weights, sample covariance).

    Shape:
        images and targets ``(B, V, H, W)``; result ``(B,)``, on the images' device.

    Raises:
        ValueError: a side is shorter than the window.

    >>> flat = torch.full((1, 1, 16, 16), 0.5)
    >>> round(SSIM()(flat, flat * 0).item(), 6)  # C1 / (0.5**2 + C1), with C1 = 0.0001
    0.0004
    """

    label = "SSIM"
    higher_is_better = True

    def __init__(self, *, window: Literal["gaussian11", "uniform7"] = "gaussian11") -> None:
        super().__init__()
        self.window_px = 11 if window == "gaussian11" else 7
        self.options = _OPTIONS[window]

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        """Return the SSIM of each image."""
        height, width = images.shape[-2:]
        if min(height, width) < self.window_px:
            raise ValueError(
                f"SSIM needs sides of {self.window_px} px or more, not {height} x {width}"
            )
        pairs = zip(_arrays(images), _arrays(targets), strict=True)
        found = [
            structural_similarity(one, other, data_range=1.0, channel_axis=0, **self.options)
            for one, other in pairs
        ]
        return torch.tensor(found, dtype=torch.float32, device=images.device)


def _arrays(images: Tensor) -> Any:
    return images[:, :3].detach().double().cpu().numpy()
