import pytest
import torch

from ncabench.nca.losses.autocorrelation import autocorrelation, autocorrelation_loss


@pytest.fixture
def maps():
    return torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))


def by_hand(maps):
    """Products with the maps moved on a torus, one distance after another."""
    centred = maps - maps.mean(dim=(2, 3), keepdim=True)
    rows = [
        [
            (centred * centred.roll((down, across), dims=(2, 3))).sum(dim=(1, 2, 3))
            for across in range(5)
        ]
        for down in range(4)
    ]
    products = torch.stack([torch.stack(row, dim=-1) for row in rows], dim=1)  # (B, 4, 5)
    return products / products[:, :1, :1]


def test_it_is_what_maps_are_to_themselves_at_every_distance(maps):
    torch.testing.assert_close(autocorrelation(maps), by_hand(maps))


def test_the_loss_is_the_mean_distance_but_for_the_unmoved(maps):
    other = maps.flip(0)
    apart = (by_hand(maps) - by_hand(other)).abs().sum(dim=(1, 2)) / 19
    torch.testing.assert_close(autocorrelation_loss(maps, other), apart)


def test_neither_place_nor_brightness_nor_contrast_counts(maps):
    moved = 2 * maps.roll((1, 3), dims=(2, 3)) + 7
    loss = autocorrelation_loss(maps, moved)
    torch.testing.assert_close(loss, torch.zeros(2), rtol=0, atol=1e-5)


def test_even_maps_are_alike_and_have_gradients():
    even = torch.ones(1, 2, 4, 4, requires_grad=True)
    loss = autocorrelation_loss(even, torch.zeros(1, 2, 4, 4)).sum()
    loss.backward()
    assert float(loss.detach()) == 0
    assert bool(even.grad.isfinite().all())


def test_maps_of_other_sizes_are_refused(maps):
    said = (
        r"^maps must be of equal number and size, and of more than one cell, "
        r"not \(2, 3, 4, 5\) and \(2, 3, 4, 4\)$"
    )
    with pytest.raises(ValueError, match=said):
        autocorrelation_loss(maps, maps[..., :4])
