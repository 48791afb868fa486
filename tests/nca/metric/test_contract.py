"""What every metric must do, whichever it is. New ones are tested unasked."""

import pytest
import torch

from ncabench import catalog
from ncabench.nca.contract import metric as contract
from ncabench.nca.metric import Metric
from ncabench.nca.networks import imagenet, trained


@pytest.fixture(params=catalog.kinds("metric"))
def metric(request, tmp_path, monkeypatch) -> Metric:
    if request.param == "lpips":
        publish_drawn_trunk(tmp_path, monkeypatch)
    if request.param == "style":
        request.getfixturevalue("drawn_vgg")
    return catalog.find("metric", request.param)()


def publish_drawn_trunk(folder, monkeypatch):
    """Put an AlexNet of random weights where a download would come from."""
    shapes = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3)}
    shapes[10] = (256, 256, 3)
    rng = torch.Generator().manual_seed(0)
    weights = {}
    for layer, (out, into, size) in shapes.items():
        drawn = torch.randn(out, into, size, size, generator=rng) / (into * size * size) ** 0.5
        weights |= {
            f"features.{layer}.weight": drawn,
            f"features.{layer}.bias": drawn[:, 0, 0, 0],
        }
    torch.save(weights, folder / "drawn.pth")
    name = f"drawn-{trained.digest(folder / 'drawn.pth')[:8]}.pth"
    (folder / "drawn.pth").rename(folder / name)
    monkeypatch.setattr(imagenet, "SOURCE", folder.as_uri())
    monkeypatch.setitem(imagenet.FILES, "alex", name)
    monkeypatch.setattr(torch.hub, "_hub_dir", str(folder / "hub"))


@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda one: one.__name__)
def test_every_metric_keeps_the_contract(check, metric):
    check(lambda: metric)


def test_is_symmetric(metric):
    one, other = torch.rand(2, 3, 4, 32, 35, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(metric(one, other), metric(other, one))


def test_stands_for_a_metric_that_there_is(metric):
    assert metric.stands_for in ("", *catalog.kinds("metric"))
