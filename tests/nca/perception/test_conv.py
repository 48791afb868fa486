import pytest
import torch

from ncabench.nca.perception.conv import Conv


def counting(**settings):
    conv = Conv(1, out_channels=1, **settings)
    torch.nn.init.ones_(conv.conv.weight)
    torch.nn.init.zeros_(conv.conv.bias)
    return conv


def corner():
    state = torch.zeros(1, 1, 7, 7)
    state[0, 0, 0, 0] = 1.0
    return state


def test_the_kernel_covers_its_neighbourhood_on_a_torus():
    seen = counting()(corner())[0, 0]
    expected = torch.zeros(7, 7)
    expected[torch.tensor([-1, 0, 1])[:, None], torch.tensor([-1, 0, 1])] = 1.0
    torch.testing.assert_close(seen, expected)


def test_zero_padding_does_not_wrap():
    assert float(counting(padding="zeros")(corner()).sum().detach()) == 4.0


def test_dilation_spreads_the_taps():
    seen = counting(kernel_size=5, dilation=2)(
        torch.eye(12)[None, None, :1].repeat(1, 1, 12, 1)
    )
    torch.testing.assert_close(
        seen[0, 0, 0], 5 * torch.tensor([1.0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 1, 0])
    )


def test_negative_values_are_scaled_by_the_slope():
    seen = counting(slope=0.25)(-corner())
    torch.testing.assert_close(seen[0, 0, 0, 0], torch.tensor(-0.25))


@pytest.mark.parametrize("size", [0, 4])
def test_a_kernel_without_a_middle_is_refused(size):
    with pytest.raises(ValueError, match=f"^kernel_size must be odd and positive, not {size}$"):
        Conv(1, kernel_size=size)
