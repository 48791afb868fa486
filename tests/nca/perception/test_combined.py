import pytest
import torch

from ncabench.nca.perception.combined import Combined
from ncabench.nca.perception.conv import Conv
from ncabench.nca.perception.sobel import Sobel


def test_percepts_are_those_of_the_branches_in_their_order():
    conv, sobel = Conv(2, out_channels=3), Sobel(2)
    state = torch.randn(1, 2, 5, 5, generator=torch.Generator().manual_seed(0))
    percepts = Combined(2, branches=(conv, sobel))(state)
    torch.testing.assert_close(percepts[:, :3], conv(state))
    torch.testing.assert_close(percepts[:, 3:], sobel(state))


def test_no_branch_is_refused():
    with pytest.raises(
        ValueError, match=r"^branches must hold one perception or more, not none$"
    ):
        Combined(2, branches=())
