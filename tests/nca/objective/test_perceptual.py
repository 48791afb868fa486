import pytest
import torch
from torchvision.models import vgg16

from ncabench.errors import NoData
from ncabench.nca.draws import Draws
from ncabench.nca.metric.lpips import LPIPS
from ncabench.nca.metric.st_lpips import STLPIPS
from ncabench.nca.networks import imagenet, trained
from ncabench.nca.objective.perceptual import Perceptual
from ncabench.nca.state import Layout

CPU = torch.device("cpu")
NINE = torch.tensor(9)


@pytest.fixture
def images():
    """Sixteen answers and lessons, RGBA, 40 x 40 px."""
    return torch.rand(2, 16, 4, 40, 40, generator=torch.Generator().manual_seed(0)).unbind()


@pytest.fixture
def drawn_trunk(tmp_path, monkeypatch):
    """Weights of a whole VGG-16, drawn, where LPIPS finds them."""
    with torch.device("meta"):
        shapes = {name: one.shape for name, one in vgg16().state_dict().items()}
    rng, folder, weights = torch.Generator().manual_seed(0), tmp_path / "checkpoints", {}
    for name in (one for one in shapes if one.startswith("features.")):
        spread = (2 / (9 * shapes[name][1])) ** 0.5 if name.endswith("weight") else 0.1
        weights[name] = torch.randn(shapes[name], generator=rng) * spread
    folder.mkdir()
    torch.save(weights, folder / "drawn.pth")
    name = f"drawn-{trained.digest(folder / 'drawn.pth')[:8]}.pth"
    (folder / "drawn.pth").rename(folder / name)
    monkeypatch.setitem(imagenet.FILES, "vgg", name)
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))


def value(images, *, index=NINE, **given):
    objective = Perceptual(**given)
    objective.prepare(CPU)
    return objective(*images, draws=Draws(4), index=index)


def test_one_channel_of_four_is_left_out_of_each_sample(images):
    left = Draws(4).integers(
        "objective/perceptual/left_out", low=0, high=4, samples=torch.arange(16), index=9
    )
    kept = [[one for one in range(4) if one != gone] for gone in left.tolist()]
    pairs = [torch.stack([a[k] for a, k in zip(one, kept, strict=True)]) for one in images]
    expected = STLPIPS(net="vgg", rescale=True)(*pairs).mean()
    torch.testing.assert_close(value(images, net="st_lpips"), expected)
    assert set(left.tolist()) == {0, 1, 2, 3}


def test_other_channels_are_left_out_in_another_iteration(images):
    found = [float(value(images, net="st_lpips", index=torch.tensor(i))) for i in (9, 9, 10)]
    assert found[0] == found[1] != found[2]


def test_a_margin_is_not_seen(images):
    inner = [one[:, :3, 6:34, 6:34] for one in images]
    expected = STLPIPS(net="vgg", rescale=True)(*inner).mean()
    found = value([one[:, :3] for one in images], net="st_lpips", margin_px=6)
    torch.testing.assert_close(found, expected)


@pytest.mark.usefixtures("drawn_trunk")
def test_lpips_is_the_metric_of_vgg_with_gradients(images):
    answer, lesson = (one[:2, :3] for one in images)
    found = value((answer.requires_grad_(), lesson))
    torch.testing.assert_close(found, LPIPS(net="vgg", rescale=True)(answer, lesson).mean())
    found.backward()
    assert answer.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("layout", "given", "message"),
    [
        (
            {"height": 64, "width": 40, "visible": 4},
            {"net": "st_lpips", "margin_px": 8},
            "st_lpips needs sides of 28 px or more, and within a margin of 8 px there are "
            "48 x 24",
        ),
        (
            {"height": 64, "width": 64, "visible": 9},
            {},
            "lpips compares three channels of RGB or RGBA, not 9",
        ),
    ],
    ids=("small", "channels"),
)
def test_what_cannot_be_compared_is_said(layout, given, message):
    with pytest.raises(ValueError, match=r".") as caught:
        Perceptual(**given).check(Layout(**layout))
    assert str(caught.value) == message


def test_missing_weights_are_no_data_with_the_substitute_named(tmp_path, monkeypatch):
    monkeypatch.setattr(imagenet, "SOURCE", (tmp_path / "nothing").as_uri())
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    with pytest.raises(NoData) as caught:
        Perceptual().prepare(CPU)
    said = "name the substitute: --set train.perceptual.net=st_lpips"
    assert str(caught.value).endswith(said)
