import pytest

from ncabench.nca.corruption.curriculum import blur_side_px, noise_share


def test_of_20_epochs_noise_meets_a_quarter_at_first_and_three_quarters_from_the_fifteenth():
    shares = [noise_share(epoch, epochs=20) for epoch in range(20)]
    growing = [0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7]
    assert shares == pytest.approx([0.25] * 6 + growing + [0.75] * 5)


def test_of_20_epochs_kernels_grow_from_4_to_10_pixels():
    sides = [blur_side_px(epoch, epochs=20) for epoch in range(20)]
    assert sides == [4] * 7 + [5, 6, 6, 7, 8, 9, 9] + [10] * 6


@pytest.mark.parametrize("strength", [noise_share, blur_side_px])
@pytest.mark.parametrize("epoch", [-1, 10])
def test_other_epochs_are_refused(strength, epoch):
    with pytest.raises(ValueError) as caught:
        strength(epoch, epochs=10)
    assert str(caught.value) == f"epoch must be from 0 to 9, not {epoch}"
