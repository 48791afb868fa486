"""Trained networks that are not: weights drawn once, where a download would lie."""

import pytest
import torch

from ncabench.nca.networks import imagenet, trained

WIDTHS = (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512)  # up to conv5_1
NUMBERS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24)  # in torchvision's VGG-16


@pytest.fixture(scope="session")
def drawn_vgg_file(tmp_path_factory):
    """A file of weights of VGG-16, drawn so that activations keep their size."""
    rng, into, weights = torch.Generator().manual_seed(0), 3, {}
    for number, width in zip(NUMBERS, WIDTHS, strict=True):
        drawn = torch.randn(width, into, 3, 3, generator=rng) * (2 / (9 * into)) ** 0.5
        weights[f"features.{number}.weight"] = drawn
        weights[f"features.{number}.bias"] = drawn[:, 0, 0, 0] / 10
        into = width
    folder = tmp_path_factory.mktemp("hub") / "checkpoints"
    folder.mkdir()
    torch.save(weights, folder / "drawn.pth")
    return (folder / "drawn.pth").rename(
        folder / f"vgg16-{trained.digest(folder / 'drawn.pth')[:8]}.pth"
    )


@pytest.fixture
def drawn_vgg(drawn_vgg_file, monkeypatch):
    """Lets those weights be found as torchvision's, and returns them."""
    monkeypatch.setitem(imagenet.FILES, "vgg", drawn_vgg_file.name)
    monkeypatch.setattr(torch.hub, "_hub_dir", str(drawn_vgg_file.parent.parent))
    return torch.load(drawn_vgg_file, weights_only=True)
