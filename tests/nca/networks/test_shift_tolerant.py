import torch

from ncabench.nca.networks.shift_tolerant import BlurPool


def test_a_ramp_stays_a_ramp_away_from_the_border():
    ramp = torch.arange(9.0).expand(1, 2, 9, 9)
    wanted = torch.arange(1.0, 9.0, 2.0)[None, None, None, 1:-1].expand(1, 2, 4, 2)
    found = BlurPool(2)(ramp)
    assert found.shape == (1, 2, 6, 6)
    torch.testing.assert_close(found[..., 1:5, 2:4], wanted)


def test_an_impulse_leaves_the_binomial_weights():
    impulse = torch.zeros(1, 1, 9, 9)
    impulse[..., 4, 5] = 16.0  # between two samples of a row, on a sample of a column
    wanted = torch.zeros(6, 6)
    wanted[2:4, 3] = 2.0
    torch.testing.assert_close(BlurPool(1)(impulse)[0, 0], wanted)
