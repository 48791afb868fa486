import re

import pytest
import torch

from ncabench.errors import NoData
from ncabench.nca.metric.st_lpips import STLPIPS
from ncabench.nca.networks import shift_tolerant


@pytest.fixture
def pair():
    y, x = torch.arange(32)[:, None], torch.arange(36)
    c = torch.arange(3)[:, None, None]
    stripes = (x * 7 + y * 13 + c * 29) % 32 / 31
    products = (x * y + 5 * c) % 17 / 16
    return stripes[None], products[None]


# What the authors' own package (stlpips-pytorch 0.0.2) gives for these two images.
@pytest.mark.parametrize(
    ("net", "as_they_are", "rescaled"),
    [("alex", 0.5131145715713501, 0.29544031620025635), ("vgg", 0.06703474, 0.06624401)],
)
def test_is_what_the_authors_own_code_gives(pair, net, as_they_are, rescaled):
    found = torch.cat([STLPIPS(net=net)(*pair), STLPIPS(net=net, rescale=True)(*pair)])
    torch.testing.assert_close(
        found, torch.tensor([as_they_are, rescaled]), rtol=1e-5, atol=1e-6
    )


def test_the_same_targets_again_give_the_same_as_the_first_time(pair):
    images, targets = pair
    metric = STLPIPS()
    first = metric(images, targets)
    targets.add_(0.5)
    changed = metric(images, targets)
    assert changed.item() != first.item()
    torch.testing.assert_close(metric(images, targets), STLPIPS()(images, targets))


def test_alpha_is_left_out_and_grey_is_shown_three_times(pair):
    metric, grey = STLPIPS(), pair[0][:, :1]
    with_alpha = torch.cat([pair[0], grey], dim=1)
    torch.testing.assert_close(metric(with_alpha, pair[1]), metric(*pair))
    tiled = grey.repeat(1, 3, 1, 1)
    torch.testing.assert_close(metric(grey, grey * 0.5), metric(tiled, tiled * 0.5))


def test_small_images_are_refused():
    wanted = "ST-LPIPS needs sides of 28 px or more, not 27 x 40"
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        STLPIPS()(torch.zeros(1, 3, 27, 40), torch.zeros(1, 3, 27, 40))


def test_two_channels_are_refused():
    with pytest.raises(ValueError, match=r"^ST-LPIPS needs one channel or three, not 2$"):
        STLPIPS()(torch.zeros(1, 2, 32, 32), torch.zeros(1, 2, 32, 32))


@pytest.fixture
def no_package(tmp_path, monkeypatch):
    monkeypatch.setattr(shift_tolerant, "_PACKAGE", "no_such_package_at_all")
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    return tmp_path / "checkpoints"


def test_missing_weights_are_no_data_with_the_command_that_mends_it(no_package):
    wanted = (
        f"ST-LPIPS (vgg) needs the trained weights vgg_shift_tolerant.pth, looked for in "
        f"{no_package}\n  to mend it: python -m pip install stlpips-pytorch --no-deps"
    )
    with pytest.raises(NoData, match=f"^{re.escape(wanted)}$"):
        STLPIPS(net="vgg")


def test_a_truncated_weight_file_is_no_data(no_package):
    no_package.mkdir()
    path = no_package / "alex_shift_tolerant.pth"
    path.write_bytes(b"PK")
    wanted = (
        f"ST-LPIPS (alex): {path} is damaged, its SHA-256 starts with fcab7fcc2b4cffd9 "
        f"and not with b356b382f96010f7\n"
        f"  to mend it: remove it, then python -m pip install stlpips-pytorch --no-deps"
    )
    with pytest.raises(NoData, match=f"^{re.escape(wanted)}$"):
        STLPIPS()
