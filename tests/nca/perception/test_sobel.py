import re

import pytest
import torch

from ncabench.nca.perception.sobel import Sobel


def test_a_constant_field_has_no_gradient_and_the_papers_laplacian():
    value, dx, dy, laplacian = Sobel(1)(torch.full((1, 1, 6, 6), 8.0))[0]
    torch.testing.assert_close(value, torch.full((6, 6), 8.0))
    torch.testing.assert_close(dx, torch.zeros(6, 6))
    torch.testing.assert_close(dy, torch.zeros(6, 6))
    torch.testing.assert_close(laplacian, torch.full((6, 6), 6.0))  # (12 - 6) / 8


def test_a_centre_of_minus_twelve_makes_the_laplacian_vanish_on_a_constant():
    percepts = Sobel(1, laplacian_centre=-12.0)(torch.full((1, 1, 6, 6), 8.0))
    torch.testing.assert_close(percepts[0, 3], torch.zeros(6, 6))


def test_a_ramp_has_its_slope_as_gradient():
    ramp = torch.arange(6.0)[:, None].expand(1, 1, 6, 6)  # rises 1 per row
    _, dx, dy, _ = Sobel(1)(ramp)[0, :, 1:-1, 1:-1]
    torch.testing.assert_close(dx, torch.zeros(4, 4))
    torch.testing.assert_close(dy, torch.ones(4, 4))


def test_one_cell_shows_every_filter_mirrored():
    spot = torch.zeros(1, 1, 5, 5)
    spot[0, 0, 2, 2] = 8.0
    _, dx, dy, laplacian = Sobel(1)(spot)[0, :, 1:4, 1:4]
    sobel = torch.tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]])
    torch.testing.assert_close(dx, sobel)
    torch.testing.assert_close(dy, sobel.T)
    torch.testing.assert_close(
        laplacian, torch.tensor([[1.0, 2.0, 1.0], [2.0, -6.0, 2.0], [1.0, 2.0, 1.0]])
    )


def test_percepts_come_in_blocks_over_all_channels():
    ramps = torch.stack([torch.arange(6.0).expand(6, 6), 3 * torch.arange(6.0).expand(6, 6)])
    percepts = Sobel(2)(ramps[None])[0, :, 3, 3]
    torch.testing.assert_close(percepts[:6], torch.tensor([3.0, 9.0, 1.0, 3.0, 0.0, 0.0]))


def test_a_torus_sees_across_the_border_and_zeros_do_not():
    edge = torch.zeros(1, 1, 4, 4)
    edge[..., 0] = 8.0  # the left column
    torus, zeros = Sobel(1)(edge), Sobel(1, padding="zeros")(edge)
    torch.testing.assert_close(torus[0, 1, 1, 3], torch.tensor(4.0))  # right column: wraps
    torch.testing.assert_close(zeros[0, 1, 1, 3], torch.tensor(0.0))


def test_has_no_weights():
    assert list(Sobel(3).parameters()) == []


def test_wrong_channels_are_named_in_the_message():
    said = "Sobel was built for 4 channels, but the state (1, 3, 8, 8) has 3"
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        Sobel(4)(torch.zeros(1, 3, 8, 8))
