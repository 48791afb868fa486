import pytest
import torch

from ncabench.nca.corruption.masked_noise import masked_noise
from ncabench.nca.draws import Draws

SAMPLES = torch.arange(4)


def noisy(image, share=0.5, **given):
    return masked_noise(
        image, **{"share": share, "samples": SAMPLES, "draws": Draws(3), **given}
    )


def grey(value=0.5, side=64):
    return torch.full((4, 3, side, side), value)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_so_many_pixels_are_met_by_noise_of_that_deviation(share):
    change = (noisy(grey(), share, deviation=0.1) - 0.5)[:, 0]
    met = change != 0
    assert float(met.float().mean()) == pytest.approx(share, abs=0.015)  # 4 sd of 16,384 pixels
    assert float(change[met].std()) == pytest.approx(0.1, rel=0.05)
    assert abs(float(change[met].mean())) < 0.006


def test_the_noise_is_0_2_and_the_same_in_all_channels_until_it_is_cut_off():
    image = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    chance = Draws(3).uniform("corruption/mask", samples=SAMPLES, cells=64)
    noise = Draws(3).normal("corruption/noise", samples=SAMPLES, cells=64)
    added = (0.2 * noise * (chance < 0.5)).view(4, 1, 8, 8)
    torch.testing.assert_close(noisy(image), (image + added).clip(0, 1))
    assert bool((image + added < 0).any())
    assert bool((image + added > 1).any())


def test_no_share_is_no_noise_and_one_is_noise_everywhere():
    assert torch.equal(noisy(grey(), 0.0), grey())
    assert bool((noisy(grey(), 1.0) != grey()).all())


def test_noise_depends_on_the_images_number_and_the_repetition_and_on_no_other():
    both, image = noisy(grey()), grey()[:1]
    alone = noisy(image, samples=torch.tensor([2]))
    assert torch.equal(both[2:3], alone)
    assert not torch.equal(both[1:2], alone)
    assert not torch.equal(noisy(image, samples=torch.tensor([2]), index=1), alone)
    assert not torch.equal(noisy(image, samples=torch.tensor([2]), purpose="test"), alone)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"share": 1.5}, "share must be from 0 to 1, not 1.5"),
        ({"share": -0.5}, "share must be from 0 to 1, not -0.5"),
        ({"deviation": -1.0}, "deviation must be at least 0, not -1.0"),
    ],
)
def test_what_is_no_noise_is_refused(given, message):
    with pytest.raises(ValueError) as caught:
        noisy(grey(), **given)
    assert str(caught.value) == message


def test_each_image_may_have_a_share_of_its_own():
    shares = torch.tensor([0.0, 0.25, 0.75, 1.0])
    found = noisy(grey(), shares)
    for row, share in enumerate(shares.tolist()):
        assert torch.equal(found[row], noisy(grey(), share)[row])
