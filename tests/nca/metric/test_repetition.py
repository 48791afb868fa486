"""Autocorrelations of images, and correlations between their channels, by hand."""

import numpy as np
import pytest
import torch

from ncabench.nca.metric.autocorrelation import Autocorrelation
from ncabench.nca.metric.channel_correlation import ChannelCorrelation


@pytest.fixture
def drawn():
    return torch.rand(2, 3, 6, 5, generator=torch.Generator().manual_seed(4))


def test_an_image_that_is_moved_or_brighter_repeats_all_the_same(drawn):
    moved = 2 * drawn.roll((2, 1), dims=(2, 3)) + 3
    torch.testing.assert_close(
        Autocorrelation()(moved, drawn), torch.zeros(2), atol=1e-5, rtol=0
    )


def test_another_period_is_further_off_than_none():
    stripes = torch.tensor([0.0, 1.0]).repeat(4).expand(1, 1, 8, 8)
    noise = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    one, other = (
        float(Autocorrelation()(image, stripes)) for image in (stripes + noise, noise)
    )
    assert 0 < one < other


def test_correlations_are_those_of_numpy(drawn):
    images, targets = drawn[:1], drawn[1:]
    pairs = [(0, 1), (0, 2), (1, 2)]
    tables = [np.corrcoef(one[0].flatten(1).double().numpy()) for one in (images, targets)]
    expected = np.mean([abs(tables[0][pair] - tables[1][pair]) for pair in pairs])
    assert float(ChannelCorrelation()(images, targets)) == pytest.approx(expected, rel=1e-5)


def test_maps_that_are_moved_together_go_together_and_one_alone_does_not(drawn):
    metric = ChannelCorrelation()
    together = drawn.roll(2, dims=3)
    alone = torch.cat([drawn[:, :1].roll(2, dims=3), drawn[:, 1:]], dim=1)
    torch.testing.assert_close(metric(together, drawn), torch.zeros(2), atol=1e-6, rtol=0)
    assert (metric(alone, drawn) > 0.01).all()


def test_an_even_channel_goes_with_none():
    even = torch.cat([torch.ones(1, 1, 2, 2), torch.rand(1, 1, 2, 2)], dim=1)
    assert float(ChannelCorrelation()(even, even)) == 0


def test_one_channel_alone_is_refused():
    one = torch.zeros(1, 1, 2, 2)
    with pytest.raises(
        ValueError, match=r"^correlations are of two channels or more, not of 1$"
    ):
        ChannelCorrelation()(one, one)
