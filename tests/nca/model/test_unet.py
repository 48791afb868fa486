import pytest
import torch

from ncabench.nca.model.unet import UNet
from ncabench.nca.state import Layout

EMOJI = Layout(height=80, width=80, visible=4, hidden=12, condition=5, alive=3)
BARE = Layout(height=64, width=64, visible=4)
DIGITS = Layout(height=52, width=52, frozen=1, hidden=9, classes=10)


@pytest.mark.parametrize(
    ("layout", "base", "count"),
    [
        (EMOJI, 6, 24_946),
        (EMOJI, 8, 44_060),
        (EMOJI, 10, 68_574),
        (BARE, 64, 2_768_772),
        (DIGITS, 6, 24_556),
    ],
)
def test_has_as_many_weights_as_the_tables_print(layout, base, count):
    assert UNet(layout, base=base).parameter_count() == count


def test_frozen_channels_are_read_and_class_scores_answered():
    answer = UNet(DIGITS, base=2)(torch.zeros(2, 1, 52, 52), None)
    assert answer.shape == (2, 10, 52, 52)


def test_every_layer_but_the_head_ends_in_a_relu():
    model, image = UNet(BARE, base=3), torch.linspace(-1, 1, 4 * 16 * 16).view(1, 4, 16, 16)

    def on(layer, *grids):
        return layer(torch.cat(grids, dim=1)).clamp_min(0.0)

    full = on(model.stem, image)
    half = on(model.middle, on(model.shrink_once, full))
    bottom = on(model.bottom, on(model.shrink_twice, half))
    up = on(model.join_middle, on(model.grow_once, bottom), half)
    up = on(model.join_top, on(model.grow_twice, up), full)
    torch.testing.assert_close(model(image, None), model.head(up))


def test_an_answer_depends_on_thirty_cells_along_each_axis():
    model, image = UNet(BARE, base=2), torch.zeros(1, 4, 64, 64, requires_grad=True)
    for weight in model.parameters():
        torch.nn.init.constant_(weight, 0.1)  # every ReLU is open
    model(image, None)[0, :, 32, 32].sum().backward()
    rows = image.grad.abs().sum(dim=(0, 1, 3)).nonzero().flatten()
    assert (int(rows[0]), int(rows[-1])) == (17, 46)


def test_a_grid_that_cannot_be_halved_twice_is_refused():
    with pytest.raises(ValueError, match=r"^H and W must be multiples of 4, not 30 x 32$"):
        UNet(BARE, base=2)(torch.zeros(1, 4, 30, 32), None)
