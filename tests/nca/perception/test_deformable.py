import pytest
import torch
import torch.nn.functional as F

from ncabench.nca.perception.deformable import Deformable


@pytest.fixture
def state():
    return torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def pointing(*, dy, dx):
    """A deformable identity: its middle tap reads the cell ``(dy, dx)`` away."""
    deformable = Deformable(1, out_channels=1)
    torch.nn.init.zeros_(deformable.conv.weight)
    deformable.conv.weight.data[0, 0, 1, 1] = 1.0
    deformable.offset.bias.data[8:10] = torch.tensor([dy, dx])  # the fifth of nine taps
    return deformable


def test_starts_as_a_plain_convolution_on_a_torus(state):
    deformable = Deformable(3)
    padded = F.pad(state, [1] * 4, mode="circular")
    expected = F.leaky_relu(F.conv2d(padded, deformable.conv.weight), 0.2)
    torch.testing.assert_close(deformable(state), expected)


def test_an_offset_moves_the_tap_and_fractions_interpolate():
    ramp = torch.arange(1.0, 13.0).expand(1, 1, 12, 12)
    moved = pointing(dy=0.0, dx=1.5)(ramp)
    torch.testing.assert_close(moved[0, 0, 5, 4], torch.tensor(6.5))


def test_offsets_stop_at_a_quarter_of_the_longer_side():
    ramp = torch.arange(1.0, 17.0).expand(1, 1, 4, 16)
    moved = pointing(dy=0.0, dx=99.0)(ramp)
    torch.testing.assert_close(moved[0, 0, 2, 3], torch.tensor(8.0))  # column 3 + 16 / 4


def test_a_tap_beyond_the_padded_border_reads_zero():
    moved = pointing(dy=-2.0, dx=0.0)(torch.ones(1, 1, 8, 8))
    assert moved[0, 0, :3, 0].tolist() == [0.0, 1.0, 1.0]


def test_the_modulator_weighs_taps_from_zero_to_two():
    deformable = pointing(dy=0.0, dx=0.0)
    deformable.modulator.bias.data.fill_(99.0)
    torch.testing.assert_close(
        deformable(torch.ones(1, 1, 4, 4)), torch.full((1, 1, 4, 4), 2.0)
    )


def test_gradients_are_those_of_finite_differences():
    deformable = Deformable(2, out_channels=2).double()
    torch.nn.init.constant_(deformable.offset.bias, 0.3)  # away from the kinks at whole cells
    grid = torch.randn(1, 2, 4, 4, generator=torch.Generator().manual_seed(2)).double()
    assert torch.autograd.gradcheck(deformable, grid.requires_grad_())


def test_mixed_precision_gives_what_single_precision_gives(state):
    deformable = Deformable(3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = deformable(state)
    torch.testing.assert_close(mixed.float(), deformable(state), rtol=0.02, atol=0.02)


def test_a_kernel_without_a_middle_is_refused():
    with pytest.raises(ValueError, match=r"^kernel_size must be odd and positive, not 2$"):
        Deformable(1, kernel_size=2)
