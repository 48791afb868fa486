import pytest
import torch
import torchvision

from ncabench.errors import NoData
from ncabench.nca.networks import imagenet, trained, vgg19

WIDTHS = (64, 64, 128, 128, *[256] * 4, *[512] * 8)
LAST = 35  # relu5_4, in torchvision's numbering


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Weights drawn so that activations keep their size, found as torchvision's."""
    with torch.device("meta"):
        layers = torchvision.models.vgg19(weights=None, init_weights=False).features
    numbers = [n for n, one in enumerate(layers) if isinstance(one, torch.nn.Conv2d)]
    rng, into, weights = torch.Generator().manual_seed(0), 3, {}
    for number, width in zip(numbers, WIDTHS, strict=True):
        drawn = torch.randn(width, into, 3, 3, generator=rng) * (2 / (9 * into)) ** 0.5
        weights[f"features.{number}.weight"] = drawn
        weights[f"features.{number}.bias"] = drawn[:, 0, 0, 0] / 10
        into = width
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    torch.save(weights, folder / "drawn.pth")
    named = folder / f"vgg19-{trained.digest(folder / 'drawn.pth')[:8]}.pth"
    monkeypatch.setitem(imagenet.FILES, "vgg19", (folder / "drawn.pth").rename(named).name)
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    return layers, weights


@torch.no_grad()
def test_is_torchvisions_network_up_to_its_last_activation(file):
    layers, weights = file
    named = {name.removeprefix("features."): one for name, one in weights.items()}
    layers.load_state_dict(named, assign=True)
    images = torch.rand(2, 3, 32, 48, generator=torch.Generator().manual_seed(1))
    found, expected = vgg19.load(user="test")(images), layers[: LAST + 1](images)
    assert found.shape == (2, 512, 2, 3)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_another_networks_convolutions_are_refused():
    with pytest.raises(ValueError, match=r"^VGG-19 has 16 convolutions, not 1$"):
        vgg19.Vgg19({"0.weight": torch.zeros(1), "0.bias": torch.zeros(1)})


def test_missing_weights_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    monkeypatch.setattr(imagenet, "SOURCE", "file:///nowhere")
    with pytest.raises(NoData, match=r"test needs torchvision's ImageNet weights vgg19-"):
        vgg19.load(user="test")
