import pytest
import torch

from ncabench.errors import NoData
from ncabench.nca.data.skimage_textures import SkimageTextures
from ncabench.nca.draws import Draws
from ncabench.nca.metric.st_style import STStyle
from ncabench.nca.metric.style import Style
from ncabench.nca.networks import imagenet
from ncabench.nca.task.texture import Texture


def texture(name):
    data = SkimageTextures().load(name)
    return Texture(data, Draws(0), size_px=64).target(torch.tensor([0]))


def test_a_texture_that_is_moved_keeps_its_style():
    metric, ihc = STStyle(projections=8), texture("ihc")
    assert metric(ihc, ihc).tolist() == [0.0]
    moved, other = metric(ihc.roll((7, 20), dims=(2, 3)), ihc), metric(texture("grass"), ihc)
    assert 0 < float(moved) < 0.1 * float(other)


def test_removing_half_of_it_does_not():
    metric, ihc = STStyle(projections=8), texture("ihc")
    half = ihc.clone()
    half[..., :32] = 0
    assert float(metric(half, ihc)) > 0.1 * float(metric(torch.zeros_like(ihc), ihc))


def test_values_are_the_same_in_every_evaluation():
    pair = texture("ihc"), texture("gravel")
    assert torch.equal(STStyle()(*pair), STStyle()(*pair))


def test_new_targets_are_noticed():
    metric, one, other = STStyle(projections=2), texture("ihc"), texture("gravel")
    assert float(metric(one, one)) == float(metric(other, other)) == 0
    assert float(metric(one, other)) > 0


def test_it_leads_to_the_target():
    metric, target = STStyle(projections=4), texture("ihc")[..., :32, :32]
    image = torch.full_like(target, 0.5).requires_grad_()
    metric(image, target).sum().backward()
    nearer = (image - 0.01 * image.grad / image.grad.abs().max()).detach()
    assert float(metric(nearer, target)) < float(metric(image.detach(), target))


def test_no_direction_is_refused():
    with pytest.raises(ValueError, match=r"^projections must be at least 1, not 0$"):
        STStyle(projections=0)


def test_without_imagenet_weights_there_is_no_data(tmp_path, monkeypatch):
    monkeypatch.setattr(imagenet, "SOURCE", (tmp_path / "nothing").as_uri())
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    with pytest.raises(NoData) as caught:
        Style()
    assert "VGG style loss needs torchvision's ImageNet weights vgg16-" in str(caught.value)
    assert str(caught.value).endswith("or name the substitute: --set metric.NAME.kind=st_style")
