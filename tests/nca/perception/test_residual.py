import pytest
import torch
import torch.nn.functional as F

from ncabench.nca.perception.residual import Residual


def test_equal_widths_need_no_skip_convolution():
    residual = Residual(4, out_channels=4)
    assert sum(weight.numel() for weight in residual.parameters()) == 2 * (4 * 9 + 1) * 4


def test_the_input_is_added_before_the_last_relu():
    residual = Residual(1, out_channels=1)
    for weight in residual.second.parameters():
        torch.nn.init.zeros_(weight)
    state = torch.tensor([[[[2.0, -3.0, 1.0]]]]).repeat(1, 1, 3, 1)
    torch.testing.assert_close(residual(state), state.clamp_min(0.0))


def test_agrees_with_its_layers_written_out():
    residual = Residual(2, out_channels=3)
    state = torch.randn(1, 2, 6, 6, generator=torch.Generator().manual_seed(0))
    first, second, skip = residual.first, residual.second, residual.skip
    wrapped = F.conv2d(F.pad(state, [1] * 4, mode="circular"), first.weight, first.bias)
    twice = F.pad(wrapped.clamp_min(0), [1] * 4, mode="circular")
    changed = F.conv2d(twice, second.weight, second.bias)
    straight = torch.einsum("oi,bihw->bohw", skip.weight[..., 0, 0], state)
    expected = (changed + straight + skip.bias[:, None, None]).clamp_min(0)
    torch.testing.assert_close(residual(state), expected)


def test_a_kernel_without_a_middle_is_refused():
    with pytest.raises(ValueError, match=r"^kernel_size must be odd and positive, not 2$"):
        Residual(1, kernel_size=2)
