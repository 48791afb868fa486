import numpy as np
import pytest
import torch

from ncabench.nca.losses.relaxed_transport import chosen, moments, relaxed_transport


@pytest.fixture
def sets():
    chance = torch.Generator().manual_seed(0)
    return torch.randn(2, 3, 4, generator=chance), torch.randn(2, 3, 6, generator=chance)


def cosine(one, other):
    return float(one @ other / one.norm() / other.norm())


def test_each_feature_goes_to_the_nearest_and_the_dearer_way_counts(sets):
    found = relaxed_transport(*sets)
    for sample, (seen, wanted) in enumerate(zip(*sets, strict=True)):
        far = [[1 - cosine(one, other) for other in wanted.T] for one in seen.T]
        there = np.mean([min(row) for row in far])
        back = np.mean([min(column) for column in zip(*far, strict=True)])
        assert found[sample].item() == pytest.approx(max(there, back), rel=1e-4)


def test_either_way_may_be_the_dearer(sets):
    seen, wanted = sets
    torch.testing.assert_close(relaxed_transport(seen, wanted), relaxed_transport(wanted, seen))


def test_length_and_order_of_features_do_not_count(sets):
    _, wanted = sets
    moved = 3 * wanted[:, :, [4, 0, 5, 2, 1, 3]]
    torch.testing.assert_close(
        relaxed_transport(moved, wanted), torch.zeros(2), rtol=0, atol=1e-6
    )


def test_moments_are_means_and_covariances(sets):
    found = moments(*sets)
    for sample, pair in enumerate(zip(*sets, strict=True)):
        means = [one.mean(dim=1).numpy() for one in pair]
        spreads = [np.cov(one.numpy()) for one in pair]
        expected = abs(means[0] - means[1]).mean() + abs(spreads[0] - spreads[1]).mean()
        assert found[sample].item() == pytest.approx(expected, rel=1e-4)


def test_cells_are_counted_row_by_row():
    maps = torch.arange(24.0).view(1, 2, 3, 4)
    found = chosen(maps, torch.tensor([5, 0, 11]))
    assert found.tolist() == [[[5.0, 0.0, 11.0], [17.0, 12.0, 23.0]]]


@pytest.mark.parametrize("loss", [relaxed_transport, moments])
def test_sets_of_other_features_are_refused(loss):
    said = r"^sets must be of equal samples and features, not \(1, 3, 5\) and \(1, 2, 5\)$"
    with pytest.raises(ValueError, match=said):
        loss(torch.zeros(1, 3, 5), torch.zeros(1, 2, 5))
