"""What every metric must do, whichever it is. New ones are tested unasked."""

import pytest
import torch

from ncabench import catalog
from ncabench.nca.metric import Metric
from ncabench.nca.networks import imagenet, trained

B, V, H, W = 3, 4, 32, 35


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


@pytest.fixture
def images() -> torch.Tensor:
    drawn = torch.rand(B, V, H, W, generator=torch.Generator().manual_seed(1))
    drawn[:, 2] = drawn[:, 2] * 0.8 + 0.2  # the greatest plane, if it is a class's
    return drawn


@pytest.fixture
def targets() -> torch.Tensor:
    drawn = torch.rand(B, V, H, W, generator=torch.Generator().manual_seed(2)) * 0.5
    drawn[:, 1] *= 1.2  # another one
    return drawn


def test_gives_one_finite_float32_per_image(metric, images, targets):
    values = metric(images.double(), targets.double())
    assert (values.shape, values.dtype) == ((B,), torch.float32)
    assert values.isfinite().all()


def test_an_image_equals_itself_better_than_another(metric, images, targets):
    same, other = metric(images, images), metric(images, targets)
    assert (same > other).all() if metric.higher_is_better else (same < other).all()


def test_is_symmetric(metric, images, targets):
    torch.testing.assert_close(metric(images, targets), metric(targets, images))


def test_a_value_does_not_depend_on_the_batch_unless_it_is_the_batchs_own(
    metric, images, targets
):
    alone = torch.cat([metric(images[i : i + 1], targets[i : i + 1]) for i in range(B)])
    together = metric(images, targets)
    if metric.of_batch:
        assert together.unique().numel() == 1
        images, targets = (one[:1].expand(B, -1, -1, -1) for one in (images, targets))
        alone, together = alone[:1].expand(B), metric(images, targets)
    torch.testing.assert_close(together, alone)


def test_leaves_its_inputs_as_they_were(metric, images, targets):
    before = images.clone(), targets.clone()
    metric(images, targets)
    torch.testing.assert_close((images, targets), before, rtol=0, atol=0)


def test_draws_no_random_numbers(metric, images, targets):
    before = torch.get_rng_state()
    metric(images, targets)
    assert torch.equal(torch.get_rng_state(), before)


def test_has_no_weights_to_train_and_names_itself(metric):
    assert not any(weight.requires_grad for weight in metric.parameters())
    assert metric.label
    assert metric.stands_for in ("", *catalog.kinds("metric"))
