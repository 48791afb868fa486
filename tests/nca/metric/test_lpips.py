import re
from importlib import util
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torchvision.models import squeezenet1_1, vgg16

from ncabench.errors import NoData
from ncabench.nca.metric.lpips import LPIPS
from ncabench.nca.networks import imagenet, trained


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Weights are looked for in one folder, and downloaded from another."""
    (tmp_path / "published").mkdir()
    monkeypatch.setattr(imagenet, "SOURCE", (tmp_path / "published").as_uri())
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    return tmp_path / "checkpoints"


@pytest.fixture
def pair():
    rng = torch.Generator().manual_seed(0)
    return torch.rand(2, 2, 3, 33, 40, generator=rng).unbind()


@pytest.fixture
def drawn(folder, monkeypatch):
    """A SqueezeNet of random weights; its path, under the name that a package asks for."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        weights = squeezenet1_1().state_dict()
    folder.mkdir()
    asked_for = folder / imagenet.FILES["squeeze"]
    torch.save(weights, asked_for)
    name = f"drawn-{trained.digest(asked_for)[:8]}.pth"
    monkeypatch.setitem(imagenet.FILES, "squeeze", name)
    return asked_for.rename(folder / name)


@pytest.mark.filterwarnings("ignore:The parameter 'pretrained':UserWarning")
@pytest.mark.filterwarnings("ignore:Arguments other than a weight enum:UserWarning")
def test_is_what_the_package_gives_when_it_loads_the_trunk_itself(drawn, pair):
    import lpips

    found = LPIPS(net="squeeze")(*pair), LPIPS(net="squeeze", rescale=True)(*pair)
    drawn.rename(drawn.with_name("squeezenet1_1-b8a52dc0.pth"))
    package = lpips.LPIPS(net="squeeze", verbose=False)
    wanted = package(*pair).flatten(), package(*pair, normalize=True).flatten()
    torch.testing.assert_close(found, wanted, rtol=0, atol=0)


@pytest.fixture
def drawn_vgg(folder, monkeypatch):
    """The convolutions of a VGG-16 of random weights, where LPIPS finds them; returns them."""
    rng, weights = torch.Generator().manual_seed(0), {}
    for name, shape in vgg16_shapes().items():
        spread = (2 / (9 * shape[1])) ** 0.5 if len(shape) == 4 else 0.1
        weights[name] = torch.randn(shape, generator=rng) * spread
    folder.mkdir()
    path = folder / "drawn.pth"
    torch.save(weights, path)
    name = f"drawn-{trained.digest(path)[:8]}.pth"
    monkeypatch.setitem(imagenet.FILES, "vgg", name)
    path.rename(folder / name)
    return weights


def vgg16_shapes():
    with torch.device("meta"):
        network = vgg16().state_dict()
    return {name: one.shape for name, one in network.items() if name.startswith("features.")}


def test_of_vgg_is_equation_1_of_the_layers_before_each_pooling(drawn_vgg):
    rng = torch.Generator().manual_seed(3)
    images, targets = torch.rand(2, 2, 1, 32, 32, generator=rng).unbind()
    published = Path(util.find_spec("lpips").origin).parent / "weights/v0.1/vgg.pth"
    calibrated = torch.load(published, map_location="cpu", weights_only=True)
    mean = torch.tensor([-0.030, -0.088, -0.188])[:, None, None]
    spread = torch.tensor([0.458, 0.448, 0.450])[:, None, None]
    maps = (torch.cat([images, targets]).expand(-1, 3, -1, -1) * 2 - 1 - mean) / spread
    wanted, layer = torch.zeros(2), 0
    for level, convolutions in enumerate((2, 2, 3, 3, 3)):
        maps = F.max_pool2d(maps, 2) if level else maps
        layer += 1 if level else 0
        for _ in range(convolutions):
            weight, bias = (drawn_vgg[f"features.{layer}.{one}"] for one in ("weight", "bias"))
            maps, layer = F.conv2d(maps, weight, bias, padding=1).relu(), layer + 2
        ones = maps / (maps.square().sum(dim=1, keepdim=True).sqrt() + 1e-10)
        apart = (ones[:2] - ones[2:]).square() * calibrated[f"lin{level}.model.1.weight"]
        wanted += apart.sum(dim=1).mean(dim=(1, 2))
    found = LPIPS(net="vgg", rescale=True)(images, targets)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("drawn")
def test_images_too_small_for_the_trunk_are_refused():
    metric = LPIPS(net="squeeze")
    assert metric(torch.ones(1, 4, 17, 17), torch.zeros(1, 4, 17, 17)).isfinite().all()
    with pytest.raises(ValueError, match=r"^LPIPS needs sides of 17 px or more, not 20 x 16$"):
        metric(torch.zeros(1, 3, 20, 16), torch.zeros(1, 3, 20, 16))


def test_missing_weights_are_no_data_with_what_mends_it(folder):
    name = "alexnet-owt-7be5be79.pth"
    wanted = (
        f"LPIPS (alex) needs torchvision's ImageNet weights {name}, looked for in {folder}; "
        f"the download failed: <urlopen error [Errno 2] No such file or directory: "
        f"'{folder.parent}/published/{name}'>\n"
        f"  to mend it: download {imagenet.SOURCE}/{name} to {folder}, "
        f"or name the substitute: --set metric.NAME.kind=st_lpips"
    )
    with pytest.raises(NoData) as caught:
        LPIPS()
    assert str(caught.value) == wanted


def test_a_truncated_file_is_no_data_and_says_so(folder):
    folder.mkdir()
    path = folder / "vgg16-397923af.pth"
    path.write_bytes(b"")
    wanted = (
        f"LPIPS (vgg): {path} is damaged, "
        f"its SHA-256 starts with e3b0c442 and not with 397923af\n"
        f"  to mend it: remove it, then download {imagenet.SOURCE}/{path.name} to {folder}, "
        f"or name the substitute: --set metric.NAME.kind=st_lpips"
    )
    with pytest.raises(NoData, match=f"^{re.escape(wanted)}$"):
        LPIPS(net="vgg")


def test_a_damaged_download_is_not_kept(folder):
    name = "alexnet-owt-7be5be79.pth"
    (folder.parent / "published" / name).write_bytes(b"half of it")
    with pytest.raises(NoData, match=f"; what {imagenet.SOURCE}/{name} sent is damaged\n"):
        LPIPS()
    assert list(folder.iterdir()) == []
