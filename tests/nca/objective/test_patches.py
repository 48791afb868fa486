import pytest
import torch
import torch.nn.functional as F

from ncabench.nca.objective._patches import crops, resized


@pytest.fixture
def images():
    return torch.rand(2, 3, 12, 10, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("side_px", [5, 10, 16])
def test_images_are_resized_as_pytorch_smooths_them(images, side_px):
    given = {"size": (side_px, side_px), "mode": "bilinear", "antialias": True}
    torch.testing.assert_close(resized(images, side_px=side_px), F.interpolate(images, **given))


def test_an_image_of_the_right_size_stays(images):
    square = images[..., :10, :]
    assert resized(square, side_px=10) is square


def test_parts_are_the_same_rows_and_columns_of_every_image(images):
    shares = {"tops": torch.tensor([0.0, 0.99]), "lefts": torch.tensor([0.5, 0.0])}
    found = crops(images, divisor=3, **shares)
    expected = [images[:, :, 0:4, 4:7], images[:, :, 8:12, 0:3]]
    assert torch.equal(found, torch.stack(expected))


def test_every_place_is_as_likely():
    shares = (torch.arange(900) + 0.5) / 900
    rows = torch.arange(12.0).view(1, 1, 12, 1).expand(1, 1, 12, 3)
    first = crops(rows, divisor=3, tops=shares, lefts=shares)[:, 0, 0, 0, 0]
    assert first.long().bincount().tolist() == [100] * 9
